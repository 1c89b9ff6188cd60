import { setImmediate } from 'node:timers/promises';
import type { Batch } from '../arrays/batch.ts';
import type { Engine } from '../engine/engine.ts';
import { prepareStep, type PreparedStep } from '../engine/step-function.ts';
import { Random } from '../random/random.ts';
import { toNetworkUnits, type DataScale } from './data-scale.ts';
import { HeldOutError } from './held-out-error.ts';
import { addInputNoise } from './input-noise.ts';
import { ManifoldError } from './manifold-error.ts';
import type { Recipe } from './recipe.ts';
import { runningAverage } from './running-average.ts';
import type { ManifoldNetworks } from './trainable-network.ts';
import { TrainingOrder } from './training-order.ts';
import type { TrainingSplit } from './training-split.ts';
import { adamFactors, criticStep, generatorStep } from './training-steps.ts';
import type {
  NetworkName,
  NetworkTraining,
  TrainingPoint,
  TrainingState,
} from './training-state.ts';

/** Samples without labels, read lazily. */
export interface TrainingInputs {
  readonly count: number;
  /** Reads samples in input units, in the order of the indices. */
  read(indices: readonly number[]): Promise<Batch>;
}

/** When a training ends by itself. */
export interface TrainingLimits {
  /** Most steps of the generator. */
  readonly steps: number;
  /** Evaluations without a better held-out error after which it stops. */
  readonly patience: number;
}

export interface TrainingOptions {
  readonly engine: Engine;
  readonly networks: ManifoldNetworks;
  readonly recipe: Recipe;
  readonly scale: DataScale;
  readonly inputs: TrainingInputs;
  readonly split: TrainingSplit;
  readonly seed: number;
  readonly limits: TrainingLimits;
  /** Where to begin: `initialState`, or what a checkpoint holds. */
  readonly start: TrainingState;
  /** Called at every evaluation; the state may be kept, since the training never writes to it. */
  readonly onEvaluation?: (state: TrainingState) => Promise<void> | void;
  /** Called after every step. */
  readonly onStep?: (step: number) => void;
  /** Ends the training after the step in hand; it then returns what it has. */
  readonly signal?: AbortSignal;
}

/** Steps between two evaluations. */
export const evaluationInterval = 100;

/** An error counts as better when it is smaller by this share. */
const leastProgress = 0.002;

/**
 * Trains the three networks of a manifold: WGAN with gradient penalty and inverter, side by side. The
 * same seed, data and recipe give the same weights on the same engine, whether or not the training
 * was interrupted and taken up again.
 *
 * @returns the state at the end: after the last step, when the held-out error has stopped falling, or
 *   when the signal was raised
 * @throws ManifoldError `manifold/diverged` when the weights leave the finite numbers
 */
export async function trainManifold(options: TrainingOptions): Promise<TrainingState> {
  const training = await Training.prepare(options);
  try {
    return await training.run();
  } finally {
    await training.dispose();
  }
}

/** One training under way. */
class Training {
  readonly #options: TrainingOptions;
  readonly #criticStep: PreparedStep;
  readonly #generatorStep: PreparedStep;
  readonly #heldOutError: HeldOutError;
  readonly #order: TrainingOrder;
  readonly #began = performance.now();
  #state: TrainingState;
  #sums = emptySums();

