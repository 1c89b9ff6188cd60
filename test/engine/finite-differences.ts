import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../../src/random/random.ts';
import { sizeOf } from '../../src/arrays/batch.ts';

/** A function of tensors; what is differentiated is a fixed weighted sum of its values. */
export type TensorFunction = (...inputs: tf.Tensor[]) => tf.Tensor;

export interface Inputs {
  readonly arrays: readonly Float32Array[];
  readonly shapes: readonly (readonly number[])[];
  /** Smallest distance between two values; a step well below it crosses no tie. */
  readonly spacing: number;
}

/** Distinct values, evenly spaced over the range and shuffled over all inputs: no ties, no zeros. */
export function distinctInputs(
  shapes: readonly (readonly number[])[],
  [lower, upper]: readonly [number, number],
): Inputs {
  const sizes = shapes.map(sizeOf);
  const total = 2 * Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / 2);
  const spacing = (upper - lower) / total;
  const order = new Random(1, ['distinct inputs']).permutation(total);
  let offset = 0;
  const arrays = sizes.map(size => {
    const places = order.subarray(offset, offset + size);
    offset += size;
    return Float32Array.from(places, place => lower + (place + 0.5) * spacing);
  });
  return { arrays, shapes, spacing };
}

/** Weights of the sum, all different, so that no error can hide behind another. */
function outputWeights(size: number): Float32Array {
  const random = new Random(2, ['output weights']);
  return Float32Array.from({ length: size }, () => random.uniform(0.3, 1) * random.sign());
}

/** The values of the function, computed on the current backend. */
export function evaluate(fn: TensorFunction, inputs: Inputs): Float32Array {
  return tf.tidy(() => {
    const tensors = inputs.arrays.map((values, i) =>
      tf.tensor(values, [...(inputs.shapes[i] ?? [])]),
    );
    return fn(...tensors).dataSync<'float32'>() as unknown as tf.Tensor;
  }) as unknown as Float32Array;
}

/** The weighted sum, accumulated in double precision. */
function weightedSum(fn: TensorFunction, inputs: Inputs): number {
  const values = evaluate(fn, inputs);
  const weights = outputWeights(values.length);
  return values.reduce((sum, value, i) => sum + value * (weights[i] as number), 0);
}

/** Gradients of the weighted sum by the tape, one array for each input. */
export function tapeGradients(fn: TensorFunction, inputs: Inputs): Float32Array[] {
  return tf.tidy(() => {
    const tensors = inputs.arrays.map((values, i) =>
      tf.tensor(values, [...(inputs.shapes[i] ?? [])]),
    );
    const gradients = tf.grads((...xs: tf.Tensor[]) => scalarOf(fn)(...xs))(tensors);
    return gradients.map(gradient => gradient.dataSync<'float32'>()) as unknown as tf.Tensor[];
  }) as unknown as Float32Array[];
}

function scalarOf(fn: TensorFunction): (...inputs: tf.Tensor[]) => tf.Scalar {
  return (...inputs) => {
    const output = fn(...inputs);
    return tf.sum(tf.mul(tf.reshape(output, [-1]), outputWeights(output.size)));
  };
}

/** Gradients of the weighted sum by central differences, one value after the other. */
export function centralDifferences(fn: TensorFunction, inputs: Inputs): Float64Array[] {
  const step = Math.min(0.2 * inputs.spacing, 5e-3);
  return inputs.arrays.map((values, which) =>
    Float64Array.from(values, (value, i) => {
      const moved = (offset: number): [number, number] => {
        const changed = values.slice();
        changed[i] = value + offset;
        const arrays = inputs.arrays.map((other, index) => (index === which ? changed : other));
        return [changed[i], weightedSum(fn, { ...inputs, arrays })];
      };
      const [high, above] = moved(step);
      const [low, below] = moved(-step);
      return (above - below) / (high - low);
    }),
  );
}

/**
 * A function whose gradient is of second order: the inner product of the inputs' gradients (of the
 * weighted sum) with fixed directions, as a gradient penalty has it.
 */
export function gradientAlongDirections(fn: TensorFunction): TensorFunction {
  return (...inputs) => {
    const gradients = tf.grads((...xs: tf.Tensor[]) => scalarOf(fn)(...xs))(inputs);
    const products = gradients.map((gradient, i) => {
      const random = new Random(3, ['direction', i]);
      const direction = Float32Array.from({ length: gradient.size }, () => random.uniform(-1, 1));
      return tf.sum(tf.mul(tf.reshape(gradient, [-1]), direction));
    });
    return tf.addN(products);
  };
}

/** Largest difference, as a fraction of the largest expected value. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let scale = 1e-6;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs((actual[i] as number) - (expected[i] as number));
    difference = Math.max(difference, Number.isNaN(error) ? Infinity : error);
    scale = Math.max(scale, Math.abs(expected[i] as number));
  }
  return actual.length === expected.length ? difference / scale : Infinity;
}
