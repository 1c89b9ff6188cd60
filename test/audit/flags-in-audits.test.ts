import { describe, expect, test } from 'vitest';
import type { AttackConfig } from '../../src/config/attack-config.ts';
import type { Flag } from '../../src/report/audit-report.ts';
import { auditMaskedDigits, type Mask, node } from '../fixtures/masked-digits.ts';

const samples = 20;
const norm = 'Linf';
const plain: Mask = { constants: {} };

/** Audits the network behind a mask as a whole; the findings that came of it, by their names. */
async function flagsOf(mask: Mask, attacks: readonly AttackConfig[]): Promise<Map<string, Flag>> {
  const { flags, state } = await auditMaskedDigits(mask, attacks, samples);
  expect(state).toBe('complete');
  return new Map(flags.map(flag => [flag.id, flag]));
}

/** x + amplitude · sin(2π x / period): a small change of the input may be a large one behind it. */
function wavy(amplitude: number, period: number): Mask {
  return {
    before: [
      node('phase', 'Mul', 'image', 'frequency'),
      node('sine', 'Sin', 'phase'),
      node('wave', 'Mul', 'sine', 'amplitude'),
      node('masked', 'AddV2', 'image', 'wave'),
    ],
    constants: { frequency: (2 * Math.PI) / period, amplitude },
  };
}

describe('a whole audit of a saved model finds', () => {
  test('that one step is stronger than some that are too short, and that these had not finished', async () => {
    const flags = await flagsOf(plain, [
      { attack: 'fgsm', norm, epsilon: 0.3 },
      { attack: 'pgd', norm, epsilon: 0.3, steps: 6, stepSize: 0.01 },
      { attack: 'pgd', norm, epsilon: 0.2, steps: 12, stepSize: 0.012 },
    ]);
    expect(flags.get('single-step-stronger')?.message).toMatch(
      /^FGSM L∞ ε=0\.3 fools \d+ samples, but PGD L∞ ε=0\.3.* only \d at the same size/,
    );
    expect(flags.get('not-converged')?.message).toMatch(
      /^PGD L∞ ε=0\.2.* fools \d+ samples only in the second half of its steps/,
    );
  });

  test('that a search for the smallest change was ended early', async () => {
    const flags = await flagsOf(plain, [{ attack: 'ddn', steps: 4 }]);
    expect(flags.get('not-converged')?.message).toMatch(/^DDN.* when its steps are doubled/);
  });

  test('that a larger ball holds fewer successes, and that the surroundings are rough', async () => {
    // A quarter of the period shifts what the network sees by the amplitude, half of it by nothing.
    const flags = await flagsOf(wavy(0.3, 0.1), [
      { attack: 'fgsm', norm, epsilon: 0.025 },
      { attack: 'fgsm', norm, epsilon: 0.05 },
    ]);
    expect(flags.get('non-monotone')?.message).toMatch(
      /^FGSM L∞ ε=0\.025 fools \d+ samples, but FGSM L∞ ε=0\.05 only \d in a larger ball/,
    );
    expect(flags.get('noisy-landscape')?.severity).toBe('warning');
  });

  test('that mere noise does what no gradient could', async () => {
    const rounded: Mask = {
      before: [
        node('scaled', 'Mul', 'image', 'levels'),
        node('rounded', 'Round', 'scaled'),
        node('masked', 'RealDiv', 'rounded', 'levels'),
      ],
      constants: { levels: 4 },
    };
    const flags = await flagsOf(rounded, [
      { attack: 'pgd', norm, epsilon: 0.5 },
      { attack: 'noise', distribution: 'corners', norm, epsilon: 0.5 },
    ]);
    expect(flags.get('noise-stronger')?.severity).toBe('error');
    expect(flags.get('gradient-unavailable')?.message.length).toBeGreaterThan(20);
  });

  test('nothing at a sound model under attacks that are strong enough', async () => {
    const flags = await flagsOf(plain, [
      ...[0.05, 0.1, 0.2].flatMap((epsilon): AttackConfig[] => [
        { attack: 'fgsm', norm, epsilon },
        { attack: 'pgd', norm, epsilon, steps: 100 },
      ]),
      { attack: 'apgd', loss: 'cross-entropy', norm, epsilon: 0.1 },
      { attack: 'square', norm, epsilon: 0.1, queries: 300 },
      { attack: 'noise', distribution: 'uniform', norm, epsilon: 0.1 },
      { attack: 'deepfool', norm: 'L2' },
      { attack: 'ddn' },
    ]);
    expect([...flags.keys()]).toEqual([]);
  });
});

test('probabilities whose softmax is hidden are not taken for logits, and hide no gradient', async () => {
  const hidden: Mask = {
    after: [
      node('softmax', 'Softmax', 'digits_graph/probabilities/BiasAdd'),
      node('answer', 'Mul', 'softmax', 'one'),
    ],
    constants: { one: 1 },
  };
  const attack: AttackConfig = { attack: 'pgd', norm, epsilon: 0.15 };
  const [seen, known] = await Promise.all(
    [hidden, plain].map(mask => auditMaskedDigits(mask, [attack], samples)),
  );
  const left = (report: typeof seen) =>
    report?.conditions.find(({ kind }) => kind === 'attack')?.accuracy?.count;
  expect(left(seen)).toBe(left(known));
  expect(left(known)).toBeLessThan(samples / 2);
  expect(seen?.flags.map(({ id }) => id)).not.toContain('probabilities-as-logits');
});
