import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { querySamples, type SampleQuery } from '../../src/extension/sample-query.ts';
import type { SampleFilter, SampleOrder } from '../../src/protocol/panel-protocol.ts';
import type {
  Condition,
  Outcome,
  SampleCondition,
  SampleRecord,
} from '../../src/report/audit-report.ts';

const attackId = 'carlini-wagner-l2-quick';

function condition(id: string, norm: 'L2' | 'Linf'): Condition {
  return {
    id,
    kind: 'attack',
    label: id,
    state: 'finished',
    finished: 0,
    total: 0,
    accuracy: null,
    distance: { norm, median: null, meanOfSuccesses: null },
    uncertainty: null,
    seconds: 0,
  };
}

const conditions = [condition(attackId, 'L2'), condition('fgsm', 'Linf')];

function sample(
  index: number,
  attacked: Partial<SampleCondition> | undefined,
  label = index % 3,
): SampleRecord {
  return {
    index,
    id: `digits/${index}.png`,
    label,
    role: 'sample',
    conditions: {
      clean: { prediction: index === 4 ? label + 1 : label, confidence: 0.9 },
      ...(attacked === undefined
        ? {}
        : { [attackId]: { prediction: 0, confidence: 0.5, ...attacked } }),
    },
  };
}

const distance = (L2: number) => ({ Linf: 1 / L2, L2, L1: 0, L0: 0 });
const baseline: SampleRecord = {
  index: 100,
  id: 'digits/100.png',
  label: 1,
  role: 'baseline',
  conditions: { baseline: { prediction: 1, confidence: 1 } },
};
const samples = [
  sample(0, { outcome: 'succeeded', distance: distance(2), scores: { 'mutual-information': 0.3 } }),
  sample(1, { outcome: 'failed' }),
  sample(2, { outcome: 'succeeded', distance: distance(1), scores: { 'mutual-information': 0.1 } }),
  sample(3, { outcome: 'gradient-unavailable' }),
  sample(4, { outcome: 'already-wrong', scores: { 'mutual-information': 0.2 } }),
  sample(5, undefined),
  baseline,
];

const everything: SampleFilter = { condition: attackId, outcome: 'all', label: 'all', text: '' };
const byIndex: SampleOrder = { by: 'index', condition: attackId, descending: false };

function indices(query: Partial<SampleQuery>): number[] {
  const page = querySamples(
    { samples, conditions },
    { order: byIndex, filter: everything, start: 0, count: 100, ...query },
  );
  return page.samples.map(({ index }) => index);
}

describe('the filter', () => {
  test.each<[SampleFilter['outcome'], number[]]>([
    ['all', [0, 1, 2, 3, 4, 5]],
    ['fooled', [0, 2]],
    ['resisted', [1]],
    ['already-wrong', [4]],
  ])('%s under an attack', (outcome, expected) => {
    expect(indices({ filter: { ...everything, outcome } })).toEqual(expected);
  });

  test.each<[SampleFilter['outcome'], number[]]>([
    ['fooled', []],
    ['resisted', [0, 1, 2, 3, 5]],
    ['already-wrong', [4]],
  ])('%s without one: the model is right or wrong by itself', (outcome, expected) => {
    expect(indices({ filter: { ...everything, condition: 'clean', outcome } })).toEqual(expected);
  });

  test('shows the separate clean set only when it is asked for', () => {
    expect(indices({ filter: { ...everything, condition: 'baseline' } })).toEqual([100]);
  });

  test('by label and by text, whatever its case', () => {
    expect(indices({ filter: { ...everything, label: 1 } })).toEqual([1, 4]);
    expect(indices({ filter: { ...everything, text: 'DIGITS/2' } })).toEqual([2]);
    expect(indices({ filter: { ...everything, text: 'nothing' } })).toEqual([]);
  });
});

describe('the order', () => {
  const ordered = (by: SampleOrder['by'], descending = false, id = attackId): number[] =>
    indices({ order: { by, condition: id, descending } });

  test('puts samples without the value last, in either direction', () => {
    expect(ordered('score:mutual-information')).toEqual([2, 4, 0, 1, 3, 5]);
    expect(ordered('score:mutual-information', true)).toEqual([0, 4, 2, 1, 3, 5]);
  });

  test('by distance uses the norm of the attack', () => {
    expect(ordered('distance').slice(0, 2)).toEqual([2, 0]);
    const inMaximumNorm = querySamples(
      {
        samples: samples.map(record => ({
          ...record,
          conditions: { fgsm: record.conditions[attackId] ?? { prediction: 0, confidence: 0 } },
        })),
        conditions,
      },
      {
        order: { by: 'distance', condition: 'fgsm', descending: false },
        filter: { ...everything, condition: 'fgsm' },
        start: 0,
        count: 2,
      },
    );
    expect(inMaximumNorm.samples.map(({ index }) => index)).toEqual([0, 2]);
  });

  test('by outcome begins with what worries most', () => {
    expect(ordered('outcome')).toEqual([0, 2, 4, 1, 3, 5]);
  });

  test('by index and label goes both ways', () => {
    expect(ordered('index', true)).toEqual([5, 4, 3, 2, 1, 0]);
    expect(ordered('label')).toEqual([0, 3, 1, 4, 2, 5]);
  });
});

describe('pages', () => {
  const outcomes: readonly Outcome[] = ['succeeded', 'failed', 'already-wrong', 'error', 'not-run'];
  const anySample = fc
    .record({
      index: fc.nat(1000),
      label: fc.nat(4),
      outcome: fc.constantFrom(...outcomes),
      confidence: fc.constantFrom(0.1, 0.2, 0.3),
    })
    .map(({ index, label, outcome, confidence }) => sample(index, { outcome, confidence }, label));
  const anyOrder = fc.record({
    by: fc.constantFrom<SampleOrder['by'][]>('index', 'label', 'confidence', 'outcome', 'distance'),
    condition: fc.constantFrom(attackId, 'clean', 'unknown'),
    descending: fc.boolean(),
  });
  const anyFilter = fc.record({
    condition: fc.constant(attackId),
    outcome: fc.constantFrom<SampleFilter['outcome'][]>('all', 'fooled', 'resisted'),
    label: fc.oneof(fc.constant('all' as const), fc.nat(4)),
    text: fc.constantFrom('', '1', 'png'),
  });

  test('put together are all that pass the filter, each once, in one order', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(anySample, { selector: ({ index }) => index, maxLength: 60 }),
        anyOrder,
        anyFilter,
        fc.integer({ min: 1, max: 20 }),
        (all, order, filter, size) => {
          const report = { samples: all, conditions };
          const whole = querySamples(report, { order, filter, start: 0, count: 1000 });
          const pages = Array.from({ length: Math.ceil(all.length / size) }, (_, page) =>
            querySamples(report, { order, filter, start: page * size, count: size }),
          );
          expect(pages.flatMap(page => page.samples)).toEqual(whole.samples);
          expect(whole.total).toBe(whole.samples.length);
          expect(new Set(whole.samples).size).toBe(whole.total);
          const shuffled = querySamples(
            { ...report, samples: all.toReversed() },
            { order, filter, start: 0, count: 1000 },
          );
          expect(shuffled.samples).toEqual(whole.samples);
        },
      ),
    );
  });
});
