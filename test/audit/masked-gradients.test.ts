import { describe, expect, test } from 'vitest';
import type { AttackConfig } from '../../src/config/attack-config.ts';
import type { AuditReport } from '../../src/report/audit-report.ts';
import type { Mask } from '../fixtures/masked-digits.ts';
import { auditMaskedDigits, node, randomLikeImage } from '../fixtures/masked-digits.ts';

/** Square may use more queries than here; these are enough for masked models to fall. */
const attacks: readonly AttackConfig[] = [
  { attack: 'fgsm', norm: 'Linf', epsilon: 0.3 },
  { attack: 'pgd', norm: 'Linf', epsilon: 0.3 },
  { attack: 'square', norm: 'Linf', epsilon: 0.3, queries: 300 },
];
const samples = 30;

/** Breaks next to nothing, whatever it follows. */
const tinyPgd = { attack: 'pgd', norm: 'Linf', epsilon: 0.01, steps: 5 } as const;
const tinySquare = { attack: 'square', norm: 'Linf', epsilon: 0.01, queries: 200 } as const;

/** Nine grey values: the derivative of rounding is zero everywhere. */
const roundedInput = {
  before: [
    node('scaled', 'Mul', 'image', 'levels'),
    node('rounded', 'Round', 'scaled'),
    node('masked', 'RealDiv', 'rounded', 'levels'),
  ],
  constants: { levels: 8 },
};

/** Probabilities that are 0 and 1, with a step behind them that hides the softmax from the loader. */
function saturated(steepness: number): Mask {
  return {
    after: [
      node('steep', 'Mul', 'digits_graph/probabilities/BiasAdd', 'steepness'),
      node('probabilities', 'Softmax', 'steep'),
      node('answer', 'Mul', 'probabilities', 'one'),
    ],
    constants: { steepness, one: 1 },
  };
}

/** Noise that gradients get through: the derivative of adding it is one. */
function noisyInput(deviation: number): Mask {
  return {
    before: [
      ...randomLikeImage('RandomStandardNormal'),
      node('noise', 'Mul', 'random', 'deviation'),
      node('masked', 'AddV2', 'image', 'noise'),
    ],
    constants: { deviation },
  };
}

/** Noise, and then nine grey values: the derivative is zero, whatever is drawn. */
function noisyRoundedInput(deviation: number): Mask {
  return {
    before: [
      ...randomLikeImage('RandomStandardNormal'),
      node('noise', 'Mul', 'random', 'deviation'),
      node('noisy', 'AddV2', 'image', 'noise'),
      node('scaled', 'Mul', 'noisy', 'levels'),
      node('rounded', 'Round', 'scaled'),
      node('masked', 'RealDiv', 'rounded', 'levels'),
    ],
    constants: { deviation, levels: 8 },
  };
}

/** Dithering: one of the two nearest of nine grey values, so drawn that the mean is the image itself. */
const ditheredInput: Mask = {
  before: [
    ...randomLikeImage('RandomUniform'),
    node('scaled', 'Mul', 'image', 'levels'),
    node('raised', 'AddV2', 'scaled', 'random'),
    node('rounded', 'Floor', 'raised'),
    node('masked', 'RealDiv', 'rounded', 'levels'),
  ],
  constants: { levels: 8 },
};

function robustAccuracy(report: AuditReport, attack: string): number {
  const found = report.conditions.find(({ id }) => id.startsWith(attack));
  return found?.accuracy?.count ?? NaN;
}

function flagIds(report: AuditReport): string[] {
  return [...new Set(report.flags.map(({ id }) => id))];
}

/** What every masked model shows: a report that cannot be read as robustness. */
function expectUnmasked(report: AuditReport): void {
  expect(report.state).toBe('complete');
  expect(robustAccuracy(report, 'square'), 'Square wins').toBeLessThan(
    robustAccuracy(report, 'pgd') - 0.1 * samples,
  );
  expect(flagIds(report)).toContain('blackbox-stronger');
  for (const { message, remedy } of report.flags) {
    expect(message.length).toBeGreaterThan(20);
    expect(remedy.length).toBeGreaterThan(10);
  }
}

