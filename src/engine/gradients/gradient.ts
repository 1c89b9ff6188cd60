import * as tf from '@tensorflow/tfjs-core';

/** The gradient of a kernel that takes the place of the library's own, or that the library lacks. */
export interface Gradient {
  /** Name of the kernel in TensorFlow.js. */
  readonly name: string;
  readonly config: tf.GradConfig;
}

/** What of a kernel's inputs and outputs the gradient needs to see again, in this order. */
interface Saved {
  /** Names of inputs. */
  readonly inputs?: readonly string[];
  /** True for each output. */
  readonly outputs?: readonly boolean[];
  /** For kernels that take a list of tensors: all of them. */
  readonly allInputs?: true;
}

/**
 * Gradients with respect to the inputs by name, each computed only when it is asked for. Written
 * with operations that have gradients themselves, so that second order works.
 *
 * The registry of TensorFlow.js is untyped: `never` stands for what it passes under that kernel's
 * name (dy, or a list for several outputs; what was saved; the attributes).
 */
type GradientFunction = (
  dy: never,
  saved: never,
  attributes: never,
) => Record<string, () => tf.Tensor>;

/** Declares the gradient of a kernel. */
export function gradient(name: string, saved: Saved, compute: GradientFunction): Gradient {
  return {
    name,
    config: {
      kernelName: name,
      inputsToSave: [...(saved.inputs ?? [])],
      outputsToSave: [...(saved.outputs ?? [])],
      ...(saved.allInputs === true && { saveAllInputs: true }),
      gradFunc: (dy, tensors, attributes) =>
        compute(dy as never, tensors as never, attributes as never),
    },
  };
}

/** Sums a gradient over the axes along which its input of that shape was broadcast. */
export function sumToShape(dy: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const axes = tf.broadcast_util.getReductionAxes([...shape], dy.shape);
  return tf.reshape(axes.length === 0 ? dy : tf.sum(dy, axes), [...shape]);
}
