import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAttack } from '../../src/attacks/create-attack.ts';
import { transferAdversaries } from '../../src/attacks/transfer.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { Random } from '../../src/random/random.ts';
import { reaching, run } from './attacking.ts';
import { answers, halfSaturatedSamples, linearClassifier, randomModel } from './linear-models.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ name: 'wasm' });
});
afterAll(() => engine.dispose());

test('a sample that is of the target class already was not attacked, and is no success', async () => {
  const random = new Random(71, ['transfer']);
  const model = randomModel(random, 16, 3);
  const inputs = halfSaturatedSamples(random, 24, 16);
  const labels = answers(model, inputs);
  const targets = labels.map(() => 1);
  const criterion = reaching(labels, targets);
  const classifier = linearClassifier(engine, model);
  const attack = createAttack({ attack: 'pgd', norm: 'Linf', epsilon: 0.4 });
  const made = await run(attack, classifier, inputs, criterion);
  // On a twin every adversary does what it did on the model that it was made on.
  const met = await transferAdversaries(classifier, inputs, criterion, made);
  expect(met.outcomes).toEqual(made.outcomes);
  expect(new Set(met.outcomes)).toEqual(new Set(['not-run', 'succeeded']));
});
