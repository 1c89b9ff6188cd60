// Kernels of the wasm backend that ours replace for their speed, against TensorFlow.js's plain
// JavaScript, which we leave as it is for them.
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { openEngine } from '../../src/engine/open-engine.ts';
import { HeapCanaries } from './heap-canaries.ts';

let canaries: HeapCanaries;

beforeAll(async () => {
  await openEngine({ name: 'cpu' });
  await openEngine({ name: 'wasm' });
  canaries = new HeapCanaries();
});

type Numbers = 'float32' | 'int32' | 'bool';

/** Values with ties, zeros and negative ones; of each type those that it has. */
function tensorOf(shape: readonly number[], type: Numbers, factor = 7): tf.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const values = Array.from({ length: size }, (_, i) => ((i * factor) % 11) - 5);
  if (type === 'bool')
    return tf.tensor(
      values.map(value => Number(value > 0)),
      [...shape],
      type,
    );
  return tf.tensor(type === 'int32' ? values : values.map(value => value / 4), [...shape], type);
}

async function resultOn(
  backend: 'wasm' | 'cpu',
  compute: () => tf.Tensor,
): Promise<{ readonly shape: number[]; readonly type: string; readonly values: number[] }> {
  await tf.setBackend(backend);
  return tf.tidy(() => {
    const result = compute();
    return { shape: result.shape, type: result.dtype, values: [...result.dataSync()] };
  });
}

async function expectSame(compute: () => tf.Tensor): Promise<void> {
  const expected = await resultOn('cpu', compute);
  expect(await resultOn('wasm', compute)).toEqual(expected);
  expect(canaries.damaged()).toEqual([]);
}

const types = fc.constantFrom<Numbers[]>('float32', 'int32', 'bool');
const shapes = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }),
  // With rows that are copied in one go.
  fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), fc.constant(61)),
);

test('repetition', async () => {
  await fc.assert(
    fc.asyncProperty(
      shapes,
      types,
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 5, maxLength: 5 }),
      (...given) => {
        const [shape, type, repetitions] = given;
        const reps = repetitions.slice(0, shape.length);
        return expectSame(() => tf.tile(tensorOf(shape, type), reps));
      },
    ),
    { numRuns: 60 },
  );
});

test('turning around', async () => {
  await fc.assert(
    fc.asyncProperty(
      shapes,
      types,
      fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
      (shape, type, choices) => {
        const axes = [...shape.keys()].filter(axis => choices[axis]);
        return expectSame(() => tf.reverse(tensorOf(shape, type), axes));
      },
    ),
    { numRuns: 60 },
  );
});

test('slices', async () => {
  await fc.assert(
    fc.asyncProperty(
      shapes,
      types,
      fc.array(fc.nat(4), { minLength: 10, maxLength: 10 }),
      (shape, type, choices) => {
        const begin = shape.map((length, axis) => (choices[axis] ?? 0) % length);
        const size = shape.map((length, axis) => {
          const most = length - (begin[axis] ?? 0);
          // To the end, or some of it.
          const choice = choices[axis + 5] ?? 0;
          return choice === 0 ? -1 : 1 + (choice % most);
        });
        return expectSame(() => tf.slice(tensorOf(shape, type), begin, size));
      },
    ),
    { numRuns: 60 },
  );
});

test('exchanges of axes', async () => {
  await fc.assert(
    fc.asyncProperty(
      shapes,
      types,
      fc.array(fc.nat(9), { minLength: 5, maxLength: 5 }),
      (shape, type, choices) => {
        const order = shape
          .map((_, axis) => ({ axis, key: choices[axis] ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ axis }) => axis);
        return expectSame(() => tf.transpose(tensorOf(shape, type), order));
      },
    ),
    { numRuns: 60 },
  );
});

test('depth to space', async () => {
  for (const [shape, blockSize] of [
    [[2, 3, 4, 8], 2],
    [[1, 2, 1, 18], 3],
    [[2, 2, 3, 200], 2],
  ] as const) {
    await expectSame(() =>
      tf.depthToSpace(tensorOf(shape, 'float32') as tf.Tensor4D, blockSize, 'NHWC'),
    );
  }
});

test('texts are sliced as well', () => {
  const letters = tf.slice(tf.tensor(['a', 'b', 'c']), 1, 2);
  expect([...letters.dataSync<'string'>()]).toEqual(['b', 'c']);
});

const comparisons = [tf.greater, tf.greaterEqual, tf.less, tf.lessEqual];

test('comparisons of equal shapes, with a number, and of shapes that are broadcast', async () => {
  const pairs: [number[], number[]][] = [
    [
      [3, 4, 5],
      [3, 4, 5],
    ],
    [[3, 4, 5], []],
    [[3, 4, 5], [1]],
    [[1], [1, 1]],
    [[], [3]],
    [[3, 4], [4]],
    [
      [2, 1, 3],
      [4, 1],
    ],
  ];
  for (const compare of comparisons) {
    for (const [a, b] of pairs) {
      for (const type of ['float32', 'int32'] as const) {
        await expectSame(() => compare(tensorOf(a, type), tensorOf(b, type, 3)));
      }
    }
    await expectSame(() =>
      compare(tf.tensor([NaN, 1, Infinity, -0]), tf.tensor([1, NaN, Infinity, 0])),
    );
  }
});

test('choices and conjunctions', async () => {
  for (const [condition, shape] of [
    [
      [3, 4],
      [3, 4],
    ],
    [[4], [3, 4]],
  ] as const) {
    await expectSame(() =>
      tf.where(
        tensorOf(condition, 'bool'),
        tensorOf(shape, 'float32'),
        tensorOf(shape, 'float32', 3),
      ),
    );
    await expectSame(() => tf.logicalAnd(tensorOf(condition, 'bool'), tensorOf(shape, 'bool', 3)));
  }
  // Values that are not chosen do not matter, whatever they are.
  await expectSame(() => tf.where(tf.tensor([1, 0], [2], 'bool'), [1, NaN], [Infinity, -0]));
});
