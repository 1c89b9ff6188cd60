import { defineConfig } from 'vitest/config';

/** The tests that drive the packaged extension in a real VS Code, one window after another. */
export default defineConfig({
  test: {
    include: ['test/ui/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 480_000,
    hookTimeout: 180_000,
  },
});
