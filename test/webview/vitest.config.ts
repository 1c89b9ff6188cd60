import { defineConfig } from 'vitest/config';

/** The tests of the panel in a browser, without a VS Code around it. */
export default defineConfig({
  test: {
    include: ['test/webview/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    retry: 1,
    testTimeout: 120_000,
    hookTimeout: 500_000,
  },
});
