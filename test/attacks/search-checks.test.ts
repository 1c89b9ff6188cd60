import { describe, expect, test } from 'vitest';
import type { AttackOutcome } from '../../src/attacks/attack.ts';
import { checkFindings, checkSizes } from '../../src/attacks/search-checks.ts';

/** s: succeeded, f: failed, w: wrong already. */
function run(marks: string) {
  const outcomes = Array.from(marks, (mark): AttackOutcome =>
    mark === 's' ? 'succeeded' : mark === 'f' ? 'failed' : 'already-wrong',
  );
  return { label: 'DDN L2', outcomes };
}

describe('a search for the smallest change may change everything', () => {
  test('so what it leaves right is no more than guessing would', () => {
    expect(checkFindings(run('sssssssssf'), 10)).toBeUndefined();
    expect(checkFindings(run('ssssssssff'), 10)?.message).toContain('for 2 of 10 samples');
    expect(checkFindings(run('ssssssssff'), 10)?.severity).toBe('error');
  });

  test('nor half of the attacked samples, where most are wrong already', () => {
    expect(checkFindings(run('wwwwwwwwwf'), 10)?.message).toContain('for 1 of 1 samples');
    expect(checkFindings(run('wwwwwwwwss'), 10)).toBeUndefined();
    expect(checkFindings(run('wwwww'), 2)).toBeUndefined();
  });
});

test('a smallest change is at most twice the smallest that is known, in the median', () => {
  expect(checkSizes('DDN L2', 1.9, 1)).toBeUndefined();
  expect(checkSizes('DDN L2', Infinity, Infinity)).toBeUndefined();
  expect(checkSizes('DDN L2', 0, 0)).toBeUndefined();
  expect(checkSizes('DDN L2', 2.1, 1)?.message).toContain('changes of 2.10');
  expect(checkSizes('DDN L2', Infinity, 1)?.message).toContain('finds none in the median');
});
