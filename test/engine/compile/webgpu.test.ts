import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, test } from 'vitest';
import type { BatchFunction } from '../../../src/engine/engine.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';

/** The software Vulkan that comes with Chromium: a graphics card for machines that have none. */
const softwareVulkan = '/usr/lib/chromium/vk_swiftshader_icd.json';

afterEach(() => {
  delete process.env['ASSAY_EXECUTION_PROVIDER'];
});

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

describe('an execution provider', () => {
  test.skipIf(!existsSync(softwareVulkan))(
    'webgpu computes what wasm computes, and the report names it',
    async () => {
      process.env['VK_ICD_FILENAMES'] ??= softwareVulkan;
      process.env['ASSAY_EXECUTION_PROVIDER'] = 'webgpu';
      const input = Float32Array.from({ length: 4 * 64 }, (_, i) => Math.sin(i));
      const engine = await openEngine({ name: 'native' });
      expect(engine.version).toMatch(/^onnxruntime-node .* on webgpu$/);
      const actual = await engine.prepare(network()).run(4, [input]);
      expect(engine.notes).toEqual([]);
      const wasm = await openEngine({ name: 'wasm' });
      const expected = await wasm.prepare(network()).run(4, [input]);
      expected.forEach((values, output) => {
        values.forEach((value, i) => expect(actual[output]?.[i]).toBeCloseTo(value, 4));
      });
    },
  );

  test('that does not exist is refused, with those that do', async () => {
    process.env['ASSAY_EXECUTION_PROVIDER'] = 'abacus';
    await expect(openEngine({ name: 'native' })).rejects.toMatchObject({
      code: 'engine/unknown-provider',
      remedy: 'Choose one of cpu, webgpu, cuda, dml, coreml.',
    });
  });
});
