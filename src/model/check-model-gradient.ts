import { Batch } from '../arrays/batch.ts';
import { AssayError } from '../errors/assay-error.ts';
import { Random } from '../random/random.ts';
import type { Classifier } from './classifier.ts';
import { withHeldDraws } from './held-draws.ts';
import { crossEntropy } from './losses.ts';
import { differenceOfAnswers, sameLogits } from './pass-difference.ts';
import { counted } from '../wording/counted.ts';

/** Whether the gradient that attacks follow is the slope of the model. */
export interface ModelGradientCheck {
  readonly verdict: 'agrees' | 'disagrees' | 'unavailable';
  /** Root mean square over samples of ‖gradient − slope‖ / ‖slope‖; `null` when unavailable. */
  readonly relativeError: number | null;
  /** Largest relative error that still counts as agreement. */
  readonly tolerance: number;
  /** Random directions at each sample. */
  readonly directions: number;
  /**
   * Largest difference of a logit between two answers to one input, where the model draws random
   * numbers; `null` where it is infinite.
   */
  readonly passDifference?: number | null;
  /** The verdict in a sentence. */
  readonly explanation: string;
}

/** Right gradients come out below 0.02, with many kinks at most; wrong ones at 0.1 and more. */
const tolerance = 0.05;
const directions = 2;
/** Points on a segment at which the gradient is taken. */
const pointsOnSegment = 6;
/** Half lengths of the segments as shares of the width of the bounds: the next where one is too short. */
const halfLengths = [1e-4, 1e-3, 1e-2];
/** Share of the width of the bounds by which inputs are moved inside and shaken. */
const inset = 0.06;
/** Rounding error of a logit in a float32 network, as a share of the largest logit. */
const logitRounding = 5e-7;
/** Rounding error of a float32 number, as a share of it. */
const inputRounding = 2 ** -24;
/** An uncertainty at which no other length is tried. */
const sharpEnough = 0.02;
/** An uncertainty at which a sample says nothing: chance alone could exceed the tolerance. */
const tooUncertain = tolerance / 2;

/** Time after which a large model is judged by what has been compared, in milliseconds. */
const defaultBudget = 20_000;
/** Comparisons that the budget waits for, */
const fewestComparisons = 2;
/** but not for longer than this many times the budget. */
const patience = 6;

export interface GradientCheckOptions {
  /** Seed of the audit. */
  readonly seed: number;
  /** Index of each sample in its data set: with the seed, the key of its random numbers. */
  readonly sampleIndices: readonly number[];
  /**
   * Begins the random numbers that a model draws itself anew, at the same ones for the same sample.
   * Without it the gradient of such a model cannot be checked.
   *
   * @param sample index in the data set
   */
  readonly restartDraws?: (sample: number) => void;
  /** Stops the check between two passes; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * Time after which no further sample is looked at, as long as two have been compared; 20 000 when
   * it is left out, which only models of many millions of multiplications need. In milliseconds.
   */
  readonly budgetMilliseconds?: number;
  /** What time it is, in milliseconds; `performance.now` when it is left out. */
  readonly clock?: () => number;
}

/**
 * Checks the input gradient of cross-entropy on short random segments: the loss at one end minus the
 * loss at the other must be the integral of gradient · direction in between. Unlike a difference
 * quotient at a point, that holds across the kinks of relu and pooling layers, so nothing is lost
 * when a segment crosses some.
 *
 * - The losses are computed in float64 from the logits, so that a confident sample, whose loss is
 *   tiny, is checked as sharply as any other.
 * - The segments lie beside the samples, a little inside the bounds and shaken: on flat regions of a
 *   picture (a black background) many values tie in a pooling layer, and there no slope is defined.
 * - The integral is taken at random points, one in each of equal parts of the segment.
 * - A model that draws random numbers is checked with its draws held: a new draw at each end would
 *   make any gradient look wrong.
 *
 * @param inputs samples inside the bounds
 * @param labels class index of each sample
 */
