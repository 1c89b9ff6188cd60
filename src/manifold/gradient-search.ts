import type { Batch } from '../arrays/batch.ts';
import { negativeMargin } from '../model/losses.ts';
import { bisectTowardsStart } from './bisect-ray.ts';
import { answersOther, distance } from './class-change.ts';
import type { LatentHits, LatentSearch, NaturalContext } from './natural-adversary.ts';
import { counted } from '../wording/counted.ts';

export interface GradientSearchSettings {
  readonly steps: number;
  /** Radius of the first step in the latent space. */
  readonly firstRadius: number;
  /** γ: share by which the radius grows or shrinks at each step. */
  readonly radiusChange: number;
  /** No latent vector farther from the start is looked at. */
  readonly radiusCap: number;
}

export const usualGradientSearch: GradientSearchSettings = {
  steps: 60,
  firstRadius: 1,
  radiusChange: 0.05,
  radiusCap: 10,
};

/**
 * Search for natural adversaries by the gradient of f∘G, for differentiable models: decoupled
 * direction and norm (Rony et al. 2019) in the latent space, which needs no box there. The direction
 * follows the gradient of the margin; the radius shrinks while the answer is changed and grows while
 * it is not. What was found nearest is then moved back along its ray. For a linear generator and
 * classifier it ends at the exact distance m / ‖Aᵀw‖.
 */
export function gradientSearch(
  settings: GradientSearchSettings = usualGradientSearch,
): LatentSearch {
  return {
    name: 'gradient',
    label: `natural adversary, gradient search, ${counted(settings.steps, 'step')}`,
    settings: { ...settings },
    run: (starts, context) => new GradientSearch(starts, context, settings).run(),
  };
}

class GradientSearch {
  readonly #starts: Batch;
  readonly #context: NaturalContext;
  readonly #settings: GradientSearchSettings;
  readonly #current: Batch;
  readonly #best: Batch;
  readonly #bestRadii: Float64Array;
  readonly #radii: Float64Array;

  constructor(starts: Batch, context: NaturalContext, settings: GradientSearchSettings) {
    this.#starts = starts;
    this.#context = context;
    this.#settings = settings;
    this.#current = starts.clone();
    this.#best = starts.clone();
    this.#bestRadii = new Float64Array(starts.count).fill(Infinity);
    this.#radii = new Float64Array(starts.count).fill(settings.firstRadius);
  }

  async run(): Promise<LatentHits> {
    const { steps } = this.#settings;
    for (let step = 0; step < steps; step++) {
      this.#context.signal?.throwIfAborted();
      await this.#step(step);
      this.#context.onProgress?.((step + 1) / (steps + 1));
    }
    // The last step has not been looked at yet.
    this.#keepBest(await this.#logits());
    const found = [...this.#bestRadii.keys()].filter(row => Number.isFinite(this.#bestRadii[row]));
    const latents = await bisectTowardsStart(this.#starts, this.#best, found, this.#context);
    const queries = new Int32Array(this.#starts.count).fill(steps + 1);
    for (const row of found) queries[row] = steps + 1 + 12;
    return { latents, queries };
  }

  async #step(step: number): Promise<void> {
    const { classifier, manifold, labels } = this.#context;
    const samples = await manifold.decode(this.#current);
    const oneHot = oneHotRows(labels, classifier.classCount);
    const { logits, gradient } = await classifier.lossGradient(negativeMargin, samples, [oneHot]);
    const changed = this.#keepBest(logits);
    const pulled = await manifold.pullBackDecode(this.#current, gradient);
    const { steps, radiusChange, radiusCap } = this.#settings;
    const length = annealed(step / steps);
    for (let row = 0; row < this.#current.count; row++) {
      const slope = pulled.gradient.row(row);
      const norm = Math.hypot(...slope);
      const latent = this.#current.row(row);
      const start = this.#starts.row(row);
      if (norm > 0) {
        for (let i = 0; i < latent.length; i++) {
          latent[i] = (latent[i] as number) + (length * (slope[i] as number)) / norm;
        }
      }
      const radius =
        (this.#radii[row] as number) *
        (changed[row] === true ? 1 - radiusChange : 1 + radiusChange);
      this.#radii[row] = Math.min(radius, radiusCap);
      putAtRadius(latent, start, this.#radii[row] as number);
    }
  }

  async #logits(): Promise<Batch> {
    const { classifier, manifold } = this.#context;
    return await classifier.logits(await manifold.decode(this.#current));
  }

  /** Remembers the nearest hits. @returns which rows are hits now */
  #keepBest(logits: Batch): boolean[] {
    return Array.from({ length: logits.count }, (_, row) => {
      if (!answersOther(logits.row(row), this.#context.labels[row] as number)) return false;
      const radius = distance(this.#current.row(row), this.#starts.row(row));
      if (radius < (this.#bestRadii[row] as number)) {
        this.#bestRadii[row] = radius;
        this.#best.row(row).set(this.#current.row(row));
      }
      return true;
    });
  }
}

/** Length of a step: a cosine from 1 to 0.01. */
function annealed(share: number): number {
  return 0.01 + (0.99 * (1 + Math.cos(Math.PI * share))) / 2;
}

/** Puts a latent vector at a distance from its start, in the direction where it is. */
function putAtRadius(latent: Float32Array, start: Float32Array, radius: number): void {
  const now = distance(latent, start);
  if (now === 0) return;
  for (let i = 0; i < latent.length; i++) {
    const origin = start[i] as number;
    latent[i] = origin + (((latent[i] as number) - origin) * radius) / now;
  }
}

function oneHotRows(labels: Int32Array, classCount: number): Float32Array {
  const rows = new Float32Array(labels.length * classCount);
  labels.forEach((label, row) => (rows[row * classCount + label] = 1));
  return rows;
}
