import { Batch } from '../arrays/batch.ts';
import type { Engine } from '../engine/engine.ts';
import { createNetworks } from './create-networks.ts';
import { imageScale, tableScale, toNetworkUnits, type DataScale } from './data-scale.ts';
import { manifoldKey } from './manifold-key.ts';
import type { ManifoldStore } from './manifold-store.ts';
import { chooseSizes, type NetworkSizes, type SizeWishes } from './network-sizes.ts';
import { openManifold } from './open-manifold.ts';
import { randomLatents } from './random-latents.ts';
import { type InverterInput, oneLoopRecipe, type Recipe, studyRecipe } from './recipe.ts';
import { squeezeValue } from './squeeze.ts';
import { type TrainingInputs, trainManifold, type TrainingLimits } from './train-manifold.ts';
import type { ManifoldRecord, TrainedManifold } from './trained-manifold.ts';
import { splitForTraining, type TrainingSplit } from './training-split.ts';
import { initialState, type TrainingPoint, type TrainingState } from './training-state.ts';

/** A data set without labels, and what identifies it. */
export interface UnlabelledData extends TrainingInputs {
  /** Shape of one sample. */
  readonly shape: readonly number[];
  readonly fingerprint: string;
}

/** How a manifold is to be learned. Left out: what suits the data. */
export interface LearningSettings extends SizeWishes {
  /**
   * `one-loop`: all networks learn together, see `recipe.ts`. `study`: the founding study's plain
   * objective, which takes the inverter's input as it is.
   */
  readonly recipe?: 'one-loop' | 'study';
  /** What the inverter sees, with `one-loop`; chosen by the data when it is left out. */
  readonly inverterInput?: InverterInput;
  /** Most steps of 64 samples; 3000 when it is left out. */
  readonly steps?: number;
}

/** How a training is going. */
export interface LearningProgress {
  readonly step: number;
  readonly steps: number;
  /** Estimate of what is left at most, from the steps of this run; undefined at its beginning. */
  readonly secondsLeft: number | undefined;
  /** All evaluations so far, those before an interruption too. */
  readonly history: readonly TrainingPoint[];
  /** Held-out samples and their reconstructions in turn, input units; with a new evaluation only. */
  readonly reconstructions: Batch | undefined;
  /** Samples of random latent vectors; with a new evaluation only. */
  readonly samples: Batch | undefined;
}

export interface LearningOptions {
  readonly engine: Engine;
  readonly data: UnlabelledData;
  readonly bounds: DataScale['bounds'];
  readonly settings: LearningSettings;
  readonly seed: number;
  readonly store: ManifoldStore;
  readonly onProgress?: (progress: LearningProgress) => void;
  readonly signal?: AbortSignal;
}

const usualSteps = 3000;
const patience = 10;

/** Images whose squeeze moves the mean pixel by less than this are called black and white. */
const blackAndWhite = 0.05;

/** What is decided before a training begins. */
export interface LearningPlan {
  readonly key: string;
  readonly sizes: NetworkSizes;
  readonly recipe: Recipe;
  readonly limits: TrainingLimits;
  readonly scale: DataScale;
  readonly split: TrainingSplit;
}

/**
 * Decides sizes, recipe and split. What the inverter sees is chosen on the held-out samples: a squeeze
 * where it leaves them as they are, noise alone elsewhere.
 *
 * @throws ManifoldError when the data cannot be learned
 */
export async function planLearning({
  data,
  bounds,
  settings,
  seed,
}: Pick<LearningOptions, 'data' | 'bounds' | 'settings' | 'seed'>): Promise<LearningPlan> {
  const sizes = chooseSizes(data.shape, settings);
  const split = splitForTraining(data.count, seed, studyRecipe.batchSize);
  const heldOut = await data.read(split.heldOut);
  const scale = sizes.kind === 'image' ? imageScale(bounds) : tableScale(heldOut, bounds);
  const recipe =
    settings.recipe === 'study'
      ? studyRecipe
      : oneLoopRecipe(settings.inverterInput ?? chooseInverterInput(heldOut, scale, sizes));
  const limits = { steps: settings.steps ?? usualSteps, patience };
  const key = manifoldKey({ data: data.fingerprint, bounds, sizes, recipe, limits, seed });
  return { key, sizes, recipe, limits, scale, split };
}

function chooseInverterInput(heldOut: Batch, scale: DataScale, sizes: NetworkSizes): InverterInput {
  if (sizes.kind === 'table') return 'noise';
  const { values } = toNetworkUnits(heldOut, scale, heldOut.shape);
  let moved = 0;
  for (const value of values) moved += Math.abs(squeezeValue(value) - value);
  return moved / values.length < blackAndWhite ? 'noise-and-squeeze' : 'noise';
}

/**
 * Trains a manifold of the data, or returns the one that the store has: it goes on from a checkpoint
 * after an interruption, and ends with the weights of the smallest held-out error.
 *
 * @returns undefined when the signal was raised; the next call goes on from the last evaluation
 * @throws ManifoldError, DataError
 */
