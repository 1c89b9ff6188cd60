import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEngine } from '../../src/engine/open-engine.ts';
import { manifoldScores } from '../../src/manifold/manifold-scores.ts';
import { openManifold } from '../../src/manifold/open-manifold.ts';
import { firstDigits, openDigitsModel } from '../fixtures/digits.ts';
import { chromiumArguments, provideChromium } from '../host/chromium.ts';
import { DigitsGuard } from './digits-guard.ts';

const root = resolve(import.meta.dirname, '../..');
const origin = 'http://guard.test';
const contentTypes: Readonly<Record<string, string>> = {
  html: 'text/html',
  js: 'text/javascript',
  json: 'application/json',
  bin: 'application/octet-stream',
};

/** An application as the README of a guard describes it: stock TensorFlow.js, nothing of Assay's. */
const application = `<!doctype html><meta charset="utf-8"><script type="module">
  import * as tf from '/tf.js';
  import { Guard } from '/guard/guard.js';
  try {
    await tf.setBackend('cpu');
    const model = await tf.loadLayersModel('/model/model.json');
    const guard = new Guard({
      tf,
      settings: await (await fetch('/guard/guard.json')).json(),
      inverter: await tf.loadLayersModel('/guard/inverter/model.json'),
      generator: await tf.loadLayersModel('/guard/generator/model.json'),
      classify: inputs => model.predict(inputs),
      falsePositiveRate: 0.05,
    });
    window.result = new Promise(resolve => (window.run = async values => {
      const scores = await guard.score(Float32Array.from(values));
      resolve(Object.fromEntries(Object.entries(scores).map(([name, list]) => [name, [...list]])));
    }));
    document.title = 'ready';
  } catch (error) {
    document.title = String(error);
  }
</script>`;

/** Scores as lists, which can be sent out of the page. */
interface Answers {
  readonly reconstructionErrors: readonly number[];
  readonly divergences: readonly number[];
  readonly refused: readonly boolean[];
  readonly corrected: readonly number[];
}

let browser: Browser;
let exported: DigitsGuard;

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: await provideChromium(),
    args: [...chromiumArguments],
  });
  exported = await DigitsGuard.export();
});

afterAll(async () => {
  await browser.close();
  await exported.remove();
});

/** TensorFlow.js as an application would bundle it. */
async function bundledTensorFlow(): Promise<string> {
  const parts = ['core', 'layers', 'backend-cpu'].map(part => `@tensorflow/tfjs-${part}`);
  const { outputFiles } = await build({
    stdin: {
      contents: parts.map(part => `export * from '${part}';`).join('\n'),
      resolveDir: root,
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    mainFields: ['module', 'main'],
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

test('an exported guard answers in a browser as Assay does', async () => {
  const tensorFlow = await bundledTensorFlow();
  const page = await browser.newPage();
  const asked: string[] = [];
  await page.route('**/*', async route => {
    const { pathname } = new URL(route.request().url());
    asked.push(pathname);
    const contentType = contentTypes[pathname.split('.').at(-1) ?? ''] ?? 'text/plain';
    const folder = pathname.startsWith('/model/') ? exported.modelFolder : exported.guardFolder;
    const body =
      pathname === '/index.html'
        ? application
        : pathname === '/tf.js'
          ? tensorFlow
          : await readFile(join(folder, pathname.split('/').slice(2).join('/')));
    await route.fulfill({ contentType, body });
  });
  await page.goto(`${origin}/index.html`);
  await page.waitForFunction("document.title !== ''");
  expect(await page.title()).toBe('ready');
  const { inputs } = await firstDigits(4);
  const scores = await page.evaluate<Answers>(
    `window.run(${JSON.stringify([...inputs.values])}).then(() => window.result)`,
  );
  await page.close();

  const engine = await openEngine({ name: 'wasm' });
  const trained = await exported.trained();
  if (trained === undefined) return expect.fail('not trained');
  const manifold = openManifold(engine, trained);
  const classifier = await openDigitsModel(engine, 'digits-cnn');
  const expected = await manifoldScores(manifold, classifier, inputs);
  const reconstructed = await manifold.reconstruct(inputs);
  manifold.dispose();
  scores.reconstructionErrors.forEach((error, row) =>
    expect(error).toBeCloseTo(expected['reconstruction-error']?.[row] ?? NaN, 4),
  );
  scores.divergences.forEach((divergence, row) =>
    expect(divergence).toBeCloseTo(expected['reconstruction-divergence']?.[row] ?? NaN, 4),
  );
  expect(scores.corrected.length).toBe(inputs.values.length);
  const errors = scores.corrected.map((value, i) =>
    Math.abs(value - (reconstructed.values[i] ?? NaN)),
  );
  expect(Math.max(...errors)).toBeLessThan(1e-5);
  expect(scores.refused).toHaveLength(4);
  // The module asks for nothing but what the application has loaded.
  expect(asked.every(path => /^\/(index\.html|tf\.js|guard\/|model\/)/.test(path))).toBe(true);
});
