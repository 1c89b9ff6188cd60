import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { provideChromium } from '../test/host/chromium.ts';
import { installHost } from '../test/host/install.ts';
import { npmRun, projectFolder, runProgram, runStep } from './step.ts';
import { readTestCount, sumTestCounts, type TestCount } from './test-count.ts';

/** One part of `npm test`. */
interface TestStep {
  readonly title: string;
  readonly run: () => Promise<void>;
  /** The file that counts the tests of this step, when it has any. */
  readonly results?: string;
}

const resultsFolder = join(projectFolder, 'test-results');

const stepsWithoutEditor: readonly TestStep[] = [
  { title: 'Format and lint', run: () => npmRun('lint') },
  { title: 'Types', run: () => npmRun('typecheck') },
  { title: 'Build', run: () => npmRun('bundle') },
  { title: 'Data of the example', run: () => npmRun('prepare-data') },
  { title: 'Unit tests', run: () => vitest('vitest.config.ts', 'unit.json'), results: 'unit.json' },
  {
    title: 'Package for this platform',
    run: () => npmRun('package', '--this-platform'),
  },
  { title: 'Package', run: () => npmRun('package') },
  {
    title: 'Tests of the package',
    run: () => vitest('test/packaging/vitest.config.ts', 'packaging.json'),
    results: 'packaging.json',
  },
];

/** The tests in a browser and in a real VS Code; `hostReady` ends when they are there. */
function stepsInEditor(hostReady: Promise<void>): readonly TestStep[] {
  return [
    { title: 'VS Code and a browser for the tests', run: () => hostReady },
    {
      title: 'Tests of the panel in a browser',
      run: () => vitest('test/webview/vitest.config.ts', 'webview.json'),
      results: 'webview.json',
    },
    {
      title: 'Tests inside VS Code',
      run: () => npmRun('test:editor'),
      results: 'editor.json',
    },
    {
      title: 'Tests of the packaged extension in VS Code',
      run: () => vitest('test/ui/vitest.config.ts', 'ui.json'),
      results: 'ui.json',
    },
  ];
}

function vitest(config: string, results: string): Promise<void> {
  return runProgram('vitest', [
    'run',
    `--config=${config}`,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${join(resultsFolder, results)}`,
  ]);
}

/** Installs what the tests in VS Code need; other systems than Linux download it as they go. */
async function provideHost(): Promise<void> {
  if (process.platform !== 'linux') return;
  await installHost();
  await provideChromium();
}

/** Runs a step and counts: a step that fails without a failed test counts as one. */
async function count({ title, run, results }: TestStep): Promise<TestCount> {
  const { succeeded } = await runStep(title, run);
  const counted =
    results === undefined ? undefined : await readTestCount(join(resultsFolder, results));
  const { passed, failed } = counted ?? { passed: 0, failed: 0 };
  return { passed, failed: succeeded ? failed : Math.max(1, failed) };
}

/**
 * `npm test`: all that must hold before a change is done, from the linter to the packaged extension
 * in a real VS Code. Every step runs, whatever became of those before it, and the last line counts
 * the tests of all. `--no-editor` leaves out what needs a VS Code or a browser.
 */
async function test(): Promise<void> {
  const { values } = parseArgs({ options: { 'no-editor': { type: 'boolean', default: false } } });
  await rm(resultsFolder, { recursive: true, force: true });

  const steps = [...stepsWithoutEditor];
  if (values['no-editor']) {
    console.log('Without the tests in VS Code and in a browser (--no-editor).');
  } else {
    // It is fetched while the tests that need none are running; its own step tells of a failure.
    const hostReady = provideHost();
    hostReady.catch(() => undefined);
    steps.push(...stepsInEditor(hostReady));
  }

  const counts: TestCount[] = [];
  for (const step of steps) counts.push(await count(step));
  const { passed, failed } = sumTestCounts(counts);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

await test();
