import { describe, expect, test } from 'vitest';
import type { Requirement } from '../../src/config/audit-config.ts';
import type { Check, Condition } from '../../src/report/audit-report.ts';
import { evaluateRequirements } from '../../src/report/evaluate-requirements.ts';
import { proportion } from '../../src/report/statistics.ts';

function condition(
  id: string,
  right: number,
  total: number,
  state: Condition['state'] = 'finished',
): Condition {
  return {
    id,
    kind: id === 'clean' ? 'clean' : 'attack',
    label: id,
    state,
    finished: total,
    total,
    accuracy: proportion(right, total),
    uncertainty: null,
    seconds: 0,
  };
}

function check(
  requirement: Requirement,
  conditions: Condition[],
  worst?: [number, number],
): Check | undefined {
  return evaluateRequirements([requirement], {
    conditions,
    worstCase: worst === undefined ? undefined : proportion(...worst),
    medianIntervals: new Map(),
  })[0];
}

const clean = (minimum: number, level: 'fail' | 'warn' = 'fail'): Requirement => ({
  check: 'clean-accuracy',
  minimum,
  level,
});

describe('a requirement is held against the bound of the interval, not the point', () => {
  test('met only when the whole interval is above', () => {
    // 99 of 100: Wilson interval from 94.6%.
    expect(check(clean(0.94), [condition('clean', 99, 100)])?.verdict).toBe('pass');
    const uncertain = check(clean(0.98), [condition('clean', 99, 100)]);
    expect(uncertain?.verdict).toBe('warn');
    expect(uncertain?.explanation).toContain('audit more samples');
    expect(check(clean(0.98), [condition('clean', 985, 1000)])?.verdict).toBe('warn');
    expect(check(clean(0.98), [condition('clean', 990, 1000)])?.verdict).toBe('pass');
    expect(check(clean(0.98), [condition('clean', 9900, 10000)])?.verdict).toBe('pass');
  });

  test('met against the attacks that were run, and no others', () => {
    const attacked = { ...condition('pgd', 99, 100), kind: 'attack' as const };
    const [robust] = evaluateRequirements(
      [{ check: 'robust-accuracy', attack: 'pgd', minimum: 0.9, level: 'fail' }],
      { conditions: [attacked], worstCase: undefined, medianIntervals: new Map() },
    );
    expect(robust?.explanation).toBe('At least 94.6% against these attacks, with 95% confidence.');
    expect(check(clean(0.94), [condition('clean', 99, 100)])?.explanation).toBe(
      'At least 94.6% with 95% confidence.',
    );
  });

  test('missed when the value is below, as hard as the requirement says', () => {
    expect(check(clean(0.995), [condition('clean', 99, 100)])?.verdict).toBe('fail');
    expect(check(clean(0.995, 'warn'), [condition('clean', 99, 100)])?.verdict).toBe('warn');
  });

  test('what was not measured is unknown, never met', () => {
    const robust: Requirement = {
      check: 'robust-accuracy',
      attack: 'pgd',
      minimum: 0.1,
      level: 'fail',
    };
    expect(check(robust, [condition('clean', 99, 100)])?.verdict).toBe('unknown');
    expect(check(robust, [condition('pgd', 50, 50, 'running')])?.verdict).toBe('unknown');
    expect(check(robust, [condition('pgd', 0, 0)])?.verdict).toBe('unknown');
    expect(check({ check: 'robust-accuracy', minimum: 0.1, level: 'fail' }, [])?.verdict).toBe(
      'unknown',
    );
  });

  test('an attack that the audit does not have is named with those that it has', () => {
    const mistyped: Requirement = {
      check: 'median-distance',
      attack: 'pdg',
      minimum: 0.1,
      level: 'fail',
    };
    expect(check(mistyped, [condition('clean', 9, 10), condition('pgd', 5, 10)])).toMatchObject({
      verdict: 'unknown',
      explanation: 'Not measured: the audit has no attack "pdg". It has pgd.',
    });
  });

  test('without an attack the worst case for each sample counts', () => {
    const requirement: Requirement = { check: 'robust-accuracy', minimum: 0.3, level: 'fail' };
    const conditions = [condition('a', 50, 100), condition('b', 50, 100)];
    expect(check(requirement, conditions, [10, 100])).toMatchObject({
      verdict: 'fail',
      measured: 0.1,
    });
  });
});

describe('median distance', () => {
  const requirement: Requirement = {
    check: 'median-distance',
    attack: 'cw',
    minimum: 1,
    level: 'fail',
  };
  const measure = (median: number | null, interval: [number | null, number | null]) =>
    evaluateRequirements([requirement], {
      conditions: [
        { ...condition('cw', 0, 100), distance: { norm: 'L2', median, meanOfSuccesses: 1 } },
      ],
      worstCase: undefined,
      medianIntervals: new Map([['cw', interval]]),
    })[0]?.verdict;

  test('infinite medians meet any requirement, when the interval does', () => {
    expect(measure(null, [1.2, null])).toBe('pass');
    expect(measure(null, [0.9, null])).toBe('warn');
    expect(measure(1.5, [1.2, 1.8])).toBe('pass');
    expect(measure(1.1, [0.9, 1.8])).toBe('warn');
    expect(measure(0.5, [0.4, 0.8])).toBe('fail');
  });

  test('an attack that uses up its ε has no smallest change to be required', () => {
    // FGSM breaks all of it with 0.3, and half of it perhaps with 0.01: nobody has looked.
    const fgsm = {
      ...condition('fgsm', 0, 100),
      distance: { norm: 'Linf' as const, median: 0.3, meanOfSuccesses: 0.3 },
      attack: {
        name: 'fgsm',
        kind: 'fixed-budget' as const,
        norm: 'Linf' as const,
        settings: { norm: 'Linf', epsilon: 0.3 },
      },
    };
    const [found] = evaluateRequirements([{ ...requirement, attack: 'fgsm', minimum: 0.2 }], {
      conditions: [fgsm],
      worstCase: undefined,
      medianIntervals: new Map([['fgsm', [0.3, 0.3]]]),
    });
    expect(found).toMatchObject({ verdict: 'unknown', measured: null });
    expect(found?.explanation).toContain('does not look for the smallest change');
  });
});
