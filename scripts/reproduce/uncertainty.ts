/**
 * `npm run reproduce:uncertainty [-- --fresh] [-- --fashion <folder>]`: what detectors make of the first
 * thousand digits, attacked, changed, and of another kind; the founding study's table of uncertainty at
 * several confidences of C&W; and what other posteriors than dropout make of some of it. Writes
 * docs/uncertainty.md. Finished pieces are kept under .assay/reproduction-uncertainty, unless it starts
 * afresh. Fashion-MNIST (the idx files of its test set, gzipped, as Debian's optional package
 * dataset-fashion-mnist has them) is one more condition where it is found.
 */
import { copyFile, cp, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { runAudit } from '../../src/audit/run-audit.ts';
import { openThreads } from '../../src/audit/thread-executor.ts';
import { toolVersion } from '../../src/audit/tool-version.ts';
import { readConfig } from '../../src/config/resolve-config.ts';
import type { AuditReport } from '../../src/report/audit-report.ts';
import { describeUncertainty } from './uncertainty-page.ts';
import { projectFolder } from '../step.ts';

const example = join(projectFolder, 'examples/digits');
const workFolder = join(projectFolder, '.assay/reproduction-uncertainty');
const installedFashion = '/usr/share/datasets/fashion-mnist';
const digitFiles = ['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'] as const;

/** Audits the example model and writes docs/uncertainty.md. @throws AssayError when it cannot be done */
export async function reproduceUncertainty(
  fashionFolder: string,
  say: (line: string) => void,
): Promise<void> {
  const hasFashion = await prepareWorkspace(fashionFolder, say);
  const report = await audit('dropout', mainConfiguration(hasFashion), say);
  const others: AuditReport[] = [];
  for (const [name, uncertainty] of Object.entries(otherPosteriors)) {
    others.push(await audit(name, otherConfiguration(uncertainty, hasFashion), say));
  }
  const path = join(projectFolder, 'docs/uncertainty.md');
  const page = describeUncertainty(report, others);
  await writeFile(path, await format(page, { ...(await resolveConfig(path)), filepath: path }));
  say('docs/uncertainty.md is written');
}

/** Runs one audit of the workspace; what it shares with the others is computed once. */
async function audit(
  name: string,
  configuration: unknown,
  say: (line: string) => void,
): Promise<AuditReport> {
  const file = join(workFolder, `${name}.config.json`);
  await writeFile(file, JSON.stringify(configuration, null, 2));
  const config = await readConfig(file);
  const [modelPath = ''] = config.models;
  const { report } = await runAudit({
    config,
    modelPath,
    overrides: {},
    engine: 'auto',
    resume: true,
    toolVersion,
    openExecutor: subject => openThreads(subject, availableParallelism()),
    onEvent: reporter(line => {
      say(`${name}: ${line}`);
    }),
    signal: new AbortController().signal,
  });
  return report;
}

/** A folder with models and data; returns whether Fashion-MNIST is among them. */
async function prepareWorkspace(
  fashionFolder: string,
  say: (line: string) => void,
): Promise<boolean> {
  await mkdir(join(workFolder, 'data'), { recursive: true });
  await mkdir(join(workFolder, 'fashion'), { recursive: true });
  for (const name of ['digits-cnn', 'digits-cnn-next', 'digits-graph']) {
    await cp(join(example, 'models', name), join(workFolder, 'models', name), { recursive: true });
  }
  for (const name of digitFiles) {
    await copyFile(join(example, 'data', name), join(workFolder, 'data', name));
  }
  const fashionFiles = digitFiles.map(name => `${name}.gz`);
  const hasFashion = await Promise.all(
    fashionFiles.map(name => stat(join(fashionFolder, name))),
  ).then(
    () => true,
    () => false,
  );
  if (hasFashion) {
    for (const name of fashionFiles) {
      await copyFile(join(fashionFolder, name), join(workFolder, 'fashion', name));
    }
  } else {
    say(`No Fashion-MNIST in ${fashionFolder}: its row is left out.`);
  }
  return hasFashion;
}

const fgsm = [0.1, 0.2, 0.3].map(epsilon => ({ attack: 'fgsm', epsilon }));
const pgd = { attack: 'pgd', epsilon: 0.1 };
const carliniWagner = [0, 5, 15].map(confidence => ({
  attack: 'carlini-wagner',
  preset: 'warm',
  confidence,
}));
/** Attacks beside those of the study, without a control of their own: it would be the same again. */
const furtherAttacks = [
  { attack: 'bim', epsilon: 0.1 },
  { attack: 'mi-fgsm', epsilon: 0.1 },
  { attack: 'apgd', epsilon: 0.1 },
  { attack: 'square', epsilon: 0.1, queries: 1000 },
  { attack: 'deepfool' },
  { attack: 'ddn' },
  { attack: 'fmn' },
];
const evasion = { condition: 'evasion', attack: pgd, weight: 10, passes: 20 };
const controlled = [
  ...[0.1, 0.2, 0.3].map(epsilon => `fgsm-linf-${epsilon}`),
  'pgd-linf-0.1',
  ...['', '-confidence-5', '-confidence-15'].map(rest => `carlini-wagner-l2-warm${rest}`),
];

/** Samples of MNIST's training set, which the example models were trained on. */
const trainingSamples = 60_000;

/** Posteriors beside dropout that the model can have. */
const otherPosteriors: Readonly<Record<string, object>> = {
  laplace: { method: 'laplace', passes: 100, calibration: { trainingSamples } },
  ensemble: {
    method: 'ensemble',
    models: ['models/digits-cnn-next/model.json', 'models/digits-graph/model.json'],
  },
};

function mainConfiguration(hasFashion: boolean): unknown {
  return {
    ...commonConfiguration,
    attacks: [...fgsm, pgd, ...furtherAttacks, ...carliniWagner],
    conditions: [
      ...controlled.map(attack => ({ condition: 'matched-noise', attack })),
      { condition: 'corruption', corruption: 'rotation', severity: 4 },
      { condition: 'corruption', corruption: 'gaussian-noise', severity: 3 },
      ...(hasFashion ? [fashion] : []),
      evasion,
    ],
  };
}

function otherConfiguration(uncertainty: object, hasFashion: boolean): unknown {
  return {
    ...commonConfiguration,
    uncertainty,
    attacks: [...fgsm.slice(2), pgd, ...carliniWagner],
    conditions: [
      { condition: 'corruption', corruption: 'rotation', severity: 4 },
      ...(hasFashion ? [fashion] : []),
      evasion,
    ],
  };
}

function idx(folder: string, suffix = ''): object {
  return {
    format: 'idx',
    inputs: `${folder}/${digitFiles[0]}${suffix}`,
    labels: `${folder}/${digitFiles[1]}${suffix}`,
  };
}

const fashion = {
  condition: 'out-of-distribution',
  name: 'Fashion-MNIST',
  data: idx('fashion', '.gz'),
};

const commonConfiguration = {
  version: 1,
  models: ['models/digits-cnn/model.json'],
  data: idx('data'),
  preset: 'full',
  selection: 'first',
};

/** One line whenever another condition is worked on. */
function reporter(say: (line: string) => void): Parameters<typeof runAudit>[0]['onEvent'] {
  let last = '';
  return event => {
    if (event.kind === 'notice') say(event.message);
    if (event.kind !== 'progress' || event.phase === last) return;
    last = event.phase;
    say(`${Math.round(100 * event.fraction)}% ${event.phase}`);
  };
}

const [, script = ''] = process.argv;
if (import.meta.url === pathToFileURL(script).href) {
  const { values } = parseArgs({
    options: {
      fresh: { type: 'boolean', default: false },
      fashion: { type: 'string', default: installedFashion },
    },
  });
  if (values.fresh) await rm(workFolder, { recursive: true, force: true });
  await reproduceUncertainty(values.fashion, line => {
    console.log(line);
  });
}
