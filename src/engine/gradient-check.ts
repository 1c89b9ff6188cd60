import { AssayError } from '../errors/assay-error.ts';
import { Random } from '../random/random.ts';
import { type PreparedFunction } from './engine.ts';

/** What finite differences say of an input gradient. */
export interface GradientCheck {
  /** `unavailable` when there is no gradient, or no slope that float32 could show. */
  readonly verdict: 'agrees' | 'disagrees' | 'unavailable';
  /** Median of {@link relativeErrors}; `null` when nothing could be compared. */
  readonly relativeError: number | null;
  /** For each sample that could be compared, the root mean square over its directions. */
  readonly relativeErrors: readonly number[];
  /** Largest relative error that still counts as agreement. */
  readonly tolerance: number;
  /** Random directions at each sample. */
  readonly directions: number;
  /** Samples whose gradient holds NaN or an infinity. */
  readonly nonFiniteGradients: number;
  /** Samples whose gradient is exactly zero everywhere. */
  readonly zeroGradients: number;
  /** Why there is no gradient at all, where the engine said so. */
  readonly problem?: string;
}

export interface GradientCheckOptions {
  /** Seed of the audit; the directions depend on it and on the sample's index only. */
  readonly seed: number;
  /** 5 when it is left out. */
  readonly directions?: number;
  /** 0.05 when it is left out. */
  readonly tolerance?: number;
}

/** Lengths of the steps, each half of the one before: long against noise, short against curvature. */
const steps = [0.2, 0.1, 0.05, 0.025, 0.0125, 0.00625, 0.003125, 0.0015625];
/** More samples than this share may not disagree, whatever the median says. */
const tolerableShare = 0.25;

/**
 * Compares an input gradient with central differences along random directions of length one.
 *
 * At each sample and direction the step is chosen for which two neighbouring steps agree best: long
 * steps suffer from curvature and the kinks of ReLU, short ones from the rounding of float32. Where no
 * two of them agree, nothing is concluded.
 *
 * @param lossAndGradient returns the loss of each sample, `[count]`, and the gradient of each loss with
 *   respect to its own row of the first input
 * @param inputs the first is differentiated, the others (labels, say) are held
 */
export async function checkGradient(
  lossAndGradient: PreparedFunction,
  count: number,
  inputs: readonly Float32Array[],
  { seed, directions = 5, tolerance = 0.05 }: GradientCheckOptions,
): Promise<GradientCheck> {
  try {
    const [, gradient = new Float32Array(0)] = await lossAndGradient.run(count, inputs);
    const slopes = Array.from({ length: count }, (): SlopePair[] => []);
    for (let direction = 0; direction < directions; direction++) {
      const vectors = unitVectors(count, gradient.length / count, seed, direction);
      const differences = await differencesAlong(
        lossAndGradient,
        count,
        inputs,
        vectors,
        tolerance,
      );
      differences.forEach((measured, sample) => {
        if (measured === undefined) return;
        const claimed = dot(row(gradient, sample, count), row(vectors, sample, count));
        slopes[sample]?.push({ measured, claimed });
      });
    }
    const relativeErrors = slopes.filter(pairs => pairs.length > 0).map(relativeError);
    return { ...judge(relativeErrors, tolerance), directions, ...degenerate(gradient, count) };
  } catch (error) {
    if (!(error instanceof AssayError)) throw error;
    const nothing = { nonFiniteGradients: 0, zeroGradients: 0, problem: error.message };
    return { ...judge([], tolerance), directions, ...nothing };
  }
}

function judge(
  relativeErrors: readonly number[],
  tolerance: number,
): Pick<GradientCheck, 'verdict' | 'relativeError' | 'relativeErrors' | 'tolerance'> {
  if (relativeErrors.length === 0) {
    return { verdict: 'unavailable', relativeError: null, relativeErrors, tolerance };
  }
  const relativeError = median(relativeErrors);
  const disagreeing = relativeErrors.filter(error => !(error <= tolerance)).length;
  const agrees =
    relativeError <= tolerance && disagreeing <= tolerableShare * relativeErrors.length;
  return { verdict: agrees ? 'agrees' : 'disagrees', relativeError, relativeErrors, tolerance };
}

