/**
 * Zeros and ones that tell where a gradient passes. They are written as HardSigmoid, that is
 * `max(0, min(1, alpha · x + beta))`, with a slope so steep that every number ends at 0 or 1: one
 * pass over memory, and an operator that ONNX Runtime runs in its blocked image layout.
 */

import type { GraphBuilder } from '../graph-builder.ts';
import type { Lowering } from '../lowering.ts';
import type { Value } from '../program.ts';

/** Lifts every positive normal number to 1 or more; a power of two, so that nothing is rounded. */
const steepest = 2 ** 126;

/** Lifts the distance between neighbouring numbers to 1 or more, for an {@link isMaskLimit}. */
const steep = 2 ** 100;

/** Whether a comparison with this number can be written as a steep line without overflow. */
export function isMaskLimit(limit: number): boolean {
  return limit === 0 || (Math.abs(limit) > 2 ** -70 && Math.abs(limit) < 2 ** 20);
}

function line(graph: GraphBuilder, x: string, slope: number, offset: number): string {
  return graph.node('HardSigmoid', [x], { alpha: { float: slope }, beta: { float: offset } });
}

/**
 * 1 where x > 0, else `below`.
 *
 * @param below 0 for the derivative of relu, `alpha` for that of leaky relu, −1 for that of abs
 */
export function step(graph: GraphBuilder, x: string, below = 0): string {
  const mask = line(graph, x, steepest, 0);
  if (below === 0) return mask;
  if (below > 0 && below <= 1) return graph.node('Max', [mask, graph.scalar(below)]);
  const stretched = graph.node('Mul', [mask, graph.scalar(1 - below)]);
  return graph.node('Add', [stretched, graph.scalar(below)]);
}

/** Comparisons of a tensor with a number, by the names of their kernels. */
export type Comparison = 'Greater' | 'GreaterEqual' | 'Less' | 'LessEqual';

/** 1 where the comparison of x with `limit` holds, else 0; `limit` is an {@link isMaskLimit}. */
export function comparisonMask(
  graph: GraphBuilder,
  comparison: Comparison,
  x: string,
  limit: number,
): string {
  if (limit === 0) {
    const slope = comparison.startsWith('Greater') ? steepest : -steepest;
    return line(graph, x, slope, comparison.endsWith('Equal') ? 1 : 0);
  }
  switch (comparison) {
    case 'Greater':
      return line(graph, x, steep, -steep * limit);
    case 'GreaterEqual':
      return line(graph, x, steep, -steep * neighbour(limit, -1));
    case 'Less':
      return line(graph, x, -steep, steep * limit);
    case 'LessEqual':
      return line(graph, x, -steep, steep * neighbour(limit, 1));
  }
}

/**
 * What to take a step of in place of `x`: relu(x), when the program computes it. The two have the
 * same sign, and x itself, say the raw output of a convolution, need not be kept.
 */
export function activeStepInput(lowering: Lowering, x: Value): Value {
  return lowering.resultOf('Relu', x) ?? x;
}

/** The next float32 above or below a number that is not zero. */
function neighbour(value: number, direction: 1 | -1): number {
  const numbers = Float32Array.of(value);
  const bits = new Int32Array(numbers.buffer);
  bits[0] = (bits[0] as number) + (value > 0 ? direction : -direction);
  return numbers[0] as number;
}
