import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { sizeOf } from '../../../src/arrays/batch.ts';
import { channelBlockOf } from '../../../src/engine/compile/block-size.ts';
import { compileFunction } from '../../../src/engine/compile/compile-function.ts';
import { loadRuntime, type Runtime } from '../../../src/engine/compile/session.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';
import { Random } from '../../../src/random/random.ts';

let runtime: Runtime;

beforeAll(async () => {
  await openEngine({ name: 'wasm' });
  runtime = await loadRuntime();
});

interface Convolution {
  readonly batch: number;
  readonly image: readonly [number, number];
  readonly filter: readonly [number, number];
  readonly channels: number;
  readonly outputs: number;
  readonly strides: [number, number];
  readonly dilations: [number, number];
  readonly pad: 'same' | 'valid' | number;
}

const convolutions: fc.Arbitrary<Convolution> = fc
  .record({
    // Fewer than a block of any processor, one or two and a rest.
    batch: fc.constantFrom(1, 2, 3, 17),
    image: fc.tuple(fc.integer({ min: 5, max: 9 }), fc.integer({ min: 5, max: 9 })),
    filter: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
    // One, some that fill no block, and one or two blocks of any processor.
    channels: fc.constantFrom(1, 3, 16, 32),
    outputs: fc.constantFrom(1, 3, 16, 32),
    strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    dilations: fc.constantFrom<[number, number]>([1, 1], [1, 1], [2, 1], [2, 2]),
    pad: fc.constantFrom<'same' | 'valid' | number>('same', 'valid', 1, 2),
  })
  .map(convolution => {
    const { dilations, pad, filter, strides } = convolution;
    // TensorFlow.js takes either strides or dilations, and the filter has to fit into the image.
    if (dilations.some(dilation => dilation > 1)) {
      return { ...convolution, strides: [1, 1], filter: [3, 2], pad: 'same' };
    }
    // With a number of zeros it counts columns by the stride and the filter of the rows.
    return typeof pad === 'number'
      ? { ...convolution, filter: [filter[0], filter[0]], strides: [strides[0], strides[0]] }
      : convolution;
  });

/** Result, input gradient and filter gradient of a convolution by their definition, in doubles. */
function byDefinition(
  convolution: Convolution,
  outputShape: readonly [number, number],
  padding: readonly [number, number],
  [x, w, dy]: readonly [Float32Array, Float32Array, Float32Array],
): Record<'y' | 'dx' | 'dw', Float64Array> {
  const { batch, image, filter, channels, outputs, strides, dilations } = convolution;
  const y = new Float64Array(dy.length);
  const dx = new Float64Array(x.length);
  const dw = new Float64Array(w.length);
  const [height, width] = image;
  for (let sample = 0; sample < batch; sample++) {
    for (let row = 0; row < outputShape[0]; row++) {
      for (let column = 0; column < outputShape[1]; column++) {
        for (let tap = 0; tap < filter[0] * filter[1]; tap++) {
          const down = Math.floor(tap / filter[1]);
          const across = tap % filter[1];
          const top = row * strides[0] + down * dilations[0] - padding[0];
          const left = column * strides[1] + across * dilations[1] - padding[1];
          if (top < 0 || top >= height || left < 0 || left >= width) continue;
          for (let channel = 0; channel < channels; channel++) {
            const from = ((sample * height + top) * width + left) * channels + channel;
            for (let output = 0; output < outputs; output++) {
              const place = (sample * outputShape[0] + row) * outputShape[1] + column;
              const to = place * outputs + output;
              const weight = (tap * channels + channel) * outputs + output;
              const [a = 0, b = 0, c = 0] = [x[from], w[weight], dy[to]];
              y[to] = (y[to] ?? 0) + a * b;
              dx[from] = (dx[from] ?? 0) + c * b;
              dw[weight] = (dw[weight] ?? 0) + a * c;
            }
          }
        }
      }
    }
  }
  return { y, dx, dw };
}

function expectClose(actual: ArrayLike<number>, expected: Float64Array, what: string): void {
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  expected.forEach((value, index) => {
    const error = Math.abs(value - (actual[index] ?? NaN)) / scale;
    if (!(error < 1e-5)) expect.fail(`${what}, number ${index} is off by ${error}`);
  });
}

