import { expect, test } from 'vitest';
import { attackCondition } from '../../src/audit/planned-condition.ts';
import { weaknessesOf } from '../../src/audit/weak-suite.ts';
import type { AttackConfig } from '../../src/config/attack-config.ts';
import { auditMaskedDigits } from '../fixtures/masked-digits.ts';

const pgd = { attack: 'pgd', norm: 'Linf', epsilon: 0.3 } as const;
/** Each of them leaves most digits right, of a network that PGD brings to nothing. */
const weak: readonly AttackConfig[] = [
  { ...pgd, epsilon: 0.001 },
  { ...pgd, epsilon: 0.05, target: 0 },
  { ...pgd, epsilon: 0.05, steps: 1 },
  { attack: 'square', norm: 'Linf', epsilon: 0.2, queries: 2 },
  { attack: 'noise', distribution: 'uniform', norm: 'Linf', epsilon: 0.1 },
];

async function auditWith(attacks: readonly AttackConfig[]) {
  const requirements = [{ check: 'robust-accuracy', minimum: 0.3 }];
  const { checks, flags } = await auditMaskedDigits({ constants: {} }, attacks, 20, requirements);
  const flag = flags.find(({ id }) => id === 'weak-attacks');
  return { verdict: checks[0]?.verdict, explanation: checks[0]?.explanation ?? '', flag };
}

test('a requirement is not met by attacks that could break nothing', async () => {
  const { verdict, explanation, flag } = await auditWith(weak);
  expect(flag?.message).toMatch(
    /256 levels; .+ wants one class; .+ fewer than 5 steps; .+ fewer than 200 times; .+ not search/,
  );
  expect(verdict).toBe('unknown');
  expect(explanation).toMatch(/^Not to be relied upon\. No attack of this audit is strong enough/);
});

test('one real attack among them decides', async () => {
  const { verdict, flag } = await auditWith([...weak, pgd]);
  expect(flag).toBeUndefined();
  expect(verdict).toBe('fail');
});

test('a requirement on one weak attack by itself is met with a warning, wherever a real attack stands', async () => {
  const fgsm = { attack: 'fgsm', norm: 'Linf', epsilon: 0.05 } as const;
  const requirements = [
    { check: 'robust-accuracy', minimum: 0.3, attack: 'fgsm-linf-0.05' },
    { check: 'robust-accuracy', minimum: 0.3, attack: 'pgd-linf-0.05' },
    { check: 'robust-accuracy', minimum: 0.99, attack: 'fgsm-linf-0.05' },
  ];
  const { checks, flags } = await auditMaskedDigits(
    { constants: {} },
    [fgsm, { ...pgd, epsilon: 0.05 }],
    20,
    requirements,
  );
  expect(flags.map(({ id }) => id)).not.toContain('weak-attacks');
  expect(checks.map(({ verdict }) => verdict)).toEqual(['warn', 'pass', 'fail']);
  expect(checks[0]?.explanation).toMatch(
    /^At least \S+ against these attacks, with 95% confidence\. That says little of robustness: FGSM L∞ ε=0\.05 takes one step\.$/,
  );
  expect(checks[1]?.explanation).not.toContain('says little');
});

test.each([
  { targets: 'hardest' as const, confidence: 0, says: 'keeps the farthest of all classes' },
  { confidence: 10, says: 'wants an answer that is wrong by a margin' },
])(
  'Carlini & Wagner $says: a distance to that is no distance to an error',
  ({ says, ...further }) => {
    const settings = { attack: 'carlini-wagner', preset: 'warm', ...further } as const;
    const condition = attackCondition(settings, [0, 1]);
    expect([...weaknessesOf([condition], [0, 1]).values()]).toEqual([`${condition.label} ${says}`]);
    const plain = attackCondition({ ...settings, targets: 'easiest', confidence: 0 }, [0, 1]);
    expect(weaknessesOf([plain], [0, 1]).size).toBe(0);
  },
);
