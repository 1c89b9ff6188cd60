import type { Lowering } from '../lowering.ts';
import type { Value } from '../program.ts';
import { type Comparison, comparisonMask, isMaskLimit } from './masks.ts';

/** A comparison of a tensor with a number. */
export interface Condition {
  readonly comparison: Comparison;
  readonly x: Value;
  readonly limit: number;
}

const comparisons = ['Greater', 'GreaterEqual', 'Less', 'LessEqual'] as const;

/**
 * The comparisons with numbers that all have to hold for `truth` to be true, without those that
 * always hold.
 *
 * @returns nothing when `truth` is something else
 */
export function conditionsOf(lowering: Lowering, truth: Value): readonly Condition[] | undefined {
  const both = lowering.producedBy(truth, 'LogicalAnd');
  if (both !== undefined) {
    const parts = Object.values(both.inputs).map(part => conditionsOf(lowering, part));
    const known = parts.filter(part => part !== undefined);
    return known.length === parts.length ? known.flat() : undefined;
  }
  for (const comparison of comparisons) {
    const { a: x, b } = lowering.producedBy(truth, comparison)?.inputs ?? {};
    const limit = b === undefined ? undefined : lowering.placements.uniform(b);
    if (x?.type !== 'float32' || limit === undefined || !isMaskLimit(limit)) continue;
    // A relu is never negative: the lower end of a clip after it holds everywhere.
    const isRelu = lowering.producedBy(x, 'Relu') !== undefined;
    return isRelu && comparison === 'GreaterEqual' && limit <= 0 ? [] : [{ comparison, x, limit }];
  }
  return undefined;
}

/**
 * The conditions under which the gradient of a clip passes. A choice that a model makes itself is
 * left alone: what is not chosen may be infinite, and zero times that is not a number.
 */
export function clipConditions(lowering: Lowering, truth: Value): readonly Condition[] | undefined {
  const conditions = conditionsOf(lowering, truth);
  const isOfClip = conditions?.every(({ x }) => lowering.resultOf('ClipByValue', x) !== undefined);
  return isOfClip === true ? conditions : undefined;
}

/** Multiplies `value` by zeros and ones, so that it passes only where all conditions hold. */
export function lowerWhere(
  lowering: Lowering,
  conditions: readonly Condition[],
  value: Value,
  output: Value,
): void {
  const { graph } = lowering;
  const operands = conditions.map(({ x }) => x);
  lowering.elementwise(output, [value, ...operands], (passing, ...names) =>
    conditions.reduce<string>((product, { comparison, limit }, index) => {
      const mask = comparisonMask(graph, comparison, names[index] as string, limit);
      return graph.node('Mul', [product, mask]);
    }, passing),
  );
}