describe('convolutions whose filter is trained', () => {
  test('have the results and both gradients of their definition, whatever the windows', async () => {
    await fc.assert(
      fc.asyncProperty(convolutions, fc.integer(), async (convolution, seed) => {
        const { batch, image, filter, channels, outputs, strides, dilations, pad } = convolution;
        const xShape = [batch, ...image, channels] as [number, number, number, number];
        const wShape = [...filter, channels, outputs] as [number, number, number, number];
        // Only with a number of zeros may windows fail to reach the end of the image.
        const rounding = typeof pad === 'number' ? 'floor' : undefined;
        const info = tf.backend_util.computeConv2DInfo(
          xShape,
          wShape,
          strides,
          dilations,
          pad,
          rounding,
        );
        fc.pre(info.outHeight > 0 && info.outWidth > 0);
        const random = new Random(seed, ['trained filters']);
        const inputs = [xShape, wShape, info.outShape].map(shape =>
          Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
        ) as [Float32Array, Float32Array, Float32Array];
        const compiled = await compileFunction(
          runtime,
          (x, w, dy) => {
            const conv = (image_: tf.Tensor, filter_: tf.Tensor): tf.Tensor =>
              tf.conv2d(
                image_ as tf.Tensor4D,
                filter_ as tf.Tensor4D,
                strides,
                pad,
                'NHWC',
                dilations,
                rounding,
              );
            const [dx, dw] = tf.grads(conv)([x, w], dy) as [tf.Tensor, tf.Tensor];
            return [conv(x, w), dx, dw];
          },
          [xShape, wShape, info.outShape].map(shape => ({ shape, type: 'float32' })),
        );
        const [y = [], dx = [], dw = []] = await compiled.run(inputs);
        await compiled.release();
        const { top, left } = info.padInfo;
        const size = [info.outHeight, info.outWidth] as const;
        const expected = byDefinition(convolution, size, [top, left], inputs);
        expectClose(y, expected.y, 'result');
        expectClose(dx, expected.dx, 'input gradient');
        expectClose(dw, expected.dw, 'filter gradient');
      }),
      { numRuns: 400 },
    );
  });

  test('have the gradients of wasm between other convolutions, over parts of a batch and a rest', async () => {
    // Two groups of four blocks (AVX-512) or eight (AVX2) leave one sample.
    const shapes = [
      [65, 28, 28, 16],
      [3, 3, 16, 32],
      [3, 5, 32, 48],
    ];
    const compute = (...values: tf.Tensor[]): tf.Tensor[] =>
      tf.grads((x, first, second) => {
        const lower = tf.tanh(tf.conv2d(x as tf.Tensor4D, first as tf.Tensor4D, 1, 'same'));
        const upper = tf.conv2d(lower, second as tf.Tensor4D, [2, 1], 'same');
        return tf.mean(tf.square(upper));
      })(values);
    const random = new Random(2, ['parts of a batch']);
    const inputs = shapes.map(shape =>
      Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
    );
    const specs = shapes.map(shape => ({ shape, type: 'float32' }) as const);
    const compiled = await compileFunction(runtime, compute, specs);
    const gradients = await compiled.run(inputs);
    await compiled.release();
    const onWasm = compute(
      ...shapes.map((shape, index) => tf.tensor(inputs[index] as Float32Array, shape)),
    );
    for (const [index, name] of ['x', 'first filter', 'second filter'].entries()) {
      const expected = Float64Array.from((await onWasm[index]?.data()) ?? []);
      const most = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
      // In units of the largest number: the mean makes all of them small.
      const scaled = (values: ArrayLike<number>): Float64Array =>
        Float64Array.from(values, value => value / most);
      expectClose(scaled(gradients[index] ?? []), scaled(expected), name);
    }
  });

  test('are computed in blocks of channels where the processor has them', async () => {
    const block = await channelBlockOf(runtime);
    const shapes = [[2, 6, 6, 16], [3, 3, 16, 32], [32]];
    const compiled = await compileFunction(
      runtime,
      (x, w, bias) => [
        tf.leakyRelu(tf.add(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'), bias)),
      ],
      shapes.map(shape => ({ shape, type: 'float32' })),
    );
    await compiled.release();
    const operators = compiled.nodes
      .filter(({ domain }) => domain !== undefined)
      .map(({ operator }) => operator);
    // The bias is part of the convolution, and its activation is computed before blocks are left.
    expect(operators).toEqual(block === undefined ? [] : ['ReorderInput', 'Conv', 'ReorderOutput']);
    expect(compiled.nodes.some(({ operator }) => operator === 'Add')).toBe(block === undefined);
  });

  test('what is added behind relu is not added before it', async () => {
    const shapes = [[2, 6, 6, 16], [3, 3, 16, 32], [32]];
    const compute = (x: tf.Tensor, w: tf.Tensor, shift: tf.Tensor): tf.Tensor[] => [
      tf.add(tf.relu(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same')), shift),
    ];
    const random = new Random(1, ['behind relu']);
    const inputs = shapes.map(shape =>
      Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
    );
    const compiled = await compileFunction(
      runtime,
      (x, w, shift) => compute(x, w, shift),
      shapes.map(shape => ({ shape, type: 'float32' })),
    );
    const [result = []] = await compiled.run(inputs);
    await compiled.release();
    const [x, w, shift] = shapes.map((shape, index) =>
      tf.tensor(inputs[index] as Float32Array, shape),
    ) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const [sum] = compute(x, w, shift) as [tf.Tensor];
    const expected = Float64Array.from(await sum.data());
    expectClose(result, expected, 'result');
  });
});
