import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Imports that a folder may not make, with the reason that the linter prints. */
const vscodeOnlyInExtension = {
  name: 'vscode',
  message: 'Only src/extension talks to the editor; everything else must run without one.',
};

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'out/',
      '.vscode-test/',
      'coverage/',
      '**/*.js',
      '**/*.mjs',
      '**/*.cjs',
      'examples/*/data/',
    ],
  },
  eslint.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // Tight numeric loops write `values[i] as number`: `!` is banned, and a default would hide a bug.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      // `import { type A } from 'b'` still loads b; `import type { A } from 'b'` does not.
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'no-restricted-exports': [
        'error',
        {
          restrictDefaultExports: {
            direct: true,
            named: true,
            defaultFrom: true,
            namedFrom: true,
            namespaceFrom: true,
          },
        },
      ],
      'no-restricted-imports': ['error', { paths: [vscodeOnlyInExtension] }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/extension/**', 'test/editor/**'],
    rules: { 'no-restricted-imports': 'off' },
  },
  {
    // A configuration file of a tool has to export a default.
    files: ['**/*.config.ts'],
    rules: { 'no-restricted-exports': 'off' },
  },
);
