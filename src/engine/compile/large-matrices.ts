import { sizeOf } from '../../arrays/batch.ts';
import { type Constant, isConstant, type Operation, type Value } from './program.ts';

/** Bytes of matrices that one session may hold. It keeps them packed, once for each product. */
const mostBytesInSession = 8 * 2 ** 20;

/** Matrices with fewer bytes stay in their session all the same. */
const leastBytes = 2 ** 18;

/**
 * The constant matrices of a program that are too large to be in each of its sessions. A model is
 * compiled for several functions and sizes of batch, so its weights would be there 30 or 40 times.
 * These are handed in with each call instead, all from one array. A product then costs more, since
 * the runtime packs the matrix anew: a tenth to a half with 50 rows or more, twice as much at worst.
 */
export function largeMatrices(operations: readonly Operation[]): ReadonlySet<Value> {
  const matrices = new Set<Constant>();
  for (const operation of operations) {
    const { a, b } = operation.inputs;
    if (operation.kernel !== 'BatchMatMul' && operation.kernel !== '_FusedMatMul') continue;
    if (a === undefined || b === undefined || !isConstant(b) || b.type !== 'float32') continue;
    if (isMatrix(a) && isMatrix(b)) matrices.add(b);
  }
  const bytesOf = (value: Constant): number => value.origin.data.byteLength;
  const total = [...matrices].reduce((sum, value) => sum + bytesOf(value), 0);
  if (total <= mostBytesInSession) return new Set();
  return new Set([...matrices].filter(value => bytesOf(value) >= leastBytes));
}

/** Whether a value is one matrix, with any number of axes of length 1 in front. */
export function isMatrix({ shape }: Value): boolean {
  return sizeOf(shape.slice(0, -2)) === 1;
}

/** Turned matrices by the numbers that they were made of, which live as long as their model. */
const turned = new WeakMap<object, Float32Array>();

/** Width of the squares in which a matrix is turned, so that they fit into the cache. */
const square = 32;

/** A constant matrix with rows and columns exchanged; the same array each time. */
export function transposedMatrix({ origin, shape }: Constant): Float32Array {
  const { data } = origin;
  const known = turned.get(data);
  if (known !== undefined) return known;
  const [rows, columns] = shape.slice(-2) as [number, number];
  const result = new Float32Array(data.length);
  for (let top = 0; top < rows; top += square) {
    const bottom = Math.min(rows, top + square);
    for (let left = 0; left < columns; left += square) {
      const right = Math.min(columns, left + square);
      for (let row = top; row < bottom; row++) {
        for (let column = left; column < right; column++) {
          result[column * rows + row] = data[row * columns + column] as number;
        }
      }
    }
  }
  turned.set(data, result);
  return result;
}
