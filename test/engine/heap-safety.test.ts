import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { openEngine } from '../../src/engine/open-engine.ts';
import { distinctInputs, evaluate, tapeGradients } from './finite-differences.ts';
import { compositionCases } from './gradient-cases/composition.ts';
import { convolutionCases } from './gradient-cases/convolution.ts';
import { elementWiseCases } from './gradient-cases/element-wise.ts';
import type { GradientCase } from './gradient-cases/gradient-case.ts';
import { movingCases } from './gradient-cases/moving.ts';
import { poolingCases } from './gradient-cases/pooling.ts';
import { reductionCases } from './gradient-cases/reduction.ts';
import { secondOrderCases } from './gradient-cases/second-order.ts';
import { HeapCanaries } from './heap-canaries.ts';

let canaries: HeapCanaries;

beforeAll(async () => {
  await openEngine({ name: 'wasm' });
  canaries = new HeapCanaries();
});

describe('no kernel writes outside of its tensors', () => {
  const groups: Record<string, readonly GradientCase[]> = {
    ...convolutionCases,
    ...elementWiseCases,
    ...movingCases,
    ...poolingCases,
    ...reductionCases,
    compositions: compositionCases,
    'gradients of second order': secondOrderCases,
  };

  test.each(Object.entries(groups))('%s', (_, cases) => {
    for (const { name, shapes, range, compute } of cases) {
      const inputs = distinctInputs(shapes, range ?? [-0.9, 0.9]);
      evaluate(compute, inputs);
      tapeGradients(compute, inputs);
      expect(canaries.damaged(), name).toEqual([]);
    }
  });

  test('the canaries notice a write behind a tensor', () => {
    const tensor = tf.tensor1d([1, 2, 3]);
    const backend = tf.backend() as unknown as {
      typedArrayFromHeap(x: tf.TensorInfo): Float32Array;
    };
    const view = backend.typedArrayFromHeap(tensor);
    const behind = new Float32Array(view.buffer, view.byteOffset + view.byteLength, 1);
    const before = behind.slice();
    behind.fill(1);
    expect(canaries.damaged()).toEqual([12]);
    behind.set(before);
    tensor.dispose();
  });
});

test('weights that are multiplied in two shapes give the right products', () => {
  const weights = tf.tensor1d([1, 2, 3, 4]);
  const row = tf.matMul(tf.ones([3, 1]), tf.reshape(weights, [1, 4]));
  const column = tf.matMul(tf.ones([3, 4]), tf.reshape(weights, [4, 1]));
  const square = tf.matMul(tf.ones([3, 2]), tf.reshape(weights, [2, 2]));
  expect([...row.dataSync()]).toEqual([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]);
  expect([...column.dataSync()]).toEqual([10, 10, 10]);
  expect([...square.dataSync()]).toEqual([4, 6, 4, 6, 4, 6]);
  expect(canaries.damaged()).toEqual([]);
});
