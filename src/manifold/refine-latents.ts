import type { Batch } from '../arrays/batch.ts';
import type { Manifold } from './manifold.ts';

/** Settings of {@link refineLatents}. */
export interface RefinementSettings {
  /** Gradient steps. Five to ten pay where the inverter is inexact; 0 leaves the latents as they are. */
  readonly steps: number;
  /** Length of a step, in deviations of the latent dimension. */
  readonly rate: number;
}

export const usualRefinement: RefinementSettings = { steps: 5, rate: 0.1 };

const meanDecay = 0.9;
const squareDecay = 0.999;

/**
 * Moves latent vectors so that they decode to something nearer to the inputs: steps of Adam down
 * ‖S(G(z)) − S(x)‖², each sample for itself. What Defense-GAN (Samangouei et al. 2018) does from
 * random starts, here from the inverter's answer.
 *
 * @param latents where to begin, I(x); not written to
 */
export async function refineLatents(
  manifold: Manifold,
  latents: Batch,
  inputs: Batch,
  { steps, rate }: RefinementSettings = usualRefinement,
): Promise<Batch> {
  const refined = latents.clone();
  const { values } = refined;
  const means = new Float64Array(values.length);
  const squares = new Float64Array(values.length);
  for (let step = 1; step <= steps; step++) {
    const { gradient } = await manifold.misfit(refined, inputs);
    for (let i = 0; i < values.length; i++) {
      const slope = gradient.values[i] as number;
      const deviation = manifold.latentDeviations[i % manifold.latentSize] ?? 1;
      const mean = meanDecay * (means[i] as number) + (1 - meanDecay) * slope;
      const square = squareDecay * (squares[i] as number) + (1 - squareDecay) * slope * slope;
      means[i] = mean;
      squares[i] = square;
      const length = mean / (1 - meanDecay ** step);
      const root = Math.sqrt(square / (1 - squareDecay ** step)) + 1e-8;
      values[i] = (values[i] as number) - (rate * deviation * length) / root;
    }
  }
  return refined;
}
