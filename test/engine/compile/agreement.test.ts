import { describe, expect, test } from 'vitest';
import {
  type Arrays,
  findDisagreement,
  stepTolerance,
} from '../../../src/engine/compile/agreement.ts';

/** f(x) = max(0, x − 1) and its derivative, in float64: the derivative jumps at 1. */
const rampReference = ([xs]: Arrays): Promise<Arrays> =>
  Promise.resolve([
    Float32Array.from(xs ?? [], x => Math.max(0, x - 1)),
    Float32Array.from(xs ?? [], x => (x > 1 ? 1 : 0)),
  ]);

async function disagreementOfRamp(x: number, slope: number): Promise<number | undefined> {
  const inputs = [Float32Array.of(x)];
  const expected = await rampReference(inputs);
  const [values] = expected as [Float32Array];
  return findDisagreement(1, inputs, [values, Float32Array.of(slope)], expected, rampReference);
}

describe('ties', () => {
  test('at a tie either slope agrees', async () => {
    expect(await disagreementOfRamp(1, 0)).toBeUndefined();
    expect(await disagreementOfRamp(1, 1)).toBeUndefined();
    expect(await disagreementOfRamp(1 + 2 ** -23, 0)).toBeUndefined();
  });

  test('a thousandth away from the tie only one does', async () => {
    expect(await disagreementOfRamp(1.001, 1)).toBeUndefined();
    expect(await disagreementOfRamp(1.001, 0)).toBe(1);
    // The slope there is 0, so the error of 1 is measured by the least scale, 10⁻².
    expect(await disagreementOfRamp(0.999, 1)).toBeCloseTo(100, 9);
  });
});

test('a jump of the slope does not excuse a wrong value', async () => {
  const inputs = [Float32Array.of(1)];
  const expected = await rampReference(inputs);
  const wrong = [Float32Array.of(0.5), Float32Array.of(1)];
  expect(await findDisagreement(1, inputs, wrong, expected, rampReference)).toBeCloseTo(50, 9);
});

test('a single number near zero is measured by 10⁻⁶, and no more', async () => {
  const tiny = (): Promise<Arrays> => Promise.resolve([Float32Array.of(1e-5)]);
  const compare = (actual: number): Promise<number | undefined> =>
    findDisagreement(
      1,
      [Float32Array.of(1)],
      [Float32Array.of(actual)],
      [Float32Array.of(1e-5)],
      tiny,
    );
  expect(await compare(1.05e-5)).toBeUndefined();
  expect(await compare(1.2e-5)).toBeCloseTo(2e-4, 5);
});

test('a step of a training may differ by a thousandth, and no more', async () => {
  const expected = [Float32Array.of(1, 0.5)];
  const compare = (actual: number): Promise<number | undefined> =>
    findDisagreement(
      1,
      [Float32Array.of(1)],
      [Float32Array.of(actual, 0.5)],
      expected,
      () => Promise.resolve(expected),
      stepTolerance,
    );
  expect(await compare(1.0009)).toBeUndefined();
  expect(await compare(1.002)).toBeCloseTo(2e-3, 6);
});

describe('rows', () => {
  const linear = ([xs]: Arrays): Promise<Arrays> =>
    Promise.resolve([Float32Array.from(xs ?? [], x => 1000 * x)]);

  test('each row is measured by its own largest number', async () => {
    const inputs = [Float32Array.of(1000, 1, 1e-6, 1e-6)];
    const expected = await linear(inputs);
    const off = (index: number, factor: number): Float32Array[] =>
      expected.map(values => values.map((value, at) => (at === index ? factor * value : value)));
    const compare = (actual: Arrays): Promise<number | undefined> =>
      findDisagreement(2, inputs, actual, expected, linear);
    expect(await compare(expected)).toBeUndefined();
    // Row 0 is [1e6, 1e3]: an error of 5 in the second is 5e-6 of the first.
    expect(await compare(off(1, 1.005))).toBeUndefined();
    expect(await compare(off(2, 1 + 5e-5))).toBeUndefined();
    expect(await compare(off(2, 1.001))).toBeCloseTo(1e-3, 5);
    expect(await compare(off(0, 1.01))).toBeCloseTo(1e-2, 4);
  });

  test('a cancellation that rounding alone changes is no disagreement', async () => {
    // (x + 1e6) − 1e6 in float32 knows x only to 1/16.
    const cancelling = ([xs]: Arrays): Promise<Arrays> =>
      Promise.resolve([Float32Array.from(xs ?? [], x => Math.fround(x + 1e6) - 1e6)]);
    const inputs = [Float32Array.of(1e6 + 0.03)];
    const expected = await cancelling(inputs);
    const actual = [Float32Array.of(1e6 + 0.2)];
    expect(await findDisagreement(1, inputs, actual, expected, cancelling)).toBeUndefined();
  });

  test('what is not finite has to be the same', async () => {
    const constant = (value: number) => (): Promise<Arrays> =>
      Promise.resolve([Float32Array.of(value, 1)]);
    const compare = (actual: number, expected: number): Promise<number | undefined> =>
      findDisagreement(
        1,
        [Float32Array.of(1)],
        [Float32Array.of(actual, 1)],
        [Float32Array.of(expected, 1)],
        constant(expected),
      );
    expect(await compare(NaN, NaN)).toBeUndefined();
    expect(await compare(Infinity, Infinity)).toBeUndefined();
    expect(await compare(NaN, 1)).toBe(Infinity);
    expect(await compare(1, NaN)).toBe(Infinity);
    expect(await compare(1, Infinity)).toBe(Infinity);
  });
});
