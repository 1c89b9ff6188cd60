import type { Norm } from '../attacks/attack.ts';
import { attackNorm } from '../attacks/attack-names.ts';
import {
  epsilonAtHalfAccuracy,
  robustAccuracyAt,
  smallestDistances,
} from '../attacks/robust-accuracy.ts';
import type { Robustness, RobustnessCurve, WorstCase } from '../report/robustness-record.ts';
import { proportion } from '../report/statistics.ts';
import type { ConditionResults } from './condition-results.ts';

/** Steps of a curve. */
const curveSteps = 24;
/** How far beyond its epsilon rounding to float32 may leave an adversary, in widths of the box. */
const roundingTolerance = 1e-6;

/**
 * Takes the finished attacks of an audit together: the worst case of each sample at each size that
 * was asked about, and accuracy against size for attacks that look for the smallest change.
 *
 * @param bounds lowest and highest value of an input
 * @returns undefined while no attack is finished
 */
export function summariseRobustness(
  conditions: readonly ConditionResults[],
  bounds: readonly [number, number],
): Robustness | undefined {
  const attacks = conditions.filter(
    ({ plan, state }) => plan.attack !== undefined && state === 'finished',
  );
  if (attacks.length === 0) return undefined;
  const tolerance = roundingTolerance * (bounds[1] - bounds[0]);
  const norms = (['Linf', 'L2', 'L1'] as const).filter(norm =>
    attacks.some(attack => normOf(attack) === norm),
  );
  return {
    worstCases: norms.flatMap(norm => worstCases(attacks, norm, tolerance)),
    curves: norms.flatMap(norm => curvesOf(attacks, norm, tolerance)),
  };
}

function worstCases(
  attacks: readonly ConditionResults[],
  norm: Norm,
  tolerance: number,
): WorstCase[] {
  const found = attacks.map(attack => ({ id: attack.plan.id, sizes: sizesOf(attack, norm) }));
  const smallest = smallestDistances(found.map(({ sizes }) => sizes));
  return budgets(attacks, norm).map(epsilon => ({
    norm,
    epsilon,
    accuracy: accuracyAt(smallest, epsilon + tolerance),
    attacks: found.flatMap(({ id, sizes }) =>
      sizes.some(size => size > 0 && size <= epsilon + tolerance) ? [id] : [],
    ),
  }));
}

/** Sizes that attacks within a budget were run at, in this norm. */
function budgets(attacks: readonly ConditionResults[], norm: Norm): number[] {
  const epsilons = attacks.flatMap(attack => {
    const settings = attack.plan.attack?.settings;
    return settings !== undefined && 'epsilon' in settings && normOf(attack) === norm
      ? [settings.epsilon]
      : [];
  });
  return [...new Set(epsilons)].sort((a, b) => a - b);
}

function curvesOf(
  attacks: readonly ConditionResults[],
  norm: Norm,
  tolerance: number,
): RobustnessCurve[] {
  const searches = attacks.filter(attack => normOf(attack) === norm && looksForSmallest(attack));
  if (searches.length === 0) return [];
  const all = smallestDistances(attacks.map(attack => sizesOf(attack, norm)));
  const own = searches.map(attack => [attack.plan.id, sizesOf(attack, norm)] as const);
  const largest = Math.max(
    0,
    ...own.flatMap(([, sizes]) => [...sizes].filter(size => Number.isFinite(size))),
  );
  const epsilons = evenSizes(largest);
  const curve = (condition: string | null, sizes: Float64Array): RobustnessCurve => ({
    condition,
    norm,
    epsilonAtHalfAccuracy: finite(epsilonAtHalfAccuracy(sizes)),
    points: epsilons.map(epsilon => ({
      epsilon,
      accuracy: accuracyAt(sizes, epsilon === 0 ? 0 : epsilon + tolerance),
    })),
  });
  const curves = own.map(([id, sizes]) => curve(id, sizes));
  return attacks.length === 1 ? curves : [...curves, curve(null, all)];
}

/** Sizes from 0 to the first round number at or above `largest`, evenly spaced. */
function evenSizes(largest: number): number[] {
  if (largest === 0) return [0];
  const unit = 10 ** Math.floor(Math.log10(largest));
  const end = ([1, 1.5, 2, 3, 4, 5, 6, 8, 10].find(step => step * unit >= largest) ?? 10) * unit;
  return Array.from({ length: curveSteps + 1 }, (_, i) => (i * end) / curveSteps);
}

/**
 * Size of the change behind each error. That of an attack within a budget is its budget at most: far
 * from zero float32 is coarse, and the numbers that are stored can lie further out than they were put.
 */
function sizesOf(attack: ConditionResults, norm: Norm): Float64Array {
  const sizes = attack.errorSizes(norm);
  const settings = attack.plan.attack?.settings;
  if (settings === undefined || !('epsilon' in settings) || normOf(attack) !== norm) return sizes;
  return sizes.map(size => (size < Infinity ? Math.min(size, settings.epsilon) : size));
}

function accuracyAt(sizes: Float64Array, epsilon: number): WorstCase['accuracy'] {
  const { count, total } = robustAccuracyAt(sizes, epsilon);
  return proportion(count, total);
}

function normOf({ plan }: ConditionResults): Norm | undefined {
  return plan.attack === undefined ? undefined : attackNorm(plan.attack.settings);
}

function looksForSmallest({ plan }: ConditionResults): boolean {
  return plan.attack !== undefined && !('epsilon' in plan.attack.settings);
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
