import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { RunnableGraph } from './graph-def.ts';

/** What stands at the end of an output. */
export interface FinalActivation {
  /** Keras name of the activation: `softmax`, `sigmoid`, `linear`, … */
  readonly activation: string;
  /** Layer or node that holds it, with the models around it: `encoder/dense_2`. */
  readonly layer: string;
  /** Whether the value before the activation can be had from the model. */
  readonly removable: boolean;
}

/** One input and one output of a saved model, built on the current backend. */
export interface Network {
  /** Shape of one input without the batch axis; `null` where the model leaves it open, and
   * `undefined` where even the number of axes is. */
  readonly inputShape: readonly (number | null)[] | undefined;
  readonly outputName: string;
  readonly ending: FinalActivation;
  /** Numbers that training has found. */
  readonly parameterCount: number;
  /** The layers from that input to that output, of which variants can be made; graphs have none. */
  readonly layersModel?: LayersModel;
  /** The graph behind it; layers models have none. */
  readonly graph?: RunnableGraph;
  /** Whether a sample's answer cannot depend on the batch it is in, by the way the model is made. */
  readonly rowsAreIndependent: boolean;
  /** `[batch, …inputShape]` to the output, in inference mode, differentiable. */
  apply(inputs: Tensor): Tensor;
  /** The network without its final activation, where that is removable. Disposes this one. */
  beforeActivation(): Promise<Network>;
  dispose(): void;
}
