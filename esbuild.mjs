/**
 * Builds everything that runs: `node esbuild.mjs [--watch] [--production] [--editor-tests]`.
 * esbuild does not look at types: `npm run typecheck` does.
 */
import { chmod, copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as esbuild from 'esbuild';
import ts from 'typescript';

const watch = process.argv.includes('--watch');
const production = process.argv.includes('--production');
const withEditorTests = process.argv.includes('--editor-tests');

/** Each bundle that runs in Node.js and the file that it starts from. */
const nodeEntries = {
  extension: 'src/extension/extension.ts',
  server: 'src/server/main.ts',
  worker: 'src/worker/main.ts',
  'tensor-thread': 'src/audit/tensor-thread.ts',
  cli: 'src/cli/main.ts',
};

/** Files that are shipped as they are. TensorFlow.js takes its threaded build in browsers only. */
const copiedFiles = {
  'dist/tfjs-backend-wasm.wasm': '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm',
  'dist/tfjs-backend-wasm-simd.wasm':
    '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm',
  'dist/webview/codicon.css': '@vscode/codicons/dist/codicon.css',
  'dist/webview/codicon.ttf': '@vscode/codicons/dist/codicon.ttf',
};

/** @type {esbuild.BuildOptions} */
const common = {
  bundle: true,
  metafile: true,
  sourcemap: production ? false : 'linked',
  // Names are kept: a stack trace in somebody's log must be readable.
  minifySyntax: production,
  minifyWhitespace: production,
  keepNames: true,
  legalComments: 'none',
  // In place of tsconfig.json, whose `verbatimModuleSyntax` would make a bundle contain every module
  // of which only a type is imported.
  tsconfigRaw: { compilerOptions: { strict: true, target: 'es2023' } },
  logLevel: 'silent',
};

/** @type {esbuild.BuildOptions} */
const forNode = {
  ...common,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // The default would take the UMD build of jsonc-parser, which fails when it is loaded.
  mainFields: ['module', 'main'],
  // TensorFlow.js asks for node-fetch when it is to download a model, which it never is here.
  external: ['vscode', 'mocha', 'onnxruntime-node', '@tensorflow/tfjs-node', 'node-fetch'],
  // The sources are modules; the bundles are CommonJS, which is what VS Code loads.
  define: {
    'import.meta.dirname': '__dirname',
    'import.meta.filename': '__filename',
    'import.meta.url': 'bundleUrl',
  },
  banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
};

/** @returns {Promise<Map<string, esbuild.BuildOptions>>} the builds by name */
async function plannedBuilds() {
  const builds = new Map();
  for (const [name, entry] of Object.entries(nodeEntries)) {
    builds.set(name, { ...forNode, entryPoints: [entry], outfile: `dist/${name}.cjs` });
  }
  builds.set('panel', {
    ...common,
    entryPoints: { panel: 'webview-ui/main.ts' },
    outdir: 'dist/webview',
    platform: 'browser',
    format: 'iife',
    target: 'chrome142',
  });
  if (withEditorTests) {
    const files = await readdir('test/editor');
    for (const file of files.filter(file => file.endsWith('.test.ts'))) {
      const name = basename(file, '.ts');
      builds.set(`editor/${name}`, {
        ...forNode,
        entryPoints: [`test/editor/${file}`],
        outfile: `out/editor/${name}.cjs`,
        sourcemap: 'inline',
      });
    }
  }
  return builds;
}

/**
 * Writes what the bundle is made of (for the list of licences and the tests of the package), makes
 * a program executable, and in watch mode tells the editor's problem matcher when a build begins
 * and ends.
 *
 * @param {string} name
 * @returns {esbuild.Plugin}
 */
function aroundBuild(name) {
  return {
    name: 'around build',
    setup(build) {
      build.onStart(() => {
        if (watch) console.log(`[watch] build started: ${name}`);
      });
      build.onEnd(async result => {
        for (const message of [...result.errors, ...result.warnings]) {
          const { file, line, column } = message.location ?? { file: name, line: 1, column: 0 };
          console.error(`✘ [ERROR] ${message.text}\n    ${file}:${line}:${column}:`);
        }
        if (result.metafile) {
          const file = `out/meta/${name}.json`;
          await mkdir(dirname(file), { recursive: true });
          await writeFile(file, JSON.stringify(result.metafile));
        }
        if (name === 'cli' && result.errors.length === 0) await makeProgram('dist/cli.cjs');
        if (watch) console.log(`[watch] build finished: ${name}`);
      });
    },
  };
}

/** @param {string} file */
async function makeProgram(file) {
  const text = await readFile(file, 'utf8');
  if (!text.startsWith('#!')) await writeFile(file, `#!/usr/bin/env node\n${text}`);
  await chmod(file, 0o755);
}

async function copyFiles() {
  for (const [target, source] of Object.entries(copiedFiles)) {
    await mkdir(dirname(target), { recursive: true });
    await copyFile(join('node_modules', source), target);
  }
}

/**
 * Builds once and says how large the results are. Warnings count as failures, like errors.
 *
 * @param {esbuild.BuildOptions} options
 */
async function buildOnce(options) {
  try {
    const { warnings, metafile } = await esbuild.build(options);
    if (warnings.length > 0) process.exitCode = 1;
    for (const [file, { bytes }] of Object.entries(metafile?.outputs ?? {})) {
      if (!file.endsWith('.map')) console.log(`${file}  ${Math.ceil(bytes / 1024)} kB`);
    }
  } catch (error) {
    // What is wrong with the sources has been shown already.
    if (!(error instanceof Error && 'errors' in error)) throw error;
    process.exitCode = 1;
  }
}

/**
 * The module that an exported guard consists of, as people read it: its source, the same without
 * types, and its types alone. Nothing is bundled, since it imports nothing.
 */
async function writeGuardModule() {
  const source = await readFile('src/guard/guard-module.ts', 'utf8');
  const compilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
  };
  const outputs = {
    'guard.ts': source,
    'guard.js': ts.transpileModule(source, { compilerOptions }).outputText,
    'guard.d.ts': ts.transpileDeclaration(source, { compilerOptions }).outputText,
  };
  await mkdir('dist/guard', { recursive: true });
  for (const [name, text] of Object.entries(outputs)) await writeFile(`dist/guard/${name}`, text);
}

process.chdir(import.meta.dirname);
await copyFiles();
await writeGuardModule();
for (const [name, options] of await plannedBuilds()) {
  const withPlugin = { ...options, plugins: [aroundBuild(name)] };
  if (watch) await (await esbuild.context(withPlugin)).watch();
  else await buildOnce(withPlugin);
}
