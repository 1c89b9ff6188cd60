import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  centralDifferences,
  distinctInputs,
  gradientAlongDirections,
  relativeError,
  tapeGradients,
} from './finite-differences.ts';
import { secondOrderCases } from './gradient-cases/second-order.ts';
import { installedEngines, openInstalledEngine } from './installed-engines.ts';

const engines = installedEngines();

beforeAll(async () => {
  for (const name of engines) await openInstalledEngine({ name });
});

describe('the gradient of a gradient', () => {
  test.each(secondOrderCases)('$name', async ({ shapes, compute, tolerance = 1e-2 }) => {
    const inputs = distinctInputs(shapes, [-0.9, 0.9]);
    const firstOrder = gradientAlongDirections(compute);
    await tf.setBackend('cpu');
    const expected = centralDifferences(firstOrder, inputs);
    for (const engine of engines) {
      await tf.setBackend(engine);
      const gradients = tapeGradients(firstOrder, inputs);
      const largest = Math.max(...expected.flatMap(values => [...values.map(Math.abs)]));
      expected.forEach((values, i) => {
        // All inputs on one scale: for an input without curvature only noise is left to compare.
        const error = relativeError([...(gradients[i] ?? []), largest], [...values, largest]);
        expect(error, `with respect to input ${i} on ${engine}`).toBeLessThan(tolerance);
      });
    }
  });
});
