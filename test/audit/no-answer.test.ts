import { expect, test } from 'vitest';
import type { Mask } from '../fixtures/masked-digits.ts';
import { auditMaskedDigits, node } from '../fixtures/masked-digits.ts';

/** Not a number where a logit exceeds the limit: the root of a negative number, times nothing. */
const rootOfRest = (limit: number): Mask => ({
  after: [
    node('rest', 'Sub', 'limit', 'digits_graph/probabilities/BiasAdd'),
    node('root', 'Sqrt', 'rest'),
    node('nothing', 'Mul', 'root', 'zero'),
    node('answer', 'AddV2', 'digits_graph/probabilities/BiasAdd', 'nothing'),
  ],
  constants: { limit, zero: 0 },
});

test('a sample to which the model answers with NaN is wrong, whatever its label, and the flag says so', async () => {
  const samples = 40;
  const attacks = [{ attack: 'fgsm', norm: 'Linf', epsilon: 0.02 }] as const;
  const requirements = [{ check: 'robust-accuracy', minimum: 0.01, attack: 'fgsm-linf-0.02' }];
  const sound = await auditMaskedDigits({ constants: {} }, attacks, samples);
  const report = await auditMaskedDigits(rootOfRest(16), attacks, samples, requirements);
  const clean = report.conditions.find(({ id }) => id === 'clean');

  const silent = report.samples.filter(({ conditions }) => conditions['clean']?.prediction === -1);
  expect(silent.length).toBeGreaterThan(3);
  expect(silent.length).toBeLessThan(samples - 3);
  expect(silent.every(({ conditions }) => conditions['clean']?.confidence === 0)).toBe(true);
  const rightWithout = sound.samples.filter(
    ({ index, label, conditions }) =>
      conditions['clean']?.prediction === label && !silent.some(other => other.index === index),
  );
  expect(clean?.accuracy).toMatchObject({ count: rightWithout.length, total: samples });
  expect(clean?.confusion?.filter(({ prediction }) => prediction === -1)).not.toEqual([]);
  // Nobody needs to attack what is wrong already, and nothing is robust for want of an answer.
  expect(
    silent.every(({ conditions }) => conditions['fgsm-linf-0.02']?.outcome === 'already-wrong'),
  ).toBe(true);

  const ids = report.flags.map(({ id }) => id);
  expect(ids).not.toContain('stochastic-model');
  expect(report.flags.find(({ id }) => id === 'non-finite-logits')?.message).toMatch(
    new RegExp(`^Clean: the model gives no answer to ${silent.length} of ${samples} samples \\(`),
  );
  expect(report.checks[0]).toMatchObject({ verdict: 'unknown' });
});

test('an attack that silences the model has fooled it', async () => {
  const report = await auditMaskedDigits(
    rootOfRest(13),
    [{ attack: 'fgsm', norm: 'Linf', epsilon: 0.3 }],
    60,
  );
  const clean = report.conditions.find(({ id }) => id === 'clean');
  const attack = report.conditions.find(({ kind }) => kind === 'attack');
  const silenced = report.samples.flatMap(({ conditions }) => {
    const { [attack?.id ?? '']: attacked, clean: before } = conditions;
    return attacked?.prediction === -1 && before?.prediction !== -1 ? [attacked] : [];
  });
  expect(silenced.length).toBeGreaterThan(0);
  expect(silenced.every(({ outcome }) => outcome === 'succeeded')).toBe(true);
  expect(attack?.accuracy?.count).toBeLessThanOrEqual(
    (clean?.accuracy?.count ?? NaN) - silenced.length,
  );
  expect(
    report.flags.some(
      ({ id, condition }) => id === 'non-finite-logits' && condition === attack?.id,
    ),
  ).toBe(true);
});
