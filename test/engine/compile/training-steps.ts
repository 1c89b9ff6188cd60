import * as tf from '@tensorflow/tfjs-core';
import type { TensorFunction } from '../../../src/engine/compile/trace.ts';
import { Random } from '../../../src/random/random.ts';
import type { Network } from './networks.ts';

/** A whole step of an algorithm as one function: what changes from call to call goes in and out. */
export interface Step {
  readonly name: string;
  /** Shapes of the inputs. */
  readonly shapes: readonly (readonly number[])[];
  readonly compute: TensorFunction;
  /** Seeded inputs. */
  readonly inputs: readonly Float32Array[];
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

function uniform(shape: readonly number[], key: string, lower = 0, upper = 1): Float32Array {
  const random = new Random(5, [key]);
  return Float32Array.from({ length: sizeOf(shape) }, () => random.uniform(lower, upper));
}

function normal(shape: readonly number[], key: string, deviation: number): Float32Array {
  const random = new Random(5, [key]);
  return Float32Array.from({ length: sizeOf(shape) }, () => deviation * random.normal());
}

/** Weights of a critic of 28×28 images, two convolutions of stride two: `[first, second]` filters. */
function criticShapes([first, second]: readonly [number, number]): readonly number[][] {
  return [[5, 5, 1, first], [first], [5, 5, first, second], [second], [49 * second, 1], [1]];
}

type Activation = (x: tf.Tensor) => tf.Tensor;

function critic(x: tf.Tensor, weights: readonly tf.Tensor[], activation: Activation): tf.Tensor {
  const [w1, b1, w2, b2, w3, b3] = weights as [
    tf.Tensor4D,
    tf.Tensor,
    tf.Tensor4D,
    tf.Tensor,
    tf.Tensor2D,
    tf.Tensor,
  ];
  const layer = (input: tf.Tensor, filter: tf.Tensor4D, bias: tf.Tensor): tf.Tensor =>
    activation(tf.add(tf.conv2d(input as tf.Tensor4D, filter, 2, 'same'), bias));
  const features = layer(layer(x, w1, b1), w2, b2);
  const rows = tf.reshape<tf.Rank.R2>(features, [x.shape[0], -1]);
  return tf.add(tf.matMul(rows, w3), b3);
}

/**
 * The loss of a critic with gradient penalty (Gulrajani et al. 2017) and its gradients by all
 * weights, which are of second order.
 */
export function wganStep(
  batch: number,
  filters: readonly [number, number] = [64, 128],
  activation: Activation = x => tf.leakyRelu(x, 0.2),
): Step {
  const image = [batch, 28, 28, 1];
  const shapes = [image, image, [batch, 1, 1, 1], ...criticShapes(filters)];
  return {
    name: 'WGAN-GP critic step',
    shapes,
    compute: (real, fake, mix, ...weights) => {
      const loss = (...current: tf.Tensor[]): tf.Scalar => {
        const between = tf.add(tf.mul(mix, real), tf.mul(tf.sub(1, mix), fake));
        const slope = tf.grad(x => tf.sum(critic(x, current, activation)))(between);
        const squares = tf.sum(tf.square(tf.reshape(slope, [batch, -1])), 1);
        const penalty = tf.mean(tf.square(tf.sub(tf.sqrt(tf.add(squares, 1e-12)), 1)));
        const distance = tf.sub(
          tf.mean(critic(fake, current, activation)),
          tf.mean(critic(real, current, activation)),
        );
        return tf.add<tf.Scalar>(distance, tf.mul(penalty, 10));
      };
      const { value, grads } = tf.valueAndGrads(loss)(weights);
      return [value, ...grads];
    },
    inputs: [
      uniform(image, 'real', -1),
      uniform(image, 'fake', -1),
      uniform([batch], 'mix'),
      ...criticShapes(filters).map((shape, index) => normal(shape, `weight ${index}`, 0.05)),
    ],
  };
}

/** One step of Carlini & Wagner's attack: the adversary, its optimiser and the loss, in and out. */
export function carliniWagnerStep(
  { inputShape, classCount, logits }: Network,
  batch: number,
): Step {
  const image = [batch, ...inputShape];
  const originals = uniform(image, 'originals', 0.05, 0.95);
  const labels = new Float32Array(batch * classCount);
  for (let row = 0; row < batch; row++) labels[row * classCount + (row % classCount)] = 1;
  return {
    name: 'C&W step',
    shapes: [image, image, image, [batch], image, [batch, classCount], [batch]],
    compute: (...inputs) => {
      const [w, m, v, rate, original, label, constant] = inputs as [
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
      ];
      const kept: tf.Tensor[] = [];
      const loss = (position: tf.Tensor): tf.Tensor => {
        const adversary = tf.keep(tf.mul(tf.add(tf.tanh(position), 1), 0.5));
        const z = tf.keep(logits(adversary));
        const own = tf.sum(tf.mul(z, label), 1);
        const other = tf.max(tf.sub(z, tf.mul(label, 1e4)), 1);
        const axes = inputShape.map((_, axis) => axis + 1);
        const distance = tf.keep(tf.sum(tf.squaredDifference(adversary, original), axes));
        kept.push(adversary, z, distance);
        return tf.add(distance, tf.mul(constant, tf.relu(tf.sub(own, other))));
      };
      const slope = tf.grad(loss)(w, tf.ones([batch]));
      const m2 = tf.add(tf.mul(m, 0.9), tf.mul(slope, 0.1));
      const v2 = tf.add(tf.mul(v, 0.999), tf.mul(tf.square(slope), 0.001));
      const step = tf.mul(
        tf.reshape(rate, [batch, ...inputShape.map(() => 1)]),
        tf.div(m2, tf.add(tf.sqrt(v2), 1e-8)),
      );
      const results = [tf.sub(w, step), m2, v2, ...kept.map(tensor => tf.clone(tensor))];
      tf.dispose(kept);
      return results;
    },
    inputs: [
      originals.map(x => Math.atanh(2 * x - 1)),
      normal(image, 'm', 0.01),
      uniform(image, 'v', 1e-4, 1e-3),
      new Float32Array(batch).fill(0.01),
      originals,
      labels,
      new Float32Array(batch).fill(1),
    ],
  };
}
