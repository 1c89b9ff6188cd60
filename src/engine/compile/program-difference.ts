import { isDeepStrictEqual } from 'node:util';
import { type ConstantData, isConstant, type Program, type Value } from './program.ts';

/**
 * What distinguishes two recordings of the same function, in words.
 *
 * @returns nothing when they are the same
 */
export function findDifference(a: Program, b: Program): string | undefined {
  if (a.operations.length !== b.operations.length) {
    return `it ran ${a.operations.length} kernels, then ${b.operations.length}`;
  }
  const partners = new Map<Value, Value>();
  const same = (x: Value | undefined, y: Value | undefined): boolean => {
    if (x === undefined || y === undefined) return x === y;
    if (isConstant(x)) return isConstant(y) && sameData(x.origin.data, y.origin.data);
    if (x.origin.kind === 'argument') return isDeepStrictEqual(x.origin, y.origin);
    return partners.get(x) === y;
  };
  for (const [index, first] of a.operations.entries()) {
    const second = b.operations[index];
    if (second?.kernel !== first.kernel) {
      return `kernel ${index} was ${first.kernel}, then ${second?.kernel ?? 'none'}`;
    }
    if (!isDeepStrictEqual(first.attributes, second.attributes)) {
      return `the attributes of ${first.kernel} differ`;
    }
    const names = new Set([...Object.keys(first.inputs), ...Object.keys(second.inputs)]);
    for (const name of names) {
      if (!same(first.inputs[name], second.inputs[name])) {
        return `an input of ${first.kernel} differs`;
      }
    }
    first.outputs.forEach((output, position) => {
      const partner = second.outputs[position];
      if (partner !== undefined) partners.set(output, partner);
    });
  }
  const sameResults =
    a.results.length === b.results.length &&
    a.results.every((result, index) => same(result, b.results[index]));
  return sameResults ? undefined : 'its results differ';
}

function sameData(a: ConstantData, b: ConstantData): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((value, index) => Object.is(value, b[index]));
}
