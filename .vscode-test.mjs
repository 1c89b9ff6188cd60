import { defineConfig } from '@vscode/test-cli';
import { fileURLToPath } from 'node:url';

/** @param {string} path relative to this file */
const here = path => fileURLToPath(new URL(path, import.meta.url));

/**
 * The VS Code that runs the tests: an executable, or `download` for the newest desktop release.
 * On Linux the default is the one that comes from npm and needs no screen.
 */
const chosen =
  process.env['VSCODE_EXECUTABLE'] ??
  (process.platform === 'linux' ? here('test/host/code-host.mjs') : 'download');

export default defineConfig({
  // In this order: first what is only true while nothing has been asked of the extension.
  files: ['activation', 'audit', '*'].map(name => `out/editor/${name}.test.cjs`),
  workspaceFolder: 'out/editor-workspace',
  ...(chosen === 'download' ? {} : { useInstallation: { fromPath: chosen } }),
  mocha: {
    ui: 'bdd',
    timeout: 240_000,
    retries: 1,
    reporter: here('test/editor/spec-and-json-reporter.cjs'),
    reporterOptions: { output: here('test-results/editor.json') },
  },
});