/**
 * Slope of each sample's loss along its vector, or `undefined` where no two steps agree.
 *
 * @param vectors one of length one for each sample, row-major
 */
async function differencesAlong(
  lossAndGradient: PreparedFunction,
  count: number,
  [first = new Float32Array(0), ...held]: readonly Float32Array[],
  vectors: Float32Array,
  tolerance: number,
): Promise<(number | undefined)[]> {
  const lossesAt = async (step: number): Promise<Float32Array> => {
    const moved = first.map((value, i) => value + step * (vectors[i] as number));
    const [losses = new Float32Array(0)] = await lossAndGradient.run(count, [moved, ...held]);
    return losses;
  };
  const slopes: number[][] = [];
  for (const step of steps) {
    const [above, below] = [await lossesAt(step), await lossesAt(-step)];
    slopes.push(Array.from(above, (loss, i) => (loss - (below[i] as number)) / (2 * step)));
  }
  return Array.from({ length: count }, (_, sample) =>
    stableSlope(
      slopes.map(bySample => bySample[sample] as number),
      tolerance,
    ),
  );
}

/** The slope where two neighbouring steps agree best, if they do to a quarter of the tolerance. */
function stableSlope(slopes: readonly number[], tolerance: number): number | undefined {
  let best: number | undefined;
  let smallest = tolerance / 4;
  for (let i = 1; i < slopes.length; i++) {
    const [longer, shorter] = [slopes[i - 1] as number, slopes[i] as number];
    const disagreement = Math.abs(longer - shorter) / Math.max(Math.abs(longer), Math.abs(shorter));
    if (disagreement < smallest) {
      smallest = disagreement;
      best = shorter;
    }
  }
  return best;
}

/** A slope along a direction: by finite differences, and as the gradient has it. */
interface SlopePair {
  readonly measured: number;
  readonly claimed: number;
}

/**
 * Root mean square of the difference over all directions, as a share of the larger of both slopes: a
 * direction that happens to lie almost along a contour then counts for as little as it says.
 */
function relativeError(pairs: readonly SlopePair[]): number {
  const sumOfSquares = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value * value, 0);
  const difference = sumOfSquares(pairs.map(({ measured, claimed }) => measured - claimed));
  const scale = Math.max(
    sumOfSquares(pairs.map(({ measured }) => measured)),
    sumOfSquares(pairs.map(({ claimed }) => claimed)),
  );
  return Number.isFinite(difference) ? Math.sqrt(difference / scale) : Infinity;
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
}

function degenerate(
  gradient: Float32Array,
  count: number,
): Pick<GradientCheck, 'nonFiniteGradients' | 'zeroGradients'> {
  const rows = Array.from({ length: count }, (_, sample) => row(gradient, sample, count));
  return {
    nonFiniteGradients: rows.filter(values => !values.every(Number.isFinite)).length,
    zeroGradients: rows.filter(values => values.every(value => value === 0)).length,
  };
}

function unitVectors(count: number, size: number, seed: number, direction: number): Float32Array {
  const vectors = new Float32Array(count * size);
  for (let sample = 0; sample < count; sample++) {
    const random = new Random(seed, ['gradient-direction', sample, direction]);
    const normals = Float64Array.from({ length: size }, () => random.normal());
    const length = Math.sqrt(normals.reduce((sum, value) => sum + value * value, 0));
    vectors.set(
      normals.map(value => value / length),
      sample * size,
    );
  }
  return vectors;
}

function row(values: Float32Array, sample: number, count: number): Float32Array {
  const size = values.length / count;
  return values.subarray(sample * size, (sample + 1) * size);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2;
}
