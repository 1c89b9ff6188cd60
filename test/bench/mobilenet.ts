import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Batch } from '../../src/arrays/batch.ts';
import type { AttackSettings } from '../../src/attacks/attack-settings.ts';
import { attackLabel } from '../../src/attacks/attack-names.ts';
import { createAttack } from '../../src/attacks/create-attack.ts';
import { predictedClass } from '../../src/model/answer.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { openClassifier } from '../../src/model/open-classifier.ts';
import { readSavedModel } from '../../src/model/read-saved-model.ts';
import { Random } from '../../src/random/random.ts';
import { exists } from '../host/exists.ts';
import { runCommand } from '../host/run-command.ts';

/** How long an attack takes on a MobileNet of 224 × 224 pixels. */
export interface MobileNetTiming {
  readonly attack: string;
  readonly seconds: number;
  /** Steps that the attack took for a picture, on average. */
  readonly steps: number;
  readonly fooled: number;
}

export interface MobileNetTimings {
  /** Engine, its version and the size of the model. */
  readonly setting: string;
  readonly pictures: number;
  readonly attacks: readonly MobileNetTiming[];
  readonly notes: readonly string[];
}

/** The npm package whose MobileNet V2 is attacked, and where it is unpacked and kept. */
const modelPackage = 'nsfwjs@4.3.0';
const folder = resolve(import.meta.dirname, '../../out/mobilenet');

const side = 224;
const pictures = 4;
const linf = { norm: 'Linf', epsilon: 4 / 255 } as const;
const suite: readonly AttackSettings[] = [
  { attack: 'fgsm', ...linf },
  { attack: 'bim', ...linf, steps: 5 },
  { attack: 'pgd', ...linf, steps: 5 },
  { attack: 'mi-fgsm', ...linf, steps: 5 },
  { attack: 'apgd', ...linf, loss: 'cross-entropy', steps: 5 },
  { attack: 'square', ...linf, queries: 10 },
  { attack: 'noise', ...linf, distribution: 'uniform' },
  { attack: 'deepfool', norm: 'L2', steps: 2, candidates: 2 },
  { attack: 'ddn', steps: 5 },
  { attack: 'fmn', norm: 'Linf', steps: 5 },
  { attack: 'fab', norm: 'Linf', steps: 2, targets: 2 },
  {
    attack: 'carlini-wagner',
    preset: 'warm',
    warmStartSteps: 5,
    binarySearchSteps: 1,
    iterations: 5,
  },
];

/**
 * Fetches the model once. The package carries it as scripts, from which files are written as a page
 * would save them.
 */
async function unpack(): Promise<string> {
  const file = join(folder, 'model.json');
  if (await exists(file)) return file;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  const install = ['install', '--ignore-scripts', '--no-audit', '--no-fund', modelPackage];
  await runCommand('npm', install, { folder, output: 'on failure' });
  const require = createRequire(join(folder, 'package.json'));
  const part = (name: string): unknown =>
    require(join(folder, `node_modules/nsfwjs/dist/models/mobilenet_v2/${name}.min.js`));
  const weights = Buffer.from(part('group1-shard1of1') as string, 'base64');
  await writeFile(join(folder, 'group1-shard1of1'), weights);
  await writeFile(file, JSON.stringify(part('model')));
  return file;
}

/** One random colour for every eighth of the side, and smooth between them. */
function smoothPicture(random: Random): Float32Array {
  const cells = 9;
  const grid = Float32Array.from({ length: cells * cells * 3 }, () => random.uniform());
  return Float32Array.from({ length: side * side * 3 }, (_, i) => {
    const channel = i % 3;
    const x = (((Math.floor(i / 3) % side) + 0.5) / side) * (cells - 1);
    const y = ((Math.floor(i / 3 / side) + 0.5) / side) * (cells - 1);
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const at = (column: number, row: number): number =>
      grid[(row * cells + column) * 3 + channel] as number;
    const upper = at(left, top) + (at(left + 1, top) - at(left, top)) * (x - left);
    const lower = at(left, top + 1) + (at(left + 1, top + 1) - at(left, top + 1)) * (x - left);
    return upper + (lower - upper) * (y - top);
  });
}

/**
 * Times each attack on smooth random pictures, whose labels are what the model says of them: times do
 * not depend on what is to be seen. Attacks of many steps take fewer than usual.
 */
export async function measureMobileNet(): Promise<MobileNetTimings> {
  const engine = await openEngine({ name: 'auto' });
  const saved = await readSavedModel(await unpack());
  const { classifier, description } = await openClassifier(engine, saved, {
    bounds: { lower: 0, upper: 1 },
  });
  const random = new Random(1, ['pictures']);
  const inputs = Batch.zeros(pictures, [side, side, 3]);
  for (let row = 0; row < pictures; row++) inputs.row(row).set(smoothPicture(random));
  const logits = await classifier.logits(inputs);
  const labels = Int32Array.from({ length: pictures }, (_, row) => predictedClass(logits.row(row)));
  const context = {
    classifier,
    inputs,
    criterion: { kind: 'misclassified', labels },
    seed: 1,
    sampleIndices: [...labels.keys()],
  } as const;

  const attacks: MobileNetTiming[] = [];
  for (const settings of suite) {
    const attack = createAttack(settings);
    // The first run compiles.
    await attack.run(context);
    const began = performance.now();
    const { outcomes, steps } = await attack.run(context);
    attacks.push({
      attack: attackLabel(settings),
      seconds: (performance.now() - began) / 1000,
      steps: steps.reduce((sum, taken) => sum + taken, 0) / pictures,
      fooled: outcomes.filter(outcome => outcome === 'succeeded').length,
    });
  }
  const { notes } = engine;
  classifier.dispose();
  engine.dispose();
  const setting = `${engine.name} ${engine.version}, ${description.parameterCount} parameters, 1 thread`;
  return { setting, pictures, attacks, notes };
}

/** The table that `npm run bench` prints; alone: `tsx test/bench/mobilenet.ts`. */
export function printMobileNet({
  setting,
  pictures: count,
  attacks,
  notes,
}: MobileNetTimings): void {
  console.log(setting);
  console.table(
    attacks.map(({ attack, seconds, steps, fooled }) => ({
      attack,
      pictures: count,
      seconds: seconds.toFixed(2),
      'pictures/s': (count / seconds).toPrecision(3),
      'steps a picture': steps.toFixed(1),
      'ms a step': ((1000 * seconds) / (steps * count)).toPrecision(3),
      fooled,
    })),
  );
  for (const note of notes) console.log(note);
}

const [, script = ''] = process.argv;
if (import.meta.url === pathToFileURL(script).href) printMobileNet(await measureMobileNet());
