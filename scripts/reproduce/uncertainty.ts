/**
 * `npm run reproduce:uncertainty [-- --fashion <folder>]`: what detectors make of the first thousand
 * digits, attacked, changed, and of another kind, and the founding study's table of uncertainty at
 * several confidences of C&W. Writes docs/uncertainty.md. Finished pieces are kept under
 * .assay/reproduction-uncertainty. Fashion-MNIST (the idx files of its test set, gzipped, as Debian's
 * dataset-fashion-mnist has them) is one more condition where it is found.
 */
import { copyFile, cp, mkdir, stat, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { runAudit } from '../../src/audit/run-audit.ts';
import { openThreads } from '../../src/audit/thread-executor.ts';
import { toolVersion } from '../../src/audit/tool-version.ts';
import { readConfig } from '../../src/config/resolve-config.ts';
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
  const config = await readConfig(await prepareWorkspace(fashionFolder, say));
  const [modelPath = ''] = config.models;
  const { report } = await runAudit({
    config,
    modelPath,
    overrides: {},
    engine: 'auto',
    resume: true,
    toolVersion,
    openExecutor: subject => openThreads(subject, availableParallelism()),
    onEvent: reporter(say),
    signal: new AbortController().signal,
  });
  const path = join(projectFolder, 'docs/uncertainty.md');
  const page = describeUncertainty(report);
  await writeFile(path, await format(page, { ...(await resolveConfig(path)), filepath: path }));
  say('docs/uncertainty.md is written');
}

/** A folder with the model, the data and a configuration; returns the path of the latter. */
async function prepareWorkspace(
  fashionFolder: string,
  say: (line: string) => void,
): Promise<string> {
  await mkdir(join(workFolder, 'data'), { recursive: true });
  await mkdir(join(workFolder, 'fashion'), { recursive: true });
  await cp(join(example, 'models/digits-cnn'), join(workFolder, 'models/digits-cnn'), {
    recursive: true,
  });
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
  const file = join(workFolder, 'assay.config.json');
  await writeFile(file, JSON.stringify(configuration(hasFashion), null, 2));
  return file;
}

function configuration(hasFashion: boolean): unknown {
  const idx = (folder: string, suffix = '') => ({
    format: 'idx',
    inputs: `${folder}/${digitFiles[0]}${suffix}`,
    labels: `${folder}/${digitFiles[1]}${suffix}`,
  });
  const fgsm = [0.1, 0.2, 0.3].map(epsilon => ({ attack: 'fgsm', epsilon }));
  const carliniWagner = [0, 5, 15].map(confidence => ({
    attack: 'carlini-wagner',
    preset: 'quick',
    confidence,
  }));
  const fashion = {
    condition: 'out-of-distribution',
    name: 'Fashion-MNIST',
    data: idx('fashion', '.gz'),
  };
  return {
    version: 1,
    models: ['models/digits-cnn/model.json'],
    data: idx('data'),
    preset: 'full',
    selection: 'first',
    attacks: [...fgsm, { attack: 'pgd', epsilon: 0.1 }, ...carliniWagner],
    conditions: [
      { condition: 'matched-noise' },
      { condition: 'corruption', corruption: 'rotation', severity: 4 },
      { condition: 'corruption', corruption: 'gaussian-noise', severity: 3 },
      ...(hasFashion ? [fashion] : []),
      {
        condition: 'evasion',
        attack: { attack: 'pgd', epsilon: 0.1 },
        weight: 10,
        passes: 20,
      },
    ],
  };
}

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
    options: { fashion: { type: 'string', default: installedFashion } },
  });
  await reproduceUncertainty(values.fashion, line => {
    console.log(line);
  });
}
