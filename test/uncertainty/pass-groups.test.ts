import { describe, expect, test } from 'vitest';
import { Random } from '../../src/random/random.ts';
import { choosePasses, pilotPasses } from '../../src/uncertainty/choose-passes.ts';
import { PassGroups } from '../../src/uncertainty/pass-groups.ts';
import { PredictionAccumulator } from '../../src/uncertainty/scores.ts';
import { entropy } from '../../src/uncertainty/softmax.ts';

/** Passes over one sample of three classes, with logits that vary. */
function passes(count: number, key: number): Float64Array[] {
  const random = new Random(1, ['pass-groups-test', key]);
  return Array.from({ length: count }, () =>
    Float64Array.of(random.normal(), random.normal(), 1 + random.normal()),
  );
}

function score(logits: readonly Float64Array[]) {
  const scores = new PredictionAccumulator(1, 3);
  for (const pass of logits) scores.addPass(pass);
  return scores.finish();
}

const mutualInformation = (logits: readonly Float64Array[]) =>
  score(logits).mutualInformation[0] ?? NaN;

describe('the standard error of scores', () => {
  test('is the jackknife by hand', () => {
    const logits = passes(20, 0);
    const without = Array.from({ length: 10 }, (_, g) =>
      mutualInformation(logits.filter((_, pass) => pass % 10 !== g)),
    );
    const mean = without.reduce((sum, value) => sum + value, 0) / 10;
    const squares = without.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    expect(score(logits).mutualInformationError[0]).toBeCloseTo(Math.sqrt(0.9 * squares), 10);
  });

  test('agrees with how much scores of other passes differ', () => {
    const runs = Array.from({ length: 300 }, (_, key) => score(passes(100, key)));
    for (const [value, error] of [
      ['mutualInformation', 'mutualInformationError'],
      ['softmaxVariance', 'softmaxVarianceError'],
    ] as const) {
      const values = runs.map(run => run[value][0] ?? NaN);
      const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
      const spread = Math.sqrt(
        values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1),
      );
      const errors = runs.map(run => (run[error][0] ?? NaN) ** 2);
      const claimed = Math.sqrt(errors.reduce((sum, v) => sum + v, 0) / errors.length);
      expect(claimed / spread).toBeGreaterThan(0.85);
      expect(claimed / spread).toBeLessThan(1.15);
    }
  });

  test('is zero for passes that agree, and unknown for one', () => {
    const same = Float64Array.of(1, 2, 3);
    const agreeing = score([same, same, same, same]);
    expect(agreeing.mutualInformationError[0]).toBeCloseTo(0, 12);
    expect(agreeing.softmaxVarianceError[0]).toBeCloseTo(0, 12);
    expect(score([same]).mutualInformationError[0]).toBeNaN();
  });

  test('keeps samples apart', () => {
    const groups = new PassGroups(2, 2);
    for (let pass = 0; pass < 4; pass++) {
      const p = pass % 2 === 0 ? [0.9, 0.1] : [0.2, 0.8];
      groups.add(0, p, entropy(p));
      groups.add(1, [0.5, 0.5], Math.LN2);
    }
    expect(groups.errors(0).mutualInformation).toBeGreaterThan(0.005);
    expect(groups.errors(1).mutualInformation).toBeCloseTo(0, 12);
  });
});

describe('the number of passes', () => {
  test('falls with the square of the standard error that is asked for', () => {
    const pilot = [0.02, 0.02];
    expect(choosePasses(pilot, 0.02).passes).toBe(pilotPasses);
    expect(choosePasses(pilot, 0.01)).toMatchObject({ passes: 4 * pilotPasses, atBound: false });
    expect(choosePasses(pilot, 0.01).standardError).toBeCloseTo(0.01, 12);
    expect(choosePasses(pilot, 1).passes).toBe(10);
    expect(choosePasses(pilot, 1e-4)).toMatchObject({ passes: 1000, atBound: true });
  });

  test('reaches what it promises', () => {
    const pilot = Array.from(
      { length: 40 },
      (_, key) => score(passes(pilotPasses, key)).mutualInformationError[0] ?? NaN,
    );
    const { passes: chosen } = choosePasses(pilot, 0.02);
    const values = Array.from({ length: 200 }, (_, key) => mutualInformation(passes(chosen, key)));
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    const spread = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
    expect(spread).toBeGreaterThan(0.015);
    expect(spread).toBeLessThan(0.025);
  });
});
