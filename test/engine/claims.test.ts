import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type DifferentiableKernel,
  differentiableKernels,
  isClaimed,
  type PiecewiseConstantKernel,
  piecewiseConstantKernels,
} from '../../src/engine/claims.ts';
import {
  centralDifferences,
  distinctInputs,
  evaluate,
  type Inputs,
  relativeError,
  tapeGradients,
} from './finite-differences.ts';
import { compositionCases } from './gradient-cases/composition.ts';
import { convolutionCases } from './gradient-cases/convolution.ts';
import { elementWiseCases, piecewiseConstantCases } from './gradient-cases/element-wise.ts';
import type { GradientCase } from './gradient-cases/gradient-case.ts';
import { movingCases } from './gradient-cases/moving.ts';
import { poolingCases } from './gradient-cases/pooling.ts';
import { reductionCases } from './gradient-cases/reduction.ts';
import { installedEngines, openInstalledEngine } from './installed-engines.ts';

/** Every claim needs cases: the type demands it. */
const cases: Record<DifferentiableKernel | PiecewiseConstantKernel, readonly GradientCase[]> = {
  ...convolutionCases,
  ...elementWiseCases,
  ...movingCases,
  ...piecewiseConstantCases,
  ...poolingCases,
  ...reductionCases,
};

const engines = installedEngines();

beforeAll(async () => {
  for (const name of engines) await openInstalledEngine({ name });
});

/** Fills freed memory with sevens, so that a kernel that reads what it did not write is found out. */
function poisonHeap(): void {
  tf.tidy(() => {
    for (const size of [4, 16, 40, 64, 100, 150, 200, 400, 1000, 4000]) {
      for (let i = 0; i < 10; i++) tf.fill([size], 7);
    }
  });
}

function inputsOf({ shapes, range = [-0.9, 0.9] }: GradientCase): Inputs {
  return distinctInputs(shapes, range);
}

/** Checks values and gradients on all engines against the plain JavaScript backend's values. */
async function checkCase(example: GradientCase): Promise<void> {
  const inputs = inputsOf(example);
  await tf.setBackend('cpu');
  const expectedValues = evaluate(example.compute, inputs);
  const expectedGradients = centralDifferences(example.compute, inputs);
  for (const engine of engines) {
    await tf.setBackend(engine);
    poisonHeap();
    const values = evaluate(example.compute, inputs);
    expect(relativeError(values, expectedValues), `values on ${engine}`).toBeLessThan(1e-4);
    poisonHeap();
    const gradients = tapeGradients(example.compute, inputs);
    expectedGradients.forEach((expected, i) => {
      const error = relativeError(gradients[i] ?? [], expected);
      const what = `gradient of input ${i} on ${engine}`;
      expect(error, what).toBeLessThan(example.tolerance ?? 5e-3);
    });
  }
}

describe.each([...differentiableKernels, ...piecewiseConstantKernels])('%s', kernel => {
  test.each(cases[kernel])('$name', checkCase);

  test('is what its cases go through', async () => {
    await tf.setBackend('cpu');
    for (const example of cases[kernel]) {
      const profile = await tf.profile(() => {
        tapeGradients(example.compute, inputsOf(example));
      });
      expect(profile.kernelNames, example.name).toContain(kernel);
    }
  });
});

describe('compositions', () => {
  test.each(compositionCases)('$name', checkCase);
});

test('only kernels on the list are claimed', () => {
  expect(isClaimed('Conv2D')).toBe(true);
  expect(isClaimed('Greater')).toBe(true);
  expect(isClaimed('CropAndResize')).toBe(false);
});
