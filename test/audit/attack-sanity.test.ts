import { describe, expect, test } from 'vitest';
import type { AttackOutcome } from '../../src/attacks/attack.ts';
import type { AttackSettings } from '../../src/attacks/attack-settings.ts';
import { checkAttacks } from '../../src/audit/attack-sanity.ts';
import { ConditionResults } from '../../src/audit/condition-results.ts';

/** An attack that has fooled the samples marked with x. */
function finished(settings: AttackSettings, fooled: string, target?: 'next'): ConditionResults {
  const count = fooled.length;
  const indices = Array.from({ length: count }, (_, i) => i);
  const shape = [1];
  const clean = new ConditionResults(
    {
      id: 'clean',
      label: 'Clean',
      kind: 'clean',
      indices,
      attack: undefined,
      step: { kind: 'predict' },
    },
    shape,
    2,
  );
  const label = `${settings.attack} ${'epsilon' in settings ? settings.epsilon : ''}`;
  const results = new ConditionResults(
    {
      id: label,
      label,
      kind: 'attack',
      indices,
      attack: { settings, target },
      step: { kind: 'attack', settings, target },
    },
    shape,
    2,
  );
  const outcomes = Array.from(fooled, (mark): AttackOutcome =>
    mark === 'x' ? 'succeeded' : mark === '0' ? 'gradient-unavailable' : 'failed',
  );
  results.addAdversaries(
    0,
    {
      kind: 'attack',
      adversaries: new Float32Array(count),
      logits: new Float32Array(2 * count),
      outcomes,
      steps: new Int32Array(count),
      lostSuccess: new Int32Array(count),
      survivesRounding: new Int32Array(count).fill(-1),
    },
    clean,
  );
  results.state = 'finished';
  return results;
}

const at = (epsilon: number) => ({ norm: 'Linf' as const, epsilon });
const fgsm = (epsilon: number, fooled: string) =>
  finished({ attack: 'fgsm', ...at(epsilon) }, fooled);
const pgd = (epsilon: number, fooled: string) =>
  finished({ attack: 'pgd', ...at(epsilon) }, fooled);
const square = (fooled: string) => finished({ attack: 'square', ...at(0.1) }, fooled);
const corners = (fooled: string) =>
  finished({ attack: 'noise', distribution: 'corners', ...at(0.1) }, fooled);

function flags(...conditions: ConditionResults[]): string[] {
  return checkAttacks(conditions).map(({ id, condition }) => `${id}: ${condition ?? ''}`);
}

describe('attacks of an audit are held against each other', () => {
  test('nothing to say when stronger attacks are stronger', () => {
    expect(
      flags(
        fgsm(0.1, 'x---'),
        fgsm(0.2, 'xx--'),
        pgd(0.1, 'xx--'),
        square('x---'),
        corners('----'),
      ),
    ).toEqual([]);
  });

  test('one step that beats many', () => {
    expect(flags(fgsm(0.1, 'xx--'), pgd(0.1, 'x---'))).toEqual(['single-step-stronger: pgd 0.1']);
  });

  test('a larger ball with fewer successes, in whatever order they were asked for', () => {
    expect(flags(pgd(0.2, 'x---'), pgd(0.1, 'xx--'))).toEqual(['non-monotone: pgd 0.2']);
  });

  test('a black box, or noise, that breaks what no gradient broke', () => {
    expect(flags(pgd(0.1, 'x---'), square('-x--'))).toEqual(['blackbox-stronger: square 0.1']);
    expect(flags(pgd(0.1, 'x---'), corners('---x'))).toEqual(['noise-stronger: noise 0.1']);
  });

  test('gradients that could not be had', () => {
    expect(flags(fgsm(0.1, 'x0--'))).toEqual(['gradient-unavailable: fgsm 0.1']);
  });

  test('other sizes, targeted attacks, unfinished ones and lone black boxes are not compared', () => {
    const unfinished = pgd(0.1, '----');
    unfinished.state = 'running';
    expect(flags(fgsm(0.1, 'xx--'), unfinished)).toEqual([]);
    expect(flags(fgsm(0.2, 'xx--'), pgd(0.1, '----'))).toEqual([]);
    expect(flags(square('xx--'), corners('x---'))).toEqual([]);
    const targeted = finished({ attack: 'pgd', ...at(0.1) }, '----', 'next');
    expect(flags(fgsm(0.1, 'xx--'), targeted)).toEqual([]);
  });
});