export async function checkModelGradient(
  classifier: Classifier,
  inputs: Batch,
  labels: Int32Array,
  options: GradientCheckOptions,
): Promise<ModelGradientCheck> {
  const { seed, sampleIndices, restartDraws, signal } = options;
  const { budgetMilliseconds = defaultBudget, clock = () => performance.now() } = options;
  const errors: number[] = [];
  let passDifference = 0;
  const began = clock();
  const isSpent = (): boolean => {
    const budgets = (clock() - began) / budgetMilliseconds;
    return budgets > patience || (budgets > 1 && errors.length >= fewestComparisons);
  };
  try {
    for (let sample = 0; sample < inputs.count && !isSpent(); sample++) {
      const index = sampleIndices[sample] as number;
      const random = new Random(seed, ['gradient-check', index]);
      const point = shaken(inputs.row(sample), classifier, random);
      passDifference = Math.max(passDifference, await differenceOfAnswers(classifier, point));
      let steady = classifier;
      if (passDifference > sameLogits) {
        steady = withHeldDraws(classifier, () => restartDraws?.(index));
        const rest = await differenceOfAnswers(steady, point);
        if (rest > sameLogits) return unavailable(drawsNotHeld, passDifference);
      }
      const error = await errorAt(steady, point, labels[sample] as number, random, signal);
      if (error !== undefined) errors.push(error);
    }
  } catch (error) {
    if (error instanceof AssayError) return unavailable(error.message, passDifference);
    throw error;
  }
  return judge(errors, passDifference);
}

const drawsNotHeld =
  'The model draws random numbers that cannot be held, so that its gradient cannot be compared with anything.';

/** The sample in general position: no ties, and room on either side. */
function shaken(sample: Float32Array, { bounds }: Classifier, random: Random): Float32Array {
  const width = bounds.upper - bounds.lower;
  return sample.map(value => {
    const share = (value - bounds.lower) / width;
    const inside = inset + (1 - 2 * inset) * share + random.uniform(-inset, inset) / 2;
    return bounds.lower + width * inside;
  });
}

/**
 * Relative error beside one sample: an estimate of ‖g − ∇L‖ / ‖∇L‖, since the components of a
 * direction have variance 1. `undefined` where the model is flat, or kinks or rounding hide its slope.
 */
async function errorAt(
  classifier: Classifier,
  point: Float32Array,
  label: number,
  random: Random,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const vectors = Array.from({ length: directions }, () =>
    Float32Array.from(point, () => random.normal()),
  );
  let best: Comparison | undefined;
  for (const halfLength of halfLengths) {
    const segments: SegmentSlopes[] = [];
    for (const vector of vectors) {
      signal?.throwIfAborted();
      segments.push(await slopesOn(classifier, point, vector, halfLength, label, random));
    }
    const comparison = compare(segments);
    if (!Number.isFinite(comparison.error)) return Infinity;
    if (best === undefined || comparison.uncertainty < best.uncertainty) best = comparison;
    if (best.uncertainty <= sharpEnough) break;
  }
  return best === undefined || best.uncertainty > tooUncertain ? undefined : best.error;
}

/** What the segments beside a sample say, as shares of the slope. */
interface Comparison {
  readonly error: number;
  readonly uncertainty: number;
}

function compare(segments: readonly SegmentSlopes[]): Comparison {
  const scale = Math.max(
    rootMeanSquare(segments.map(({ measured }) => measured)),
    rootMeanSquare(segments.map(({ integrated }) => integrated)),
  );
  if (scale === 0) return { error: 0, uncertainty: Infinity };
  return {
    error: rootMeanSquare(segments.map(s => s.measured - s.integrated)) / scale,
    uncertainty: rootMeanSquare(segments.map(s => s.uncertainty)) / scale,
  };
}

/** Mean slope of the loss on a segment, found in two ways. */
interface SegmentSlopes {
  /** From the losses at the ends. */
  readonly measured: number;
  /** From the gradients in between. */
  readonly integrated: number;
  /** Standard deviation of their difference where the gradient is right: rounding, and kinks. */
  readonly uncertainty: number;
}

