/**
 * `npx tsx test/bench/mobilenet.ts FOLDER`: how long each attack takes on a MobileNet of 224 × 224
 * pixels. Before it, in FOLDER: `npm install --ignore-scripts nsfwjs@4.3.0`, whose model it unpacks.
 *
 * The pictures are smooth random ones, and their labels what the model says of them: times do not
 * depend on what is to be seen. Many-step attacks take fewer steps than usual, as the table says.
 */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Batch } from '../../src/arrays/batch.ts';
import type { AttackSettings } from '../../src/attacks/attack-settings.ts';
import { attackLabel } from '../../src/attacks/attack-names.ts';
import { createAttack } from '../../src/attacks/create-attack.ts';
import { predictedClass } from '../../src/attacks/criterion.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { openClassifier } from '../../src/model/open-classifier.ts';
import { readSavedModel } from '../../src/model/read-saved-model.ts';
import { Random } from '../../src/random/random.ts';

const side = 224;
const samples = 4;
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

/** Writes the model that the package carries as scripts to files, as a page would save it. */
async function unpack(folder: string): Promise<string> {
  const require = createRequire(join(folder, 'package.json'));
  const part = (name: string): unknown =>
    require(join(folder, `node_modules/nsfwjs/dist/models/mobilenet_v2/${name}.min.js`));
  const target = await mkdtemp(join(tmpdir(), 'assay mobilenet '));
  await writeFile(join(target, 'model.json'), JSON.stringify(part('model')));
  const weights = Buffer.from(part('group1-shard1of1') as string, 'base64');
  await writeFile(join(target, 'group1-shard1of1'), weights);
  return join(target, 'model.json');
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

const [, , folder = '.'] = process.argv;
const engine = await openEngine({ name: 'auto' });
const saved = await readSavedModel(await unpack(resolve(folder)));
const { classifier, description } = await openClassifier(engine, saved, {
  bounds: { lower: 0, upper: 1 },
});
console.log(`${engine.name} ${engine.version}, ${description.parameterCount} parameters, 1 thread`);
const random = new Random(1, ['pictures']);
const inputs = Batch.zeros(samples, [side, side, 3]);
for (let row = 0; row < samples; row++) inputs.row(row).set(smoothPicture(random));
const logits = await classifier.logits(inputs);
const labels = Int32Array.from({ length: samples }, (_, row) => predictedClass(logits.row(row)));
const context = {
  classifier,
  inputs,
  criterion: { kind: 'misclassified', labels },
  seed: 1,
  sampleIndices: [0, 1, 2, 3],
} as const;

const rows = [];
for (const settings of suite) {
  const attack = createAttack(settings);
  // The first run compiles.
  await attack.run(context);
  const began = performance.now();
  const { outcomes, steps } = await attack.run(context);
  const seconds = (performance.now() - began) / 1000;
  rows.push({
    attack: attackLabel(settings),
    pictures: samples,
    seconds: seconds.toFixed(2),
    'pictures/s': (samples / seconds).toPrecision(3),
    'steps a picture': (steps.reduce((sum, taken) => sum + taken, 0) / samples).toFixed(1),
    fooled: outcomes.filter(outcome => outcome === 'succeeded').length,
  });
}
console.table(rows);
for (const note of engine.notes) console.log(note);
classifier.dispose();
engine.dispose();
