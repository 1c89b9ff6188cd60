import { defineConfig } from 'vitest/config';

/** The tests of the packaged extension, which `npm run package` has to have written before. */
export default defineConfig({
  test: {
    globalSetup: 'test/temporary-root.ts',
    include: ['test/packaging/**/*.test.ts'],
    testTimeout: 60_000,
  },
});
