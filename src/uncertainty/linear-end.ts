import type { Tensor } from '@tensorflow/tfjs-core';
import type { Matrix } from '../linear-algebra/matrix.ts';

/** The last weights of a network and what they are applied to. */
export interface LinearEnd {
  /** Layer or node, for the report. */
  readonly name: string;
  /** `[features, outputs]` */
  readonly weights: Matrix;
  /** `[outputs]` */
  readonly bias: Float64Array;
  /** What the network takes to the features, `[batch, features]`. */
  readonly features: (prepared: Tensor) => Tensor;
}
