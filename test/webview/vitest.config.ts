import { defineConfig } from 'vitest/config';

/** The tests that need a browser, without a VS Code around it: the panel, and an exported guard. */
export default defineConfig({
  test: {
    include: ['test/webview/**/*.test.ts', 'test/**/*.browser.test.ts'],
    globalSetup: ['test/build-bundles.ts', 'test/temporary-root.ts'],
    pool: 'forks',
    maxWorkers: 1,
    retry: 1,
    testTimeout: 120_000,
    hookTimeout: 500_000,
  },
});