export async function learnManifold(
  options: LearningOptions,
): Promise<TrainedManifold | undefined> {
  const { engine, data, seed, store, signal } = options;
  const plan = await planLearning(options);
  const kept = await store.load(plan.key);
  if (kept !== undefined) return kept;

  const networks = createNetworks(plan.sizes);
  const start = (await store.loadCheckpoint(plan.key, networks)) ?? initialState(networks, seed);
  const observer = new LearningObserver(options, plan, start);
  observer.report(start.step);
  const end = await trainManifold({
    engine,
    networks,
    recipe: plan.recipe,
    scale: plan.scale,
    inputs: data,
    split: plan.split,
    seed,
    limits: plan.limits,
    start,
    onStep: step => observer.report(step),
    onEvaluation: async state => {
      await store.saveCheckpoint(plan.key, networks, state);
      await observer.show(state);
    },
    ...(signal === undefined ? {} : { signal }),
  });
  if (signal?.aborted === true) return undefined;
  const trained = await describeTrained(options, plan, end);
  await store.save(trained);
  return trained;
}

/** Tells the caller how it goes, and shows pictures at each evaluation. */
class LearningObserver {
  readonly #options: LearningOptions;
  readonly #plan: LearningPlan;
  readonly #firstStep: number;
  readonly #began = performance.now();
  #history: readonly TrainingPoint[];

  constructor(options: LearningOptions, plan: LearningPlan, start: TrainingState) {
    this.#options = options;
    this.#plan = plan;
    this.#firstStep = start.step;
    this.#history = start.history;
  }

  report(step: number, pictures?: { reconstructions: Batch; samples: Batch }): void {
    const { steps } = this.#plan.limits;
    const done = step - this.#firstStep;
    const seconds = (performance.now() - this.#began) / 1000;
    this.#options.onProgress?.({
      step,
      steps,
      secondsLeft: done < 10 ? undefined : (seconds / done) * (steps - step),
      history: this.#history,
      reconstructions: pictures?.reconstructions,
      samples: pictures?.samples,
    });
  }

  async show(state: TrainingState): Promise<void> {
    this.#history = state.history;
    if (this.#options.onProgress === undefined) return;
    const manifold = openManifold(
      this.#options.engine,
      trainedFrom(this.#options, this.#plan, state, state.averages),
    );
    try {
      const shown = await this.#options.data.read(this.#plan.split.heldOut.slice(0, picturesShown));
      const reconstructed = await manifold.reconstruct(shown);
      const pairs = Array.from({ length: shown.count }, (_, row) => [
        shown.slice(row, row + 1),
        reconstructed.slice(row, row + 1),
      ]).flat();
      this.report(state.step, {
        reconstructions: Batch.concat(pairs, shown.shape),
        samples: await manifold.decode(
          randomLatents(manifold.latentSize, picturesShown, this.#options.seed),
        ),
      });
    } finally {
      manifold.dispose();
    }
  }
}

const picturesShown = 8;

/** The trained manifold with everything that is measured of it at the end. */
async function describeTrained(
  options: LearningOptions,
  plan: LearningPlan,
  end: TrainingState,
): Promise<TrainedManifold> {
  const trained = trainedFrom(options, plan, end, end.best);
  const heldOut = await options.data.read(plan.split.heldOut);
  const manifold = openManifold(options.engine, trained);
  try {
    const latents = await manifold.encode(heldOut);
    const record: ManifoldRecord = {
      ...trained.record,
      errorOfMean: errorOfMean(toNetworkUnits(heldOut, plan.scale, heldOut.shape)),
      latentDeviations: deviationsOf(latents),
    };
    return { ...trained, record };
  } finally {
    manifold.dispose();
  }
}

function trainedFrom(
  { data, seed, engine }: LearningOptions,
  { key, sizes, scale, recipe, split }: LearningPlan,
  { networks, history, step, seconds }: TrainingState,
  { generator, inverter }: TrainingState['averages'],
): TrainedManifold {
  return {
    record: {
      version: 1,
      key,
      inputShape: data.shape,
      sizes,
      scale,
      recipe,
      seed,
      data: data.fingerprint,
      samples: { training: split.training.length, heldOut: split.heldOut.length },
      steps: step,
      seconds,
      heldOutError: Math.min(...history.map(({ heldOutError }) => heldOutError)),
      errorOfMean: NaN,
      latentDeviations: Array.from({ length: sizes.latentSize }, () => 1),
      history,
      engine: engine.version,
    },
    weights: { generator, inverter, critic: networks.critic.weights },
  };
}

/** Mean ‖m − x‖² where m is the mean of all samples: what a manifold of one point would reach. */
function errorOfMean(samples: Batch): number {
  return deviationsOf(samples).reduce((sum, deviation) => sum + deviation ** 2, 0);
}

/** Standard deviation of each number over the samples. */
function deviationsOf(samples: Batch): number[] {
  const { count, sampleSize } = samples;
  return Array.from({ length: sampleSize }, (_, i) => {
    let sum = 0;
    let squares = 0;
    for (let row = 0; row < count; row++) {
      const value = samples.values[row * sampleSize + i] as number;
      sum += value;
      squares += value * value;
    }
    return Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
  });
}
