import * as tf from '@tensorflow/tfjs-core';
import type { BatchFunction } from '../../src/engine/engine.ts';
import { Random } from '../../src/random/random.ts';
import {
  gradientInputs,
  inputGradient,
  kerasCnn,
  leNet,
  mobileNet96,
  type Network,
} from '../engine/compile/networks.ts';
import { carliniWagnerStep, type Step, wganStep } from '../engine/compile/training-steps.ts';

/** What is measured on every engine; the names are those of torch_workloads.py. */
export interface Workload {
  readonly name: string;
  readonly batches: readonly number[];
  /** Whether it is a gradient or for the greatest part of one. */
  readonly isGradient: boolean;
  /** Whether it may be done for parts of a batch: what becomes of a sample has to do with it alone. */
  readonly hasIndependentSamples: boolean;
  step(batch: number): Step;
  /** The same for each row by itself, where rows are independent. */
  readonly rows?: BatchFunction;
}

function uniform(shape: readonly number[], key: string): Float32Array {
  const random = new Random(1, ['bench', key]);
  const size = shape.reduce((product, length) => product * length, 1);
  return Float32Array.from({ length: size }, () => random.uniform());
}

function step(
  name: string,
  shapes: readonly (readonly number[])[],
  compute: Step['compute'],
): Step {
  return { name, shapes, compute, inputs: shapes.map((shape, i) => uniform(shape, `${i}`)) };
}

function gradientOf(name: string, network: Network): Workload {
  const rows = inputGradient(network);
  return {
    name,
    batches: [1, 16, 100],
    isGradient: true,
    hasIndependentSamples: true,
    rows,
    step: batch => ({
      name,
      shapes: rows.inputs.map(shape => [batch, ...shape]),
      compute: (...inputs) => rows.compute(...inputs),
      inputs: gradientInputs(network, batch),
    }),
  };
}

const image = (batch: number): number[] => [batch, 28, 28, 32];
const result = (batch: number): number[] => [batch, 28, 28, 64];
const filterShape = [3, 3, 32, 64] as const;
const attributes = { strides: [1, 1], pad: 'same', dataFormat: 'NHWC', dilations: [1, 1] };

/** The part of the Keras CNN before its dropout, run once, and its head on 100 masks. */
function dropoutPasses(batch: number): Step {
  const weights = [
    [3, 3, 1, 32],
    [3, 3, 32, 64],
    [9216, 128],
    [128, 10],
  ].map((shape, index) =>
    tf.keep(tf.mul(tf.tensor(uniform(shape, `weight ${index}`), shape), 0.01)),
  ) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor2D, tf.Tensor2D];
  return step(
    '100 dropout passes',
    [
      [batch, 28, 28, 1],
      [100, batch, 128],
    ],
    (x, masks) => {
      const [first, second, hidden, last] = weights;
      const lower = tf.relu(tf.conv2d(x as tf.Tensor4D, first, 1, 'valid'));
      const upper = tf.relu(tf.conv2d(lower, second, 1, 'valid'));
      const pooled = tf.reshape<tf.Rank.R2>(tf.maxPool(upper, 2, 2, 'valid'), [batch, -1]);
      const features = tf.relu(tf.matMul(pooled, hidden));
      const rows = tf.reshape<tf.Rank.R2>(tf.mul(features, masks), [100 * batch, 128]);
      return [tf.softmax(tf.matMul(rows, last))];
    },
  );
}

export const workloads: readonly Workload[] = [
  {
    name: 'matMul 1024',
    batches: [1],
    isGradient: false,
    hasIndependentSamples: false,
    step: () =>
      step(
        'matMul 1024',
        [
          [1024, 1024],
          [1024, 1024],
        ],
        (a, b) => [tf.matMul(a, b)],
      ),
  },
  {
    name: 'conv2d',
    batches: [1, 16, 100],
    isGradient: false,
    hasIndependentSamples: true,
    step: (batch: number): Step => {
      const filter = tf.keep(tf.tensor4d(uniform(filterShape, 'filter'), [...filterShape]));
      return step('conv2d', [image(batch)], x => [tf.conv2d(x as tf.Tensor4D, filter, 1, 'same')]);
    },
  },
  {
    name: 'conv2d, input gradient',
    batches: [1, 16, 100],
    isGradient: true,
    hasIndependentSamples: true,
    step: (batch: number): Step => {
      const filter = tf.keep(tf.tensor4d(uniform(filterShape, 'filter'), [...filterShape]));
      return step('conv2d, input gradient', [result(batch)], dy => [
        tf
          .engine()
          .runKernel(
            tf.Conv2DBackpropInput,
            { dy: dy, filter },
            { ...attributes, inputShape: image(batch) },
          ),
      ]);
    },
  },
  {
    name: 'conv2d, filter gradient',
    batches: [1, 16, 100],
    isGradient: true,
    hasIndependentSamples: false,
    step: batch =>
      step('conv2d, filter gradient', [image(batch), result(batch)], (x, dy) => [
        tf
          .engine()
          .runKernel(
            tf.Conv2DBackpropFilter,
            { x: x, dy: dy },
            { ...attributes, filterShape: [...filterShape] },
          ),
      ]),
  },
  gradientOf('Keras CNN', kerasCnn),
  gradientOf('LeNet', leNet),
  gradientOf('MobileNet-like 96x96', mobileNet96),
  {
    name: 'C&W step',
    batches: [1, 16, 100],
    isGradient: true,
    hasIndependentSamples: true,
    step: batch => carliniWagnerStep(kerasCnn, batch),
  },
  {
    name: 'WGAN-GP critic step',
    batches: [16, 64],
    isGradient: true,
    hasIndependentSamples: false,
    step: batch => wganStep(batch),
  },
  {
    name: '100 dropout passes',
    batches: [1, 16],
    isGradient: false,
    hasIndependentSamples: true,
    step: dropoutPasses,
  },
];
