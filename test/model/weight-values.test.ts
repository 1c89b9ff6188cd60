import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { sizeOf } from '../../src/arrays/batch.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { dequantise } from '../../src/model/dequantised-weights.ts';
import type { WeightEntry } from '../../src/model/saved-model.ts';
import { decodeWeight, locateWeights } from '../../src/model/weight-values.ts';

beforeAll(() => openEngine({ name: 'cpu' }));

/** TensorFlow.js itself, as the oracle. */
function decodedByTensorFlow(entries: readonly WeightEntry[], data: ArrayBuffer): number[][] {
  const specs = entries.map(entry => ({ ...entry, shape: [...entry.shape] }));
  const tensors = tf.io.decodeWeights(data, specs);
  return entries.map(({ name }) => [...(tensors[name] as tf.Tensor).dataSync()]);
}

const shape = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 });
const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: -100, max: 100 });

const entry: fc.Arbitrary<Omit<WeightEntry, 'name'>> = fc.oneof(
  fc.record({
    shape,
    dtype: fc.constantFrom('float32' as const, 'int32' as const, 'bool' as const),
  }),
  fc.record({
    shape,
    dtype: fc.constantFrom('float32' as const, 'int32' as const),
    quantization: fc.record({
      dtype: fc.constantFrom('uint8' as const, 'uint16' as const),
      scale: finite,
      min: finite,
    }),
  }),
  fc.record({
    shape,
    dtype: fc.constant('float32' as const),
    quantization: fc.constant({ dtype: 'float16' as const }),
  }),
);

const bytesOf: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  bool: 1,
  uint8: 1,
  uint16: 2,
  float16: 2,
};

describe('weights have the values that TensorFlow.js gives them', () => {
  test('every dtype and quantisation, at any alignment', () => {
    const set = fc.array(entry, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(set, fc.integer(), (parts, seed) => {
        const entries = parts.map((part, i) => ({ ...part, name: `weight ${i}` }));
        const length = entries.reduce(
          (sum, each) =>
            sum + sizeOf(each.shape) * (bytesOf[each.quantization?.dtype ?? each.dtype] as number),
          0,
        );
        let state = seed;
        const data = Uint8Array.from({ length }, () => {
          state = (Math.imul(state, 1103515245) + 12345) | 0;
          return state >>> 16;
        }).buffer;
        const expected = decodedByTensorFlow(entries, data);
        const located = locateWeights(entries, data);
        expect(located.at(-1)?.end).toBe(length);
        located.forEach((each, i) => {
          expect([...(decodeWeight(each, data) as Float32Array)]).toEqual(expected[i]);
        });

        const { specs, data: widened } = dequantise({ weights: entries, weightData: data });
        expect(decodedByTensorFlow(specs, widened)).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  test('strings and complex numbers', () => {
    const entries: WeightEntry[] = [
      { name: 'words', shape: [2], dtype: 'string' },
      { name: 'complex', shape: [1], dtype: 'complex64' },
    ];
    const strings = Buffer.from([3, 0, 0, 0, 97, 98, 99, 0, 0, 0, 0]);
    const data = Uint8Array.from(
      Buffer.concat([strings, new Uint8Array(Float32Array.of(1.5, -2).buffer)]),
    ).buffer;
    const [words, complex] = locateWeights(entries, data).map(each => decodeWeight(each, data));
    const texts = (words as readonly Uint8Array[]).map(text => Buffer.from(text).toString());
    expect(texts).toEqual(['abc', '']);
    expect(complex).toEqual(Float32Array.of(1.5, -2));

    const tensors = tf.io.decodeWeights(data, entries as tf.io.WeightsManifestEntry[]);
    expect((tensors['words'] as tf.Tensor).dataSync()).toEqual(['abc', '']);
  });

  test('what only the optimiser uses is left out', () => {
    const weights: WeightEntry[] = [
      { name: 'momentum', shape: [1], dtype: 'float32', group: 'optimizer' },
      { name: 'kernel', shape: [1], dtype: 'float32', group: 'model' },
    ];
    const { specs, data } = dequantise({ weights, weightData: Float32Array.of(7, 8).buffer });
    expect(specs).toEqual([{ name: 'kernel', shape: [1], dtype: 'float32' }]);
    expect([...new Float32Array(data)]).toEqual([8]);
  });
});
