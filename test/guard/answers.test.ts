import { expect, test } from 'vitest';
import { jensenShannon, softmax } from '../../src/guard/guard-module.ts';

test('the divergence of two answers has the values of its definition', () => {
  expect(jensenShannon([0.2, 0.3, 0.5], [0.2, 0.3, 0.5])).toBe(0);
  expect(jensenShannon([1, 0, 0], [0, 0, 1])).toBeCloseTo(Math.LN2, 15);
  // The mean is (3/4, 1/4): ½ (½ ln 2/3 + ½ ln 2) + ½ ln 4/3.
  expect(jensenShannon([0.5, 0.5], [1, 0])).toBeCloseTo(0.75 * Math.log(4 / 3), 15);
  // Answers that are no numbers are refused, also where both are.
  expect(jensenShannon([NaN, NaN], [NaN, NaN])).toBeNaN();
  expect(jensenShannon([NaN, 1], [0, 1])).toBeNaN();
});

test('probabilities of logits do not overflow', () => {
  expect(softmax(Float32Array.of(1000, 1000))).toEqual([0.5, 0.5]);
  expect(softmax([0, Math.log(3)])[1]).toBeCloseTo(0.75, 15);
});
