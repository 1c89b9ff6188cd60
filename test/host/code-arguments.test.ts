import { expect, test } from 'vitest';
import { parseCodeArguments } from './code-arguments.ts';

test('reads a command line as @vscode/test-electron writes it', () => {
  const code = parseCodeArguments([
    '/work space/folder',
    '--no-sandbox',
    '--extensionDevelopmentPath=/one',
    '--extensionDevelopmentPath=/two',
    '--extensionTestsPath=/tests/runner.cjs',
    '--user-data-dir=/user=data',
  ]);
  expect(code).toEqual({
    wantsVersion: false,
    extensionFolders: ['/one', '/two'],
    testsPath: '/tests/runner.cjs',
    userDataFolder: '/user=data',
    extensionsFolder: undefined,
    workspace: '/work space/folder',
  });
});

test('knows the question for the version', () => {
  expect(parseCodeArguments(['--version']).wantsVersion).toBe(true);
});
