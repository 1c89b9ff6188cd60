import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openNativeEngine } from '../../../src/engine/compile/native-engine.ts';
import { recordingBackendName } from '../../../src/engine/compile/recording-backend.ts';
import type { BatchFunction, Engine, PreparedFunction } from '../../../src/engine/engine.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';
import { Random } from '../../../src/random/random.ts';
import { gradientInputs, inputGradient, kerasCnn, networks } from './networks.ts';

let eager: Engine;
let native: Engine;

beforeAll(async () => {
  eager = await openEngine({ name: 'wasm' });
  native = await openNativeEngine({ eager: await openEngine({ name: 'wasm' }) });
});

afterAll(() => {
  native.dispose();
  eager.dispose();
});

/** A function of vectors of three numbers. */
function onTriples(
  name: string,
  compute: (x: tf.Tensor2D) => tf.Tensor | readonly tf.Tensor[],
): BatchFunction {
  return {
    name,
    inputs: [[3]],
    compute(x) {
      const result = compute(x as tf.Tensor2D);
      return result instanceof tf.Tensor ? [result] : result;
    },
  };
}

function triples(count: number): Float32Array {
  return Float32Array.from({ length: 3 * count }, (_, index) => Math.sin(index + 1));
}

/** Largest difference relative to the largest expected number. */
function relativeError(actual: Float32Array, expected: Float32Array): number {
  expect(actual.length).toBe(expected.length);
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return (
    expected.reduce(
      (worst, value, index) => Math.max(worst, Math.abs(value - (actual[index] as number))),
      0,
    ) / scale
  );
}

/** Rows `start` to `end` of arrays that have `count` rows. */
function rowsOf(
  arrays: readonly Float32Array[],
  count: number,
  start: number,
  end: number,
): Float32Array[] {
  return arrays.map(values => {
    const width = values.length / count;
    return values.slice(start * width, end * width);
  });
}

describe('networks', () => {
  test.each(networks)(
    '$name: logits, losses and input gradients are those of wasm, whatever the batch',
    async network => {
      const fn = inputGradient(network);
      const count = 23;
      const inputs = gradientInputs(network, count);
      const compiled = native.prepare(fn);
      const all = await compiled.run(count, inputs);
      const reference = await eager.prepare(fn).run(count, inputs);
      all.forEach((values, output) => {
        expect(relativeError(values, reference[output] as Float32Array)).toBeLessThan(1e-5);
      });
      for (const [start, end] of [
        [0, 1],
        [22, 23],
        [5, 9],
        [3, 22],
      ] as const) {
        const part = await compiled.run(end - start, rowsOf(inputs, count, start, end));
        expect(part).toEqual(rowsOf(all, count, start, end));
      }
      compiled.dispose();
    },
  );

  test('nothing had to run uncompiled', () => {
    expect(native.notes).toEqual([]);
  });

  test('no samples', async () => {
    const compiled = native.prepare(inputGradient(kerasCnn));
    const outputs = await compiled.run(0, [new Float32Array(0), new Float32Array(0)]);
    expect(outputs.map(({ length }) => length)).toEqual([0, 0, 0]);
  });

  test('inputs of the wrong length are refused', async () => {
    const compiled = native.prepare(onTriples('square', x => tf.square(x)));
    await expect(compiled.run(2, [triples(3)])).rejects.toThrow('takes arrays of 6 values');
  });
});

describe('a function that cannot be compiled runs all the same', () => {
  async function runBoth(fn: BatchFunction): Promise<{ notes: readonly string[] }> {
    const engine = await openNativeEngine({ eager: await openEngine({ name: 'cpu' }) });
    const compiled = engine.prepare(fn);
    const actual = await compiled.run(5, [triples(5)]);
    expect(await compiled.run(5, [triples(5)])).toEqual(actual);
    const cpu = await openEngine({ name: 'cpu' });
    expect(actual).toEqual(await cpu.prepare(fn).run(5, [triples(5)]));
    return engine;
  }

  test('a kernel without a rule is named once', async () => {
    const cropped = (name: string): BatchFunction =>
      onTriples(name, x =>
        tf.reshape(
          tf.image.cropAndResize(
            tf.reshape(x, [-1, 1, 3, 1]),
            tf.tile(tf.tensor2d([[0, 0, 1, 1]], [1, 4]), [x.shape[0], 1]),
            tf.range(0, x.shape[0], 1, 'int32'),
            [1, 5],
          ),
          [-1, 5],
        ),
      );
    const engine = await openNativeEngine({ eager: await openEngine({ name: 'cpu' }) });
    for (const name of ['crop', 'crop again']) {
      const [result] = await engine.prepare(cropped(name)).run(5, [triples(5)]);
      const cpu = await openEngine({ name: 'cpu' });
      const [expected] = await cpu.prepare(cropped(name)).run(5, [triples(5)]);
      expect(result).toEqual(expected);
    }
    expect(engine.notes).toEqual([
      'The kernel CropAndResize cannot be compiled. What uses it runs on the engine cpu.',
    ]);
  });

  test('reading values', async () => {
    const { notes } = await runBoth(
      onTriples('reader', x => tf.mul(x, x.dataSync()[0] === 2 ? 1 : 3)),
    );
    expect(notes).toEqual([
      'reader runs on the engine cpu. The function reads the values of a tensor that depends on its inputs.',
    ]);
  });

  test('a function that returns something else when it is compiled', async () => {
    const { notes } = await runBoth(
      onTriples('chameleon', x => tf.mul(x, tf.getBackend() === recordingBackendName ? 2 : 3)),
    );
    expect(notes).toEqual([
      'chameleon runs on the engine cpu. It differs from TensorFlow.js by 3.3e-1 of the largest value.',
    ]);
  });

  test('an error of the function itself is that of the eager engine', async () => {
    const compiled = native.prepare(
      onTriples('unequal', x => tf.matMul(x, tf.ones<tf.Rank.R2>([4, 2]))),
    );
    await expect(compiled.run(1, [triples(1)])).rejects.toMatchObject({ code: 'engine/failed' });
  });
});

