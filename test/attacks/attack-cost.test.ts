import { afterAll, beforeAll, expect, test } from 'vitest';
import { maximumSteps } from '../../src/attacks/attack-cost.ts';
import type { AttackSettings } from '../../src/attacks/attack-settings.ts';
import { createAttack } from '../../src/attacks/create-attack.ts';
import type { Batch } from '../../src/arrays/batch.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import type { Classifier } from '../../src/model/classifier.ts';
import { Random } from '../../src/random/random.ts';
import { leaving, run } from './attacking.ts';
import { answers, halfSaturatedSamples, linearClassifier, randomModel } from './linear-models.ts';

let engine: Engine;
let classifier: Classifier;
let inputs: Batch;
let labels: Int32Array;

beforeAll(async () => {
  engine = await openEngine({ name: 'wasm' });
  const random = new Random(31, ['cost']);
  const model = randomModel(random, 12, 5);
  classifier = linearClassifier(engine, model);
  inputs = halfSaturatedSamples(random, 6, 12);
  labels = answers(model, inputs);
});
afterAll(() => engine.dispose());

/** So small that no sample falls, and all steps are taken. */
const epsilon = 1e-6;

test.each<AttackSettings>([
  { attack: 'fgsm', norm: 'L2', epsilon },
  { attack: 'bim', norm: 'L2', epsilon },
  { attack: 'mi-fgsm', norm: 'Linf', epsilon },
  { attack: 'pgd', norm: 'L1', epsilon },
  { attack: 'pgd', norm: 'L1', epsilon, steps: 3, restarts: 2 },
  { attack: 'carlini-wagner', preset: 'quick', abortEarly: false },
  { attack: 'carlini-wagner', preset: 'warm' },
  { attack: 'carlini-wagner', preset: 'full', binarySearchSteps: 2, iterations: 4 },
  { attack: 'ddn' },
  { attack: 'fmn', norm: 'L1', steps: 7 },
  { attack: 'fab', norm: 'L2', steps: 5, targets: 2 },
  { attack: 'apgd', norm: 'L2', epsilon, loss: 'dlr' },
  { attack: 'apgd', norm: 'Linf', epsilon, loss: 'targeted-dlr', steps: 4, targets: 3 },
  { attack: 'square', norm: 'L2', epsilon, queries: 20 },
  { attack: 'noise', distribution: 'uniform', norm: 'L1', epsilon, draws: 3 },
])('the cost of %o is what it takes', async settings => {
  const result = await run(createAttack(settings), classifier, inputs, leaving(labels));
  expect(Math.max(...result.steps)).toBe(maximumSteps(settings));
});
