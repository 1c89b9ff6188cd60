/**
 * Trains the models of this example and writes them to `models/`, the same bytes at every run on
 * the same kind of processor:
 *
 *     npx tsx examples/digits/training/train.ts [name …]
 *
 * Without names all of them, one after another. Each takes some minutes of one core.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setBackend } from '@tensorflow/tfjs-core';
import type { Sequential } from '@tensorflow/tfjs-layers';
import { openEngine } from '../../../src/engine/open-engine.ts';
import { readDigitSet, sliceDigits, type DigitSet } from './digit-set.ts';
import { accuracy, accuracyUnderFgsm, accuracyUnderPgd, type Accuracy } from './evaluation.ts';
import { fit, type TrainingProgress } from './fit.ts';
import { recipes, type Recipe } from './recipes.ts';
import { savedForm } from './saved-form.ts';
import { writeModel } from './write-model.ts';

const example = join(import.meta.dirname, '..');
const fgsmEpsilons = [0.1, 0.2, 0.3];
/** Attacks are run on the first test digits, as published figures are. */
const attackedDigits = 1000;
/** The usual attack on models that were trained on adversaries of 0.3 (Madry et al., 2018). */
const projectedGradient = { epsilon: 0.3, stepSize: 0.01, steps: 40 };

async function main(): Promise<void> {
  const { positionals: names } = parseArgs({ allowPositionals: true });
  const chosen = names.length === 0 ? recipes : names.map(recipeNamed);
  await openEngine({ name: 'wasm' });
  await setBackend('wasm');
  const data = join(example, 'data');
  const digits = { training: readDigitSet(data, 'train'), test: readDigitSet(data, 't10k') };
  for (const recipe of chosen) await train(recipe, digits);
}

function recipeNamed(name: string): Recipe {
  const recipe = recipes.find(candidate => candidate.name === name);
  if (recipe !== undefined) return recipe;
  const known = recipes.map(candidate => candidate.name).join(', ');
  throw new Error(`There is no recipe ${name}. Known are ${known}.`);
}

async function train(
  recipe: Recipe,
  digits: { readonly training: DigitSet; readonly test: DigitSet },
): Promise<void> {
  console.log(`${recipe.name}: ${recipe.description}`);
  const began = process.cpuUsage();
  const model = recipe.build(recipe.plan.seed);
  fit(model, digits.training, recipe.plan, reporter());
  const { user, system } = process.cpuUsage(began);
  console.log(`trained in ${Math.round((user + system) / 1e6)} s of processor time`);

  const clean = accuracy(model, digits.test);
  console.log(`test accuracy ${spell(clean)}`);
  const first = sliceDigits(digits.test, 0, attackedDigits);
  const underFgsm = fgsmEpsilons.map(epsilon => {
    const result = accuracyUnderFgsm(model, first, epsilon);
    console.log(`under FGSM, epsilon ${epsilon}: ${spell(result)}`);
    return { epsilon, ...result };
  });
  const underPgd =
    recipe.plan.adversary === undefined
      ? {}
      : { accuracyUnderPgdLinf: measureUnderPgd(model, first, recipe.plan.seed) };
  const metadata = {
    description: recipe.description,
    trainedBy: `examples/digits/training/train.ts ${recipe.name}`,
    trainingData: `MNIST, ${digits.training.count} training digits`,
    plan: recipe.plan,
    testAccuracy: { ...clean, digits: 'all MNIST test digits' },
    accuracyUnderFgsmLinf: underFgsm,
    ...underPgd,
  };
  writeModel(join(example, 'models', recipe.name), await savedForm(recipe, model, first), metadata);
  model.dispose();
}

/** Accuracy under {@link projectedGradient}, with its settings. */
function measureUnderPgd(model: Sequential, digits: DigitSet, seed: number): object {
  const result = accuracyUnderPgd(model, digits, projectedGradient, seed);
  const { epsilon, stepSize, steps } = projectedGradient;
  console.log(`under PGD, epsilon ${epsilon}, ${steps} steps of ${stepSize}: ${spell(result)}`);
  return { ...projectedGradient, ...result };
}

/** Prints the mean loss from time to time. */
function reporter(): (progress: TrainingProgress) => void {
  const stepsPerLine = 117;
  let sum = 0;
  return ({ epoch, step, stepsPerEpoch, loss }) => {
    sum += loss;
    if ((step + 1) % stepsPerLine !== 0) return;
    const mean = (sum / stepsPerLine).toFixed(4);
    console.log(`epoch ${epoch + 1}, step ${step + 1} of ${stepsPerEpoch}: loss ${mean}`);
    sum = 0;
  };
}

function spell({ correct, of }: Accuracy): string {
  return `${((100 * correct) / of).toFixed(2)}% (${correct} of ${of})`;
}

await main();
