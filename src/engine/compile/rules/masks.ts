/**
 * Zeros and ones that tell where a gradient passes. They are written as HardSigmoid, that is
 * `max(0, min(1, alpha · x + beta))`, with a slope so steep that every number ends at 0 or 1: one
 * pass over memory, and an operator that ONNX Runtime runs in its blocked image layout.
 */

import { type GraphBuilder } from '../graph-builder.ts';
import { type Lowering } from '../lowering.ts';
import { type Value } from '../program.ts';

/** Lifts every positive normal number to 1 or more; a power of two, so that nothing is rounded. */
const steepest = 2 ** 126;

/** Steep enough for any distance between neighbouring numbers from 2⁻⁷⁶ on, without overflow. */
const steep = 2 ** 100;

/**
 * 1 where x > 0, else `below`.
 *
 * @param below 0 for the derivative of relu, `alpha` for that of leaky relu, −1 for that of abs
 */
export function step(graph: GraphBuilder, x: string, below = 0): string {
  const mask = graph.node('HardSigmoid', [x], { alpha: { float: steepest }, beta: { float: 0 } });
  if (below === 0) return mask;
  if (below > 0 && below <= 1) return graph.node('Max', [mask, graph.scalar(below)]);
  const stretched = graph.node('Mul', [mask, graph.scalar(1 - below)]);
  return graph.node('Add', [stretched, graph.scalar(below)]);
}

/** 1 where x ≤ limit, else 0; `limit` is 1 or more, or 0. */
export function atMost(graph: GraphBuilder, x: string, limit: number): string {
  const slope = limit === 0 ? steepest : steep;
  const offset = limit === 0 ? 1 : steep * nextFloat(limit);
  return graph.node('HardSigmoid', [x], { alpha: { float: -slope }, beta: { float: offset } });
}

/**
 * What to take a step of in place of `x`: relu(x), when the program computes it. The two have the
 * same sign, and x itself, say the raw output of a convolution, need not be kept.
 */
export function activeStepInput(lowering: Lowering, x: Value): Value {
  return lowering.resultOf('Relu', x) ?? x;
}

/** The smallest float32 above a positive one. */
function nextFloat(value: number): number {
  const numbers = Float32Array.of(value);
  const bits = new Uint32Array(numbers.buffer);
  bits[0] = (bits[0] as number) + 1;
  return numbers[0] as number;
}