async function slopesOn(
  classifier: Classifier,
  point: Float32Array,
  direction: Float32Array,
  halfLength: number,
  label: number,
  random: Random,
): Promise<SegmentSlopes> {
  const { bounds, inputShape, classCount } = classifier;
  const half = halfLength * (bounds.upper - bounds.lower);
  const at = (positions: readonly number[]): Batch => {
    const batch = Batch.zeros(positions.length, inputShape);
    positions.forEach((position, i) => {
      const row = batch.row(i);
      point.forEach((value, j) => {
        row[j] = value + position * half * (direction[j] as number);
      });
    });
    return batch;
  };

  const corners = at([1, -1]);
  const ends = await classifier.logits(corners);
  const [above, below] = [lossOf(ends.row(0), label), lossOf(ends.row(1), label)];
  // Where the ends are, not where they were meant to be: far from zero float32 is coarse.
  const [upper, lower] = [corners.row(0), corners.row(1)];
  const way = Float64Array.from(upper, (value, j) => (value - (lower[j] as number)) / (2 * half));

  const between = Array.from(
    { length: pointsOnSegment },
    (_, i) => -1 + (2 * (i + random.uniform())) / pointsOnSegment,
  );
  const oneHot = Batch.zeros(pointsOnSegment, [classCount]);
  between.forEach((_, i) => oneHot.row(i).fill(1, label, label + 1));
  const { gradient } = await classifier.lossGradient(crossEntropy, at(between), [oneHot.values]);
  const slopes = between.map((_, i) => dot(gradient.row(i), way));

  const integrated = slopes.reduce((sum, slope) => sum + slope, 0) / pointsOnSegment;
  const spread = rootMeanSquare(slopes.map(slope => slope - integrated)) / pointsOnSegment;
  const largest = ends.values.reduce((maximum, logit) => Math.max(maximum, Math.abs(logit)), 0);
  // What a layer rounds off when it subtracts large numbers, far from zero, is seen in no logit.
  const steepest = gradient.row(0).map((slope, j) => slope * (point[j] as number));
  const rounding =
    Math.hypot(
      above.otherProbability * logitRounding * largest,
      inputRounding * Math.sqrt(dot(steepest, steepest)),
    ) / half;
  return {
    measured: (above.loss - below.loss) / (2 * half),
    integrated,
    uncertainty: Math.hypot(rounding, spread),
  };
}

/** Cross-entropy and 1 − p_label in float64, exact also where they are tiny. */
function lossOf(
  logits: Float32Array,
  label: number,
): { readonly loss: number; readonly otherProbability: number } {
  const labelLogit = logits[label] as number;
  const leads = Array.from(logits, logit => logit - labelLogit).filter((_, i) => i !== label);
  const highest = Math.max(...leads);
  // Divided by the largest where that is beyond a number: logits of some thousands are none too large.
  const scale = Math.max(highest, 0);
  const others = leads.reduce((sum, lead) => sum + Math.exp(lead - scale), 0);
  const loss = scale === 0 ? Math.log1p(others) : scale + Math.log(others + Math.exp(-scale));
  return { loss, otherProbability: others / (others + Math.exp(-scale)) };
}

function dot(a: Float32Array, b: Float32Array | Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
}

function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

function judge(errors: readonly number[], passDifference: number): ModelGradientCheck {
  if (errors.length === 0) {
    return unavailable(
      'Beside none of the samples does the loss change smoothly enough to be compared.',
      passDifference,
    );
  }
  const relativeError = rootMeanSquare(errors);
  if (!Number.isFinite(relativeError)) {
    return unavailable(
      'The input gradient, or the loss, is not finite beside some samples.',
      passDifference,
    );
  }
  const percent = `${(100 * relativeError).toPrecision(2)}%`;
  const held = passDifference > sameLogits ? ', with the random numbers of the model held' : '';
  const where = `along ${directions} random directions at ${counted(errors.length, 'sample')}${held}`;
  const agrees = relativeError <= tolerance;
  return {
    verdict: agrees ? 'agrees' : 'disagrees',
    relativeError,
    tolerance,
    directions,
    ...chance(passDifference),
    explanation: agrees
      ? `The input gradient agrees with finite differences to ${percent} ${where}.`
      : `The input gradient differs from finite differences by ${percent} ${where}: attacks that follow it say little about robustness.`,
  };
}

function unavailable(explanation: string, passDifference: number): ModelGradientCheck {
  return {
    verdict: 'unavailable',
    relativeError: null,
    tolerance,
    directions,
    ...chance(passDifference),
    explanation,
  };
}

function chance(passDifference: number): Pick<ModelGradientCheck, 'passDifference'> {
  if (passDifference <= sameLogits) return {};
  return { passDifference: Number.isFinite(passDifference) ? passDifference : null };
}