describe('a network whose gradients are masked is not called robust', () => {
  test('input rounded to nine grey values', async () => {
    const report = await auditMaskedDigits(roundedInput, attacks, samples);
    expectUnmasked(report);
    expect(flagIds(report)).toEqual(
      expect.arrayContaining(['gradient-unavailable', 'unbounded-fails']),
    );
  });

  test('preprocessing without derivative: black or white by a threshold', async () => {
    const report = await auditMaskedDigits(
      {
        before: [
          node('above', 'Greater', 'image', 'threshold'),
          {
            name: 'masked',
            op: 'Cast',
            input: ['above'],
            attr: { SrcT: { type: 'DT_BOOL' }, DstT: { type: 'DT_FLOAT' } },
          },
        ],
        constants: { threshold: 0.2 },
      },
      attacks,
      samples,
    );
    expectUnmasked(report);
    expect(flagIds(report)).toEqual(
      expect.arrayContaining(['gradient-unavailable', 'gradient-wrong']),
    );
  });

  test('a softmax so steep that its probabilities are 0 and 1', async () => {
    const report = await auditMaskedDigits(saturated(100), attacks, samples);
    expectUnmasked(report);
    expect(flagIds(report)).toContain('gradient-unavailable');
  });

  test('noise on the input: no two answers are the same', async () => {
    const report = await auditMaskedDigits(noisyInput(0.5), attacks, samples);
    expect(flagIds(report)).toEqual(expect.arrayContaining(['stochastic-model', 'lost-success']));
    // The gradient of each draw is right, and so is what is said of it.
    expect(report.gradientCheck).toMatchObject({
      verdict: 'agrees',
      explanation: expect.stringContaining('with the random numbers of the model held') as string,
    });
    expect(flagIds(report)).not.toContain('gradient-wrong');
  });

  test.each<{
    readonly name: string;
    readonly suite: readonly AttackConfig[];
    readonly passes: number;
    readonly verdicts: readonly string[];
  }>([
    {
      name: 'attacks that follow one draw',
      suite: [tinyPgd, tinySquare],
      passes: 1,
      verdicts: ['unknown', 'unknown'],
    },
    {
      name: 'the mean of a few',
      suite: [tinyPgd, tinySquare],
      passes: 19,
      verdicts: ['unknown', 'unknown'],
    },
    {
      name: 'Square alone, on the mean of many',
      suite: [tinySquare],
      passes: 20,
      verdicts: ['unknown', 'unknown'],
    },
    {
      name: 'Square and one step, on the mean of many',
      suite: [{ attack: 'fgsm', norm: 'Linf', epsilon: 0.01 }, tinySquare],
      passes: 20,
      verdicts: ['unknown', 'unknown'],
    },
    {
      name: 'PGD on the mean of many, which may say so',
      suite: [tinyPgd, tinySquare],
      passes: 20,
      verdicts: ['pass', 'unknown'],
    },
  ])('noise on the input is not called robust by $name', async ({ suite, passes, verdicts }) => {
    const robust = { check: 'robust-accuracy', minimum: 0.1 };
    const report = await auditMaskedDigits(
      noisyInput(0.1),
      suite,
      8,
      [robust, { ...robust, attack: 'square-linf-0.01-queries-200' }],
      passes,
    );
    // So many stand that the interval is above the minimum: the flags alone decide.
    for (const { lower } of report.checks) expect(lower).toBeGreaterThan(0.1);
    expect(flagIds(report)).toContain('stochastic-model');
    expect(flagIds(report)).not.toContain('gradient-wrong');
    expect(report.checks.map(({ verdict }) => verdict)).toEqual(verdicts);
  });

  test.each([
    { name: 'dithering to nine grey values, one pass', mask: ditheredInput, passes: 1 },
    { name: 'dithering, the mean of ten passes', mask: ditheredInput, passes: 10 },
    { name: 'noise before rounding, ten passes', mask: noisyRoundedInput(0.3), passes: 10 },
  ])('$name: random, and without a derivative', async ({ mask, passes }) => {
    const robust = { check: 'robust-accuracy', minimum: 0.01 };
    const report = await auditMaskedDigits(
      mask,
      attacks,
      samples,
      [robust, { ...robust, attack: 'pgd-linf-0.3' }],
      passes,
    );
    expectUnmasked(report);
    expect(flagIds(report)).toEqual(
      expect.arrayContaining(['stochastic-model', 'gradient-unavailable', 'gradient-wrong']),
    );
    expect(report.checks.map(({ verdict }) => verdict)).toEqual(['unknown', 'unknown']);
  });

  test('the same audit of a model that draws random numbers comes to the same numbers', async () => {
    const few: readonly AttackConfig[] = [
      { attack: 'pgd', norm: 'Linf', epsilon: 0.3, steps: 5 },
      { attack: 'square', norm: 'Linf', epsilon: 0.3, queries: 40 },
    ];
    const [first, second] = [
      await auditMaskedDigits(noisyInput(0.3), few, 12),
      await auditMaskedDigits(noisyInput(0.3), few, 12),
    ];
    expect(first.flags.map(({ id }) => id)).toContain('stochastic-model');
    expect(second.samples).toEqual(first.samples);
    const withoutTimes = ({ conditions }: AuditReport) =>
      conditions.map(condition => ({ ...condition, seconds: 0 }));
    expect(withoutTimes(second)).toEqual(withoutTimes(first));
    expect(second.flags).toEqual(first.flags);
    // The native engine cannot compile what draws: the same engine as before computes it.
    const native = await auditMaskedDigits(noisyInput(0.3), few, 12, [], 1, 'native');
    expect(native.engine.notes).toContainEqual(expect.stringMatching(/draws random numbers/));
    expect(native.samples).toEqual(first.samples);
    expect(native.flags).toEqual(first.flags);
  });

  test('Square keeps no verdict where noise misleads it', async () => {
    const report = await auditMaskedDigits(
      noisyInput(0.3),
      [{ attack: 'square', norm: 'Linf', epsilon: 0.2, queries: 1000 }],
      12,
      [
        { check: 'robust-accuracy', minimum: 0.15 },
        { check: 'robust-accuracy', minimum: 0.15, attack: 'square-linf-0.2-queries-1000' },
      ],
    );
    // Far from what averaged gradients leave, but Square alone would have the model pass.
    expect(robustAccuracy(report, 'square')).toBeGreaterThanOrEqual(5);
    expect(report.checks.map(({ verdict }) => verdict)).toEqual(['unknown', 'unknown']);
    expect(report.checks[1]?.explanation).toMatch(/^Not to be relied upon\. Two passes/);
  });

  test('also where the configuration asks for nothing but gradients', async () => {
    const robust = { check: 'robust-accuracy', minimum: 0.3 };
    const report = await auditMaskedDigits(
      roundedInput,
      [{ attack: 'pgd', norm: 'Linf', epsilon: 0.3 }],
      10,
      [robust, { ...robust, attack: 'pgd-linf-0.3' }, { check: 'clean-accuracy', minimum: 0.5 }],
    );
    // Ten of ten stand under PGD: the interval starts above 30%, and still nothing may pass.
    expect(robustAccuracy(report, 'pgd')).toBeGreaterThanOrEqual(9);
    expect(report.checks.map(({ verdict }) => verdict)).toEqual(['unknown', 'unknown', 'pass']);
    expect(report.checks[0]?.explanation).toMatch(/^Not to be relied upon\. .+ gradient/);
    expect(flagIds(report)).toEqual(
      expect.arrayContaining(['gradient-unavailable', 'unbounded-fails', 'blackbox-stronger']),
    );
  });

  test('Square shows what it broke, but does not prove a model without gradients robust', async () => {
    const report = await auditMaskedDigits(
      roundedInput,
      [
        { attack: 'pgd', norm: 'Linf', epsilon: 0.05 },
        { attack: 'square', norm: 'Linf', epsilon: 0.05, queries: 1000 },
      ],
      samples,
      [
        { check: 'robust-accuracy', minimum: 0.5 },
        { check: 'robust-accuracy', minimum: 0.999 },
        { check: 'robust-accuracy', minimum: 0.5, attack: 'pgd-linf-0.05' },
        { check: 'robust-accuracy', minimum: 0.5, attack: 'square-linf-0.05-queries-1000' },
      ],
    );
    expect(flagIds(report)).toContain('gradient-unavailable');
    expect(report.checks.map(({ verdict }) => verdict)).toEqual([
      'unknown',
      'fail',
      'unknown',
      'pass',
    ]);
  });

  test.each<{ readonly name: string; readonly square: AttackConfig }>([
    {
      name: 'of a few queries',
      square: { attack: 'square', norm: 'Linf', epsilon: 0.1, queries: 5 },
    },
    {
      name: 'in a smaller ball',
      square: { attack: 'square', norm: 'Linf', epsilon: 0.001, queries: 1000 },
    },
    {
      name: 'towards one class',
      square: { attack: 'square', norm: 'Linf', epsilon: 0.1, queries: 1000, target: 'next' },
    },
  ])('a Square $name saves no verdict', async ({ square }) => {
    const report = await auditMaskedDigits(
      roundedInput,
      [{ attack: 'pgd', norm: 'Linf', epsilon: 0.1 }, square],
      10,
      [{ check: 'robust-accuracy', minimum: 0.1 }],
    );
    // So many stand that the interval is above the minimum.
    expect(robustAccuracy(report, 'square')).toBeGreaterThanOrEqual(4);
    expect(report.checks.map(({ verdict }) => verdict)).toEqual(['unknown']);
  });

  test('nor does it alone, when it hardly tried', async () => {
    const report = await auditMaskedDigits(
      roundedInput,
      [{ attack: 'square', norm: 'Linf', epsilon: 0.1, queries: 5 }],
      10,
      [{ check: 'robust-accuracy', minimum: 0.3 }],
    );
    expect(robustAccuracy(report, 'square')).toBeGreaterThanOrEqual(8);
    expect(report.checks.map(({ verdict }) => verdict)).toEqual(['unknown']);
  });

  test.each([
    ['a rounded input', roundedInput, 0.1],
    ['probabilities so saturated that Square sees no change either', saturated(1000), 0.3],
  ])('nor does AutoAttack alone: %s', async (_, mask, epsilon) => {
    const requirement = { check: 'robust-accuracy', minimum: 0.01 };
    const autoattack = { attack: 'autoattack', norm: 'Linf', epsilon } as const;
    const report = await auditMaskedDigits(mask, [autoattack], 8, [
      requirement,
      { ...requirement, attack: `autoattack-linf-${epsilon}` },
    ]);
    expect(flagIds(report)).toContain('unbounded-fails');
    expect(robustAccuracy(report, 'autoattack')).toBeGreaterThan(0);
    expect(report.checks.map(({ verdict }) => verdict)).toEqual(['unknown', 'unknown']);
  });

  test('noise on the input loses to the mean of many passes, which also beats Square', async () => {
    const pgd = { attack: 'pgd', norm: 'Linf', epsilon: 0.2 } as const;
    const count = 24;
    const single = await auditMaskedDigits(
      noisyInput(0.3),
      [pgd, { ...pgd, attack: 'square', queries: 300 }],
      count,
    );
    const averaged = await auditMaskedDigits(noisyInput(0.3), [pgd], count, [], 10);
    const left = robustAccuracy(averaged, 'pgd');
    expect(left).toBeLessThan(robustAccuracy(single, 'pgd'));
    // The noise changes the scores more than a window does: a random search cannot tell what helped.
    expect(left).toBeLessThan(robustAccuracy(single, 'square'));
  });

  test('probabilities from −1 to 1: a search that is lost meets no requirement, and DDN is not misled', async () => {
    const centred: Mask = {
      after: [
        node('steep', 'Mul', 'digits_graph/probabilities/BiasAdd', 'steepness'),
        node('probabilities', 'Softmax', 'steep'),
        node('doubled', 'Mul', 'probabilities', 'two'),
        node('answer', 'Sub', 'doubled', 'one'),
      ],
      constants: { steepness: 0.5, two: 2, one: 1 },
    };
    const searches: AttackConfig[] = [
      { attack: 'deepfool', norm: 'L2' },
      { attack: 'ddn', steps: 50 },
    ];
    const requirements = [
      { check: 'median-distance', attack: 'deepfool-l2', minimum: 4 },
      { check: 'median-distance', attack: 'ddn-l2-steps-50', minimum: 4 },
    ];
    const report = await auditMaskedDigits(centred, searches, 15, requirements);
    expect(report.checks.map(({ verdict }) => verdict)).toEqual(['unknown', 'fail']);
    const lost = report.flags.find(({ id }) => id === 'smaller-changes-known');
    expect(lost?.condition).toBe('deepfool-l2');
    const [deepFool, ddn] = ['deepfool', 'ddn'].map(
      attack => report.conditions.find(({ id }) => id.startsWith(attack))?.distance?.median,
    );
    expect(deepFool, 'the number that would have met it').toBeGreaterThan(4);
    expect(ddn).toBeLessThan(3);
  });

  test('the same network unmasked raises no flag', async () => {
    const report = await auditMaskedDigits({ constants: {} }, attacks, samples);
    expect(flagIds(report)).toEqual([]);
    expect(robustAccuracy(report, 'pgd')).toBeLessThan(0.1 * samples);
  });
});
