import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // These need a browser, the built package or a VS Code, and have configurations of their own.
    exclude: [
      'test/**/*.browser.test.ts',
      'test/webview/**',
      'test/packaging/**',
      'test/editor/**',
      'test/ui/**',
    ],
    globalSetup: ['test/build-bundles.ts', 'test/temporary-root.ts'],
    setupFiles: 'test/fixed-seed.ts',
    // Tensors are heavy: two processes fill the two cores that we count on.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 120_000,
    reporters: process.env['CI']
      ? ['default', ['json', { outputFile: 'test-results/unit.json' }]]
      : ['default'],
  },
});
