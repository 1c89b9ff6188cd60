import { defineConfig } from 'vitest/config';

/** The tests that drive the packaged extension in a real VS Code, one window after another. */
export default defineConfig({
  test: {
    include: ['test/ui/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    // A window on a busy machine may miss a moment; what is really broken fails three times.
    retry: 2,
    testTimeout: 480_000,
    hookTimeout: 180_000,
  },
});