describe('what a recording would freeze', () => {
  /** Runs a function whose random numbers begin at the same ones each time. */
  async function runSeeded(engine: Engine, fn: BatchFunction): Promise<Float32Array | undefined> {
    const { random } = Math;
    const stream = new Random(3, ['chance']);
    Math.random = () => stream.uniform();
    try {
      const prepared = engine.prepare(fn);
      const [first = new Float32Array()] = await prepared.run(2, [triples(2)]);
      const [second] = await prepared.run(2, [triples(2)]);
      expect(second).not.toEqual(first);
      prepared.dispose();
      return first;
    } finally {
      Math.random = random;
    }
  }

  test('random numbers of a model are drawn anew by the eager engine, the same as without ours', async () => {
    const noisy = onTriples('noisy', x => tf.add(x, tf.randomUniform(x.shape)));
    expect(await runSeeded(native, noisy)).toEqual(await runSeeded(eager, noisy));
    expect(native.notes).toContain(
      'noisy runs on the engine wasm. The function draws random numbers.',
    );
  });

  test('dropout without a seed is seen, however few its numbers', async () => {
    // Two masks of three numbers are the same once in eight times: comparing recordings is not enough.
    for (let attempt = 0; attempt < 30; attempt++) {
      const name = `dropout ${attempt}`;
      await native.prepare(onTriples(name, x => tf.dropout(x, 0.5))).run(1, [triples(1)]);
      expect(native.notes).toContain(
        `${name} runs on the engine wasm. The function draws random numbers.`,
      );
    }
    expect(Math.random()).not.toBe(Math.random());
  });

  test('what changes from call to call without random numbers is not frozen either', async () => {
    let calls = 0;
    const counting = native.prepare(onTriples('counting', x => tf.add(x, calls++)));
    const [first = new Float32Array()] = await counting.run(1, [triples(1)]);
    const [second = new Float32Array()] = await counting.run(1, [triples(1)]);
    expect((second[0] ?? NaN) - (first[0] ?? NaN)).toBe(1);
    expect(native.notes.find(note => note.startsWith('counting'))).toMatch(
      /^counting runs on the engine wasm\. The function is not the same each time: /,
    );
  });

  test('a variable that is assigned is read again', async () => {
    const weight = tf.variable(tf.tensor1d([1, 2, 3]));
    const compiled = native.prepare(onTriples('weighted', x => tf.mul(x, weight)));
    const [before] = await compiled.run(1, [Float32Array.of(1, 1, 1)]);
    expect(before).toEqual(Float32Array.of(1, 2, 3));
    weight.assign(tf.tensor1d([4, 5, 6]));
    const [after] = await compiled.run(1, [Float32Array.of(1, 1, 1)]);
    expect(after).toEqual(Float32Array.of(4, 5, 6));
    weight.dispose();
  });
});

describe('sessions', () => {
  test.each([
    { functions: 2, bytes: Infinity },
    // Each of them has one constant: more than this, so as few are kept as ever.
    { functions: 16, bytes: 1 },
  ])('more functions than are kept take turns: %o', async cacheLimits => {
    const engine = await openNativeEngine({
      eager: await openEngine({ name: 'cpu' }),
      cacheLimits,
    });
    const functions = [1, 2, 3, 4, 5, 6].map(factor =>
      engine.prepare(onTriples(`times ${factor}`, x => tf.mul(x, factor))),
    );
    const input = triples(3);
    for (let round = 0; round < 3; round++) {
      const results = await Promise.all(functions.map(compiled => compiled.run(3, [input])));
      results.forEach(([values], index) => {
        expect(values).toEqual(input.map(value => Math.fround(value * (index + 1))));
      });
    }
    engine.dispose();
  });

  test('a function or an engine that has been closed says so', async () => {
    const engine = await openNativeEngine({ eager: await openEngine({ name: 'cpu' }) });
    const prepare = (name: string): PreparedFunction =>
      engine.prepare(onTriples(name, x => tf.square(x)));
    const [first, second] = [prepare('first'), prepare('second')];
    await first.run(1, [triples(1)]);
    await second.run(1, [triples(1)]);
    first.dispose();
    await expect(first.run(1, [triples(1)])).rejects.toMatchObject({ code: 'engine/disposed' });
    engine.dispose();
    await expect(second.run(1, [triples(1)])).rejects.toMatchObject({ code: 'engine/disposed' });
    expect(() => engine.prepare(onTriples('third', x => x))).toThrow(
      expect.objectContaining({ code: 'engine/disposed' }),
    );
  });

  test('memory stays flat over thousands of runs', async () => {
    const compiled = native.prepare(onTriples('flat', x => tf.relu(tf.matMul(x, tf.eye(3)))));
    const input = triples(64);
    const runMany = async (): Promise<number> => {
      for (let i = 0; i < 3000; i++) await compiled.run(64, [input]);
      return process.memoryUsage().rss;
    };
    const before = await runMany();
    const { numTensors } = tf.memory();
    const after = await runMany();
    expect(tf.memory().numTensors).toBe(numTensors);
    // 3000 results of 768 bytes would be 2.3 MB even if only those were kept.
    expect(after - before).toBeLessThan(30e6);
  });
});

test('the engine names itself for the report', () => {
  expect(native.name).toBe('native');
  expect(native.version).toMatch(/^onnxruntime-node \d+\.\d+\.\d+$/);
});
