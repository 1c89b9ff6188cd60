import { expect, test } from 'vitest';
import { measureInputGradient } from './input-gradient.ts';

test('the benchmark runs, and all contestants compute the same gradient', async () => {
  const timings = await measureInputGradient({ batch: 6, rounds: 1 });
  expect(timings.map(({ name }) => name)).toEqual([
    'TensorFlow.js wasm as it comes',
    'Assay wasm, 1 thread',
    'Assay wasm, 2 threads',
  ]);
  for (const { milliseconds, relativeDifference } of timings) {
    expect(milliseconds).toBeGreaterThan(0);
    expect(relativeDifference).toBeLessThan(1e-5);
  }
});
