import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AttackSettings } from '../../src/attacks/attack-settings.ts';
import { createAttack } from '../../src/attacks/create-attack.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { Random } from '../../src/random/random.ts';
import { leaving, run } from './attacking.ts';
import {
  answers,
  halfSaturatedSamples,
  linearClassifier,
  randomModel,
  withHopelessClass,
} from './linear-models.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ name: 'wasm' });
});
afterAll(() => engine.dispose());

const linf = { norm: 'Linf', epsilon: 0.08 } as const;

/** One of each family, with as many steps as a property needs. */
const attacks: readonly AttackSettings[] = [
  { attack: 'fgsm', ...linf },
  { attack: 'bim', ...linf, steps: 4 },
  { attack: 'pgd', ...linf, steps: 4, restarts: 2 },
  { attack: 'pgd', norm: 'L1', epsilon: 0.5, steps: 4 },
  { attack: 'mi-fgsm', ...linf, steps: 4 },
  { attack: 'apgd', ...linf, loss: 'dlr', steps: 6 },
  { attack: 'apgd', norm: 'L2', epsilon: 0.4, loss: 'targeted-dlr', steps: 6 },
  { attack: 'square', ...linf, queries: 20 },
  { attack: 'square', norm: 'L2', epsilon: 0.4, queries: 20 },
  { attack: 'noise', ...linf, distribution: 'corners', draws: 5 },
  { attack: 'carlini-wagner', preset: 'quick', binarySearchSteps: 2, iterations: 20 },
  { attack: 'deepfool', norm: 'L2' },
  { attack: 'ddn', steps: 10 },
  { attack: 'fmn', norm: 'Linf', steps: 10 },
  { attack: 'fmn', norm: 'L1', steps: 10 },
  { attack: 'fab', norm: 'Linf', steps: 5 },
  { attack: 'fab', norm: 'L1', steps: 5 },
  { attack: 'autoattack', ...linf },
];

const features = 12;
const count = 6;

/** A linear problem of four classes, by number. */
function problem(number: number) {
  const random = new Random(number, ['independence']);
  const model = randomModel(random, features, 4);
  const inputs = halfSaturatedSamples(random, count, features);
  return { model, inputs, labels: answers(model, inputs) };
}

const anyProblem = fc.nat(1e6).map(problem);
/** AutoAttack, whose number of steps is fixed, takes a thousand times as long as the others. */
const runsOf = ({ attack }: AttackSettings) => ({ numRuns: attack === 'autoattack' ? 1 : 4 });

describe.each(attacks)('$attack does not depend on', settings => {
  const attack = createAttack(settings);

  test('the size of the batch, nor on the order of samples', async () => {
    const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(anyProblem, order, async ({ model, inputs, labels }, rows) => {
        const classifier = linearClassifier(engine, model);
        const whole = await run(attack, classifier, inputs, leaving(labels));
        const some = await run(
          attack,
          classifier,
          inputs.gather(rows),
          leaving(rows.map(row => labels[row] ?? NaN)),
          { sampleIndices: rows },
        );
        expect(some.outcomes).toEqual(rows.map(row => whole.outcomes[row]));
        expect(some.adversaries.values).toEqual(whole.adversaries.gather(rows).values);
        classifier.dispose();
      }),
      runsOf(settings),
    );
  });

  test('a constant added to the logits, nor on a class that is never chosen', async () => {
    await fc.assert(
      fc.asyncProperty(anyProblem, fc.integer({ min: -8, max: 8 }), async (given, shift) => {
        const { model, inputs, labels } = given;
        const outcomesOf = async (classifier: ReturnType<typeof linearClassifier>) => {
          const { outcomes } = await run(attack, classifier, inputs, leaving(labels));
          classifier.dispose();
          return outcomes;
        };
        const plain = await outcomesOf(linearClassifier(engine, model));
        expect(await outcomesOf(linearClassifier(engine, model, { shift }))).toEqual(plain);
        const wider = linearClassifier(engine, withHopelessClass(model));
        expect(await outcomesOf(wider)).toEqual(plain);
      }),
      runsOf(settings),
    );
  });
});
