/**
 * Runs a small network on the native engine and on wasm, and writes what both return as JSON. A
 * process of its own, since the provider looks for its driver where the environment said at the start.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { BatchFunction } from '../../../src/engine/engine.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';

/** What the process writes. */
export interface BothResults {
  readonly version: string;
  readonly notes: readonly string[];
  readonly actual: readonly number[][];
  readonly expected: readonly number[][];
}

function weights(shape: readonly number[]): tf.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(12.9898 * i) / 5),
    [...shape],
  );
}

/** Logits of a small convolutional network, and the input gradient of a loss. */
function network(): BatchFunction {
  const filter = weights([3, 3, 1, 8]) as tf.Tensor4D;
  const last = weights([512, 10]) as tf.Tensor2D;
  const logits = (x: tf.Tensor): tf.Tensor => {
    const images = tf.reshape<tf.Rank.R4>(x, [-1, 8, 8, 1]);
    const features = tf.relu(tf.conv2d(images, filter, 1, 'same'));
    return tf.matMul(tf.reshape<tf.Rank.R2>(features, [x.shape[0], 512]), last);
  };
  return {
    name: 'network',
    inputs: [[64]],
    compute: x => [logits(x), tf.grad(y => tf.sum(tf.square(logits(y))))(x)],
  };
}

const input = Float32Array.from({ length: 4 * 64 }, (_, i) => Math.sin(i));
const native = await openEngine({ name: 'native' });
const actual = await native.prepare(network()).run(4, [input]);
const wasm = await openEngine({ name: 'wasm' });
const expected = await wasm.prepare(network()).run(4, [input]);
const results: BothResults = {
  version: native.version,
  notes: native.notes,
  actual: actual.map(values => [...values]),
  expected: expected.map(values => [...values]),
};
// The process ends only when all is written: a pipe takes it in parts.
process.stdout.write(JSON.stringify(results), () => process.exit());
