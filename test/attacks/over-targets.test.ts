import { afterAll, beforeAll, expect, test } from 'vitest';
import { carliniWagner } from '../../src/attacks/carlini-wagner.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { Random } from '../../src/random/random.ts';
import { distances, leaving, run } from './attacking.ts';
import {
  answers,
  boxedTargetedL2Distance,
  halfSaturatedSamples,
  linearClassifier,
  median,
  nearestBoundary,
  randomModel,
  unitBox,
} from './linear-models.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ name: 'wasm' });
});
afterAll(() => engine.dispose());

test('Carlini and Wagner towards every class finds the nearest and the farthest of them', async () => {
  const random = new Random(8, ['over targets']);
  const model = randomModel(random, 20, 4);
  const inputs = halfSaturatedSamples(random, 10, 20);
  const labels = answers(model, inputs);
  const classifier = linearClassifier(engine, model);
  const found = async (targets: 'easiest' | 'hardest') => {
    const attack = carliniWagner({ attack: 'carlini-wagner', preset: 'quick', targets });
    expect(attack.settings['targets']).toBe(targets);
    const result = await run(attack, classifier, inputs, leaving(labels));
    expect(new Set(result.outcomes)).toEqual(new Set(['succeeded']));
    return distances(result, inputs, 'L2');
  };
  const nearest = (await found('easiest')).map((distance, row) => {
    const label = labels[row] ?? NaN;
    return distance / nearestBoundary(model, inputs.row(row), label, unitBox, 'L2');
  });
  expect(Math.min(...nearest)).toBeGreaterThan(0.9999);
  expect(median(nearest)).toBeLessThan(1.01);
  expect(Math.max(...nearest)).toBeLessThan(1.1);

  const farthest = (await found('hardest')).map((distance, row) => {
    const others = [0, 1, 2, 3].filter(target => target !== labels[row]);
    const optima = others.map(target =>
      boxedTargetedL2Distance(inputs.row(row), model, target, unitBox),
    );
    return distance / Math.max(...optima);
  });
  // The hardest of three upper bounds is an upper bound of the hardest.
  expect(Math.min(...farthest)).toBeGreaterThan(0.9999);
  expect(median(farthest)).toBeLessThan(1.02);
  classifier.dispose();
});