  private constructor(
    options: TrainingOptions,
    steps: readonly [PreparedStep, PreparedStep],
    heldOutError: HeldOutError,
  ) {
    this.#options = options;
    [this.#criticStep, this.#generatorStep] = steps;
    this.#heldOutError = heldOutError;
    this.#order = new TrainingOrder(options.split.training, options.recipe.batchSize, options.seed);
    this.#state = options.start;
  }

  static async prepare(options: TrainingOptions): Promise<Training> {
    const { engine, networks, recipe, inputs, split, scale } = options;
    const heldOut = toNetworkUnits(await inputs.read(split.heldOut), scale, networks.sampleShape);
    return new Training(
      options,
      [
        await prepareStep(engine, criticStep(networks, recipe)),
        await prepareStep(engine, generatorStep(networks, recipe)),
      ],
      await HeldOutError.prepare(engine, networks, recipe, heldOut),
    );
  }

  async run(): Promise<TrainingState> {
    const { limits, signal, onStep, onEvaluation } = this.#options;
    while (this.#state.step < limits.steps && !this.#hasConverged() && signal?.aborted !== true) {
      await this.#step();
      onStep?.(this.#state.step);
      if (this.#state.step % evaluationInterval === 0 || this.#state.step === limits.steps) {
        await this.#evaluate();
        await onEvaluation?.(this.#state);
      }
      // The engine keeps the thread while it computes: let messages through.
      await setImmediate();
    }
    return this.#state;
  }

  async dispose(): Promise<void> {
    await this.#criticStep.dispose();
    await this.#generatorStep.dispose();
    await this.#heldOutError.dispose();
  }

  /** Whether the last evaluations, as many as the patience, brought nothing. */
  #hasConverged(): boolean {
    const { history } = this.#state;
    const { patience } = this.#options.limits;
    const before = history.slice(0, -patience);
    if (before.length === 0) return false;
    const errors = (points: readonly TrainingPoint[]): number =>
      Math.min(...points.map(({ heldOutError }) => heldOutError));
    return errors(history.slice(-patience)) > errors(before) * (1 - leastProgress);
  }

  /** The critic's steps, then one of the generator and the inverter. */
  async #step(): Promise<void> {
    const step = this.#state.step + 1;
    const { criticSteps } = this.#options.recipe;
    for (let turn = 0; turn < criticSteps; turn++) {
      await this.#stepCritic((step - 1) * criticSteps + turn + 1);
    }
    await this.#stepGenerator(step);
  }

  /** @param step counted from 1, over all turns */
  async #stepCritic(step: number): Promise<void> {
    const { networks, recipe, seed } = this.#options;
    const { critic, generator } = this.#state.networks;
    const random = new Random(seed, ['manifold-critic', step]);
    const outputs = await this.#criticStep.run([
      (await this.#batch(step, 'critic')).values,
      normals(recipe.batchSize * networks.latentSize, random),
      Float32Array.from({ length: recipe.batchSize }, () => random.uniform()),
      ...critic.weights,
      ...critic.means,
      ...critic.squares,
      adamFactors('critic', recipe.rates.critic, step),
      ...generator.weights,
    ]);
    const [distance, ...rest] = outputs;
    this.#sums.distance += (distance?.[0] ?? NaN) / recipe.criticSteps;
    this.#renew({ critic: trainingFrom(rest) });
  }

  async #stepGenerator(step: number): Promise<void> {
    const { networks, recipe, seed } = this.#options;
    const { critic, generator, inverter } = this.#state.networks;
    const random = new Random(seed, ['manifold-generator', step]);
    const inputs = await this.#batch(step, 'generator');
    const shown = recipe.inverterInput === 'plain' ? inputs : addInputNoise(inputs, random);
    const outputs = await this.#generatorStep.run([
      inputs.values,
      shown.values,
      normals(recipe.batchSize * networks.latentSize, random),
      ...generator.weights,
      ...generator.means,
      ...generator.squares,
      adamFactors('generator', recipe.rates.generator, step),
      ...inverter.weights,
      ...inverter.means,
      ...inverter.squares,
      adamFactors('inverter', recipe.rates.inverter, step),
      ...critic.weights,
    ]);
    const [errors, ...rest] = outputs;
    const middle = 3 * generator.weights.length;
    const renewed = {
      generator: trainingFrom(rest.slice(0, middle)),
      inverter: trainingFrom(rest.slice(middle)),
    };
    this.#sums.training += errors?.[0] ?? NaN;
    this.#sums.latent += errors?.[1] ?? NaN;
    this.#sums.steps += 1;
    this.#renew(renewed);
    const { averages } = this.#state;
    this.#state = {
      ...this.#state,
      step,
      averages: {
        generator: runningAverage(averages.generator, renewed.generator.weights, step),
        inverter: runningAverage(averages.inverter, renewed.inverter.weights, step),
      },
    };
  }

  #renew(networks: Partial<Record<NetworkName, NetworkTraining>>): void {
    this.#state = { ...this.#state, networks: { ...this.#state.networks, ...networks } };
  }

  async #batch(step: number, purpose: string): Promise<Batch> {
    const { inputs, scale, networks } = this.#options;
    return toNetworkUnits(
      await inputs.read(this.#order.batch(step, purpose)),
      scale,
      networks.sampleShape,
    );
  }

  async #evaluate(): Promise<void> {
    const { step, averages, history, best } = this.#state;
    const { training, latent, distance, steps } = this.#sums;
    const point: TrainingPoint = {
      step,
      heldOutError: await this.#heldOutError.measure(averages),
      trainingError: training / steps,
      latentError: latent / steps,
      criticDistance: distance / steps,
    };
    this.#sums = emptySums();
    if (!Object.values(point).every(Number.isFinite)) throw diverged(step);
    const smallest = Math.min(Infinity, ...history.map(({ heldOutError }) => heldOutError));
    this.#state = {
      ...this.#state,
      seconds: this.#options.start.seconds + (performance.now() - this.#began) / 1000,
      best: point.heldOutError < smallest ? averages : best,
      history: [...history, point],
    };
  }
}

function emptySums(): { training: number; latent: number; distance: number; steps: number } {
  return { training: 0, latent: 0, distance: 0, steps: 0 };
}

function normals(count: number, random: Random): Float32Array {
  return Float32Array.from({ length: count }, () => random.normal());
}

/** Weights, means and squares as a step returns them, one after the other. */
function trainingFrom(arrays: readonly Float32Array[]): NetworkTraining {
  const count = arrays.length / 3;
  return {
    weights: arrays.slice(0, count),
    means: arrays.slice(count, 2 * count),
    squares: arrays.slice(2 * count),
  };
}

function diverged(step: number): ManifoldError {
  return new ManifoldError(
    'manifold/diverged',
    `The training left the finite numbers by step ${step}.`,
    {
      remedy: 'Lower the learning rates, or look for values far outside of the others in the data.',
    },
  );
}
