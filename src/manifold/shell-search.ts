import { Batch } from '../arrays/batch.ts';
import { Random } from '../random/random.ts';
import { bisectTowardsStart } from './bisect-ray.ts';
import { answersOther } from './class-change.ts';
import type { LatentHits, LatentSearch, NaturalContext } from './natural-adversary.ts';

/** Settings that both black-box searches share. */
export interface ShellSearchSettings {
  /** `iterative`: shells from the start outwards. `hybrid`: halving radii first, then shells inwards. */
  readonly algorithm: 'iterative' | 'hybrid';
  /** Latent vectors drawn in each shell. */
  readonly candidates: number;
  /** Thickness of a shell. */
  readonly radiusStep: number;
  /** No latent vector farther from the start is looked at. */
  readonly radiusCap: number;
  /** Most times that the model is asked about a sample. */
  readonly queryBudget: number;
  /** Whether the hit is moved back along its ray at the end, 12 queries. */
  readonly refined: boolean;
}

/** What the paper took 5000 candidates for: a fiftieth of it, and an end. */
export const usualShellSearch: ShellSearchSettings = {
  algorithm: 'hybrid',
  candidates: 100,
  radiusStep: 0.01,
  radiusCap: 10,
  queryBudget: 5000,
  refined: true,
};

/** Rounds without a hit after which the hybrid search ends, B in the paper. */
const patience = 5;

/** Below this radius shells are not worth drawing. */
const smallestRadius = 1e-4;

/**
 * The black-box searches of Zhao, Dua and Singh (2017, algorithms 1 and 2), which ask the model for
 * answers only, with a cap on the radius and on the queries that the paper does not have. In many
 * dimensions a random search reports about twice the smallest distance, and distances are comparable
 * only for equal dimensions, candidates and steps.
 */
export function shellSearch(settings: ShellSearchSettings = usualShellSearch): LatentSearch {
  return {
    name: settings.algorithm,
    label: `natural adversary, ${settings.algorithm} search, ${settings.candidates} candidates`,
    settings: { ...settings },
    run: (starts, context) => searchAll(starts, context, settings),
  };
}

async function searchAll(
  starts: Batch,
  context: NaturalContext,
  settings: ShellSearchSettings,
): Promise<LatentHits> {
  const latents = starts.clone();
  const queries = new Int32Array(starts.count);
  const found: number[] = [];
  for (let row = 0; row < starts.count; row++) {
    context.signal?.throwIfAborted();
    const search = new ShellSearch(starts.slice(row, row + 1), row, context, settings);
    const hit = await (settings.algorithm === 'iterative' ? search.iterative() : search.hybrid());
    queries[row] = search.queries;
    if (hit !== undefined) {
      latents.row(row).set(hit.latent);
      found.push(row);
    }
    context.onProgress?.((row + 1) / starts.count);
  }
  if (!settings.refined) return { latents, queries };
  for (const row of found) queries[row] = (queries[row] as number) + 12;
  return { latents: await bisectTowardsStart(starts, latents, found, context), queries };
}

interface Hit {
  readonly latent: Float32Array;
  readonly radius: number;
}

/** The search of one sample. */
class ShellSearch {
  readonly #start: Batch;
  readonly #context: NaturalContext;
  readonly #settings: ShellSearchSettings;
  readonly #label: number;
  readonly #random: Random;
  /** Times that the model was asked. */
  queries = 0;

  constructor(start: Batch, row: number, context: NaturalContext, settings: ShellSearchSettings) {
    this.#start = start;
    this.#context = context;
    this.#settings = settings;
    this.#label = context.labels[row] as number;
    const sample = context.sampleIndices[row] as number;
    this.#random = new Random(context.seed, ['natural-adversary', settings.algorithm, sample]);
  }

  /** Algorithm 1: shells of equal thickness outwards until one has a hit; the nearest of it. */
  async iterative(): Promise<Hit | undefined> {
    const { radiusStep, radiusCap } = this.#settings;
    for (let shell = 0; shell * radiusStep < radiusCap; shell++) {
      if (this.#isSpent()) return undefined;
      const lower = shell * radiusStep;
      const hit = await this.#draw(lower, Math.min(lower + radiusStep, radiusCap));
      if (hit !== undefined) return hit;
    }
    return undefined;
  }

  /** Algorithm 2: a wide shell that halves towards where hits are, then thin shells inwards. */
  async hybrid(): Promise<Hit | undefined> {
    const { radiusStep, radiusCap } = this.#settings;
    let best: Hit | undefined;
    let [lower, upper] = [0, radiusCap];
    for (let misses = 0; misses <= patience && upper - lower >= radiusStep;) {
      if (this.#isSpent()) return best;
      const hit = await this.#draw(lower, upper);
      if (hit === undefined) {
        lower = (lower + upper) / 2;
        continue;
      }
      if (best === undefined || hit.radius < best.radius) {
        best = hit;
        [lower, upper] = [hit.radius / 2, hit.radius];
        misses = 1;
      } else {
        upper = (lower + upper) / 2;
        misses += 1;
      }
    }
    return best === undefined ? undefined : await this.#inwards(best);
  }

  /** Thin shells from a hit towards the start. */
  async #inwards(first: Hit): Promise<Hit> {
    const { radiusStep } = this.#settings;
    let best = first;
    let upper = best.radius;
    for (let misses = 0; misses <= patience && upper > smallestRadius && !this.#isSpent();) {
      const hit = await this.#draw(Math.max(0, upper - radiusStep), upper);
      if (hit === undefined) {
        misses += 1;
      } else {
        best = hit;
        misses = 1;
      }
      upper = Math.min(best.radius, upper - (hit === undefined ? radiusStep : 0));
    }
    return best;
  }

  /** The nearest of the candidates of a shell that changes the answer. */
  async #draw(lower: number, upper: number): Promise<Hit | undefined> {
    const { candidates } = this.#settings;
    const { manifold, classifier } = this.#context;
    const [start] = [this.#start.row(0)];
    const latents = Batch.zeros(candidates, this.#start.shape);
    const radii = Array.from({ length: candidates }, (_, index) => {
      const radius = this.#random.uniform(lower, upper);
      drawAtRadius(start, radius, this.#random, latents.row(index));
      return radius;
    });
    const logits = await classifier.logits(await manifold.decode(latents));
    this.queries += candidates;
    let best: Hit | undefined;
    radii.forEach((radius, index) => {
      const isNearer = best === undefined || radius < best.radius;
      if (isNearer && answersOther(logits.row(index), this.#label)) {
        best = { latent: latents.row(index), radius };
      }
    });
    return best;
  }

  #isSpent(): boolean {
    const { candidates, queryBudget, refined } = this.#settings;
    return this.queries + candidates + (refined ? 12 : 0) > queryBudget;
  }
}

/** Writes start + radius·δ/‖δ‖ with δ ~ N(0, I): a random direction. */
function drawAtRadius(
  start: Float32Array,
  radius: number,
  random: Random,
  result: Float32Array,
): void {
  let squares = 0;
  for (let i = 0; i < result.length; i++) {
    const value = random.normal();
    result[i] = value;
    squares += value * value;
  }
  const factor = radius / Math.sqrt(squares);
  for (let i = 0; i < result.length; i++) {
    result[i] = (start[i] as number) + factor * (result[i] as number);
  }
}
