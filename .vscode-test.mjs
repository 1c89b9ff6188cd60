import { defineConfig } from '@vscode/test-cli';
import { fileURLToPath } from 'node:url';

/** @param {string} path relative to this file */
const here = path => fileURLToPath(new URL(path, import.meta.url));

/** A VS Code that is there already, or test/host/code-host.mjs; without it one is downloaded. */
const executable = process.env['VSCODE_EXECUTABLE'];

export default defineConfig({
  files: 'out/editor/*.test.cjs',
  workspaceFolder: process.env['ASSAY_TEST_WORKSPACE'] ?? 'out/editor-workspace',
  ...(executable === undefined ? {} : { useInstallation: { fromPath: executable } }),
  mocha: {
    ui: 'bdd',
    timeout: 120_000,
    reporter: here('test/editor/spec-and-json-reporter.cjs'),
    reporterOptions: { output: here('test-results/editor.json') },
  },
});
