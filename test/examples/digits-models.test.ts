import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../../examples/digits/src/tensorflow.ts';
import {
  imageTensor,
  labelsAt,
  readDigitSet,
  sliceDigits,
  type DigitSet,
} from '../../examples/digits/training/digit-set.ts';
import { accuracyUnderFgsm } from '../../examples/digits/training/evaluation.ts';
import { recipes, type Recipe } from '../../examples/digits/training/recipes.ts';
import { readConfig } from '../../src/config/resolve-config.ts';
import { openEngine } from '../../src/engine/open-engine.ts';

const example = join(import.meta.dirname, '..', '..', 'examples', 'digits');
const run = promisify(execFile);

/** Digits that may change sides where another processor rounds otherwise. */
const roundingTolerance = 3;

const CountSchema = v.object({ correct: v.number(), of: v.number() });
const MetadataSchema = v.object({
  plan: v.record(v.string(), v.unknown()),
  testAccuracy: CountSchema,
  accuracyUnderFgsmLinf: v.array(v.object({ epsilon: v.number(), ...CountSchema.entries })),
});
const ModelFileSchema = v.object({ format: v.string(), userDefinedMetadata: MetadataSchema });

function modelFile(recipe: Recipe): string {
  return join(example, 'models', recipe.name, 'model.json');
}

function readModelFile(recipe: Recipe): v.InferOutput<typeof ModelFileSchema> {
  return v.parse(ModelFileSchema, JSON.parse(readFileSync(modelFile(recipe), 'utf8')));
}

function load(recipe: Recipe): Promise<tf.LayersModel | tf.GraphModel> {
  const url = `file://${modelFile(recipe)}`;
  return recipe.format === 'layers-model' ? tf.loadLayersModel(url) : tf.loadGraphModel(url);
}

function countCorrect(model: tf.LayersModel | tf.GraphModel, digits: DigitSet): number {
  const batchSize = 250;
  let correct = 0;
  for (let start = 0; start < digits.count; start += batchSize) {
    const batch = Array.from({ length: batchSize }, (_, i) => start + i);
    const answers = tf.tidy(() => {
      const probabilities = model.predict(imageTensor(digits, batch), { batchSize }) as tf.Tensor;
      return tf.argMax(probabilities, 1).dataSync<'int32'>();
    });
    correct += labelsAt(digits, batch).filter((label, i) => label === answers[i]).length;
  }
  return correct;
}

describe('the models of the digits example', () => {
  let digits: DigitSet;
  beforeAll(async () => {
    await run(process.execPath, [join(example, 'prepare-data.mjs')]);
    await openEngine({ name: 'wasm' });
    await tf.setBackend('wasm');
    digits = readDigitSet(join(example, 'data'), 't10k');
  });

  test('the training digits are there as well', () => {
    expect(readDigitSet(join(example, 'data'), 'train').count).toBe(60_000);
    expect(digits.count).toBe(10_000);
  });

  describe.each(recipes)('$name', recipe => {
    test('is small, and made by the recipe as it stands', () => {
      const folder = join(example, 'models', recipe.name);
      const sizes = readdirSync(folder).map(name => statSync(join(folder, name)).size);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(5e6);
      const file = readModelFile(recipe);
      expect(file.format).toBe(recipe.format);
      expect(file.userDefinedMetadata.plan).toEqual(recipe.plan);
    });

    test('reads the test digits as its metadata say, nearly all of them', async () => {
      const { testAccuracy } = readModelFile(recipe).userDefinedMetadata;
      const model = await load(recipe);
      const correct = countCorrect(model, digits);
      model.dispose();
      expect(testAccuracy.of).toBe(10_000);
      expect(Math.abs(correct - testAccuracy.correct)).toBeLessThanOrEqual(roundingTolerance);
      // What is trained on adversaries gives up a little.
      expect(correct).toBeGreaterThanOrEqual(recipe.plan.adversary === undefined ? 9880 : 9850);
    });
  });

  test.each(recipes.filter(recipe => recipe.format === 'layers-model'))(
    '$name falls under FGSM as its metadata say',
    async recipe => {
      const { accuracyUnderFgsmLinf } = readModelFile(recipe).userDefinedMetadata;
      const model = (await load(recipe)) as tf.Sequential;
      const first = sliceDigits(digits, 0, 1000);
      for (const { epsilon, correct, of } of accuracyUnderFgsmLinf) {
        const found = accuracyUnderFgsm(model, first, epsilon);
        expect(found.of).toBe(of);
        expect(Math.abs(found.correct - correct)).toBeLessThanOrEqual(roundingTolerance);
      }
      model.dispose();
    },
  );

  test('the graph computes what layers with its weights compute', async () => {
    const recipe = recipes.find(({ format }) => format === 'graph-model') as Recipe;
    const graph = (await load(recipe)) as tf.GraphModel;
    const twin = recipe.build(0);
    const weights = Object.values(graph.weights).flat();
    twin.setWeights(weights.filter(({ dtype }) => dtype === 'float32'));
    const largest = tf.tidy(() => {
      const images = imageTensor(
        digits,
        Uint32Array.from({ length: 1000 }, (_, i) => i),
      );
      const expected = twin.predict(images, { batchSize: 250 }) as tf.Tensor;
      const found = graph.predict(images) as tf.Tensor;
      return tf.max(tf.abs(tf.sub(found, expected))).dataSync()[0] as number;
    });
    expect(largest).toBeLessThanOrEqual(1e-6);
  });
});

describe('the workspace', () => {
  test('has a configuration whose models and data exist', async () => {
    const config = await readConfig(join(example, 'assay.config.json'));
    for (const model of config.models) expect(statSync(model).isFile()).toBe(true);
    if (config.data.format !== 'idx') throw new Error('The digits are IDX files.');
    expect(statSync(config.data.inputs).isFile()).toBe(true);
    expect(statSync(config.data.labels).isFile()).toBe(true);
  });

  test('has a program that loads the models and reads a digit', async () => {
    const { stdout } = await run(process.execPath, ['--import', 'tsx', 'src/classify.ts', '0'], {
      cwd: example,
    });
    expect(stdout).toMatch(/^current: 7 \(\d+\.\d\d%\)$/m);
    expect(stdout).toMatch(/^next: 7 \(/m);
    expect(stdout).toMatch(/^graph: 7 \(/m);
  });
});
