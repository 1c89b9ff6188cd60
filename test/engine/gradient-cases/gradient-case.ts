import type * as tf from '@tensorflow/tfjs-core';

/** A function whose gradient is compared with finite differences with respect to all its inputs. */
export interface GradientCase {
  readonly name: string;
  /** Shapes of the inputs. */
  readonly shapes: readonly (readonly number[])[];
  /** Interval from which the inputs' values come, all distinct; −0.9 to 0.9 when left out. */
  readonly range?: readonly [number, number];
  /** Set for functions that bend so strongly that finite differences are less exact. */
  readonly tolerance?: number;
  readonly compute: (...inputs: tf.Tensor[]) => tf.Tensor;
}

/** Declares a case; the function may name the ranks of its inputs. */
export function gradientCase(
  name: string,
  shapes: readonly (readonly number[])[],
  compute: (...inputs: never[]) => tf.Tensor,
  more: Pick<GradientCase, 'range' | 'tolerance'> = {},
): GradientCase {
  return { name, shapes, compute: compute as GradientCase['compute'], ...more };
}
