import { expect, test } from 'vitest';
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
