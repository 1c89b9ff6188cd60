import type { Batch } from '../arrays/batch.ts';
import {
  type FilterBounds,
  medianFilter,
  reduceBitDepth,
  stretch,
  threshold,
} from './input-filters.ts';
import type { Manifold } from './manifold.ts';
import { type RefinementSettings, refineLatents, usualRefinement } from './refine-latents.ts';
import { counted } from '../wording/counted.ts';

/** A way to repair an input before it is classified. */
export interface Correction {
  /** Stable name, for example `reconstruction`. */
  readonly name: CorrectionName;
  /** For people, with settings. */
  readonly label: string;
  /** Whether a manifold does it, or nothing but arithmetic. */
  readonly kind: 'manifold' | 'model-free';
  /** Returns what is classified in place of the inputs; never writes to them. */
  apply(inputs: Batch): Promise<Batch>;
}

export type CorrectionName =
  | 'reconstruction'
  | 'refined-reconstruction'
  | 'threshold'
  | 'squeeze'
  | 'bit-depth'
  | 'median-filter';

/** G(I(x)) in one pass, and refined by a few gradient steps on z. */
export function manifoldCorrections(
  manifold: Manifold,
  refinement: RefinementSettings = usualRefinement,
): Correction[] {
  return [
    {
      name: 'reconstruction',
      label: 'reconstruction G(I(x))',
      kind: 'manifold',
      apply: inputs => manifold.reconstruct(inputs),
    },
    {
      name: 'refined-reconstruction',
      label: `reconstruction, ${counted(refinement.steps, 'step')} on z`,
      kind: 'manifold',
      apply: async inputs => {
        const latents = await manifold.encode(inputs);
        return await manifold.decode(await refineLatents(manifold, latents, inputs, refinement));
      },
    },
  ];
}

/** The corrections that need no model and make sense for samples of this shape. */
export function modelFreeCorrections(shape: readonly number[], bounds: FilterBounds): Correction[] {
  if (shape.length < 2) return [];
  const filters: readonly [CorrectionName, string, (inputs: Batch) => Batch][] = [
    ['threshold', 'threshold at the middle', inputs => threshold(inputs, bounds)],
    ['squeeze', 'squeeze of the middle', inputs => stretch(inputs, bounds)],
    ['bit-depth', 'bit depth of 3', inputs => reduceBitDepth(inputs, bounds, 3)],
    ['median-filter', 'median filter 3×3', inputs => medianFilter(inputs, 3)],
  ];
  return filters.map(([name, label, filter]) => ({
    name,
    label,
    kind: 'model-free',
    apply: inputs => Promise.resolve(filter(inputs)),
  }));
}
