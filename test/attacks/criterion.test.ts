import { describe, expect, test } from 'vitest';
import { criterionGap, gatherCriterion, isMet, isSafelyMet } from '../../src/attacks/criterion.ts';
import { hasAnswer, predictedClass } from '../../src/model/answer.ts';
import { leaving, reaching } from './attacking.ts';

const logits = Float32Array.of(-3, 1, 0.25);

describe('a criterion', () => {
  test('untargeted, counts how far another class leads', () => {
    expect(criterionGap(leaving([0]), 0, logits)).toBe(4);
    expect(criterionGap(leaving([1]), 0, logits)).toBe(-0.75);
  });

  test('targeted, counts how far the target leads', () => {
    expect(criterionGap(reaching([0], [1]), 0, logits)).toBe(0.75);
    expect(criterionGap(reaching([0], [2]), 0, logits)).toBe(-0.75);
  });

  test('masks a class when all logits are negative', () => {
    expect(criterionGap(leaving([1]), 0, Float32Array.of(-9, -2, -5))).toBe(-3);
  });

  test('is not met by a tie, on either side', () => {
    const tie = Float32Array.of(1, 1);
    expect(isMet(leaving([0]), 0, tie)).toBe(false);
    expect(isMet(leaving([1]), 0, tie)).toBe(false);
    expect(isMet(leaving([0]), 0, Float32Array.of(1, 1 + 2 ** -23))).toBe(false);
    expect(isMet(leaving([0]), 0, Float32Array.of(1, 1 + 2 ** -21))).toBe(true);
  });

  test.each([
    { logits: [1, NaN, 0], answers: false },
    { logits: [NaN, NaN, NaN], answers: false },
    { logits: [Infinity, Infinity, 0], answers: false },
    { logits: [-Infinity, -Infinity, -Infinity], answers: false },
    { logits: [Infinity, 1, 0], answers: true },
    { logits: [-Infinity, -Infinity, 0], answers: true },
  ])('$logits answers: $answers; a model without an answer is wrong, at no target', one => {
    const given = Float32Array.from(one.logits);
    expect(hasAnswer(given)).toBe(one.answers);
    if (one.answers) return;
    for (const label of [0, 1, 2]) expect(isMet(leaving([label]), 0, given)).toBe(true);
    for (const target of [1, 2]) expect(isMet(reaching([0], [target]), 0, given)).toBe(false);
  });

  test('asks a search for more than the final check does', () => {
    const narrow = Float32Array.of(1, 1 + 2 ** -21);
    expect(isSafelyMet(leaving([0]), 0, narrow)).toBe(false);
    expect(isSafelyMet(leaving([0]), 0, Float32Array.of(1, 1.00001))).toBe(true);
  });

  test('asks for the confidence on top', () => {
    expect(isMet(leaving([0]), 0, logits, 3.9)).toBe(true);
    expect(isMet(leaving([0]), 0, logits, 4)).toBe(false);
  });

  test('is not touched by a class without a chance', () => {
    const widened = Float32Array.of(...logits, -1e6);
    expect(criterionGap(leaving([1]), 0, widened)).toBe(-0.75);
    expect(isMet(leaving([2]), 0, widened)).toBe(true);
  });

  test('follows its samples', () => {
    const criterion = reaching([0, 1, 2], [1, 2, 0]);
    expect(gatherCriterion(criterion, [2, 0])).toEqual(reaching([2, 0], [0, 1]));
  });
});

test('of equal logits the first is the prediction', () => {
  expect(predictedClass(Float32Array.of(1, 3, 3))).toBe(1);
});
