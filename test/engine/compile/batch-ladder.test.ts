import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BatchLadder, type Piece } from '../../../src/engine/compile/batch-ladder.ts';

function piecesOf(ladder: BatchLadder, count: number): Piece[] {
  const pieces: Piece[] = [];
  for (let left = count; left > 0;) {
    const piece = ladder.next(left);
    pieces.push(piece);
    left -= piece.rows;
  }
  return pieces;
}

/** The convolutional network of the example: 25 million multiplications a sample. */
const convolutional = { multiplications: 25e6, bytes: 1e6 };

describe('batch sizes', () => {
  test('cheap functions take large batches, expensive ones small', () => {
    expect(new BatchLadder({ multiplications: 1e5, bytes: 1e4 }).sizes).toEqual([
      1, 4, 16, 50, 64, 256,
    ]);
    expect(new BatchLadder(convolutional).sizes).toEqual([1, 4, 16, 50, 64]);
    expect(new BatchLadder({ multiplications: 1e9, bytes: 1e7 }).sizes).toEqual([1, 4]);
    expect(new BatchLadder({ multiplications: 1e7, bytes: 5e6 }).sizes).toEqual([1, 4, 16]);
    expect(new BatchLadder({ multiplications: 1e11, bytes: 1e10 }).sizes).toEqual([1]);
  });

  test('a rest is padded while that is cheaper than compiling, then it gets its own size', () => {
    const ladder = new BatchLadder(convolutional);
    expect(piecesOf(ladder, 70)).toEqual([
      { size: 50, rows: 50 },
      { size: 50, rows: 20 },
    ]);
    const sizes = Array.from({ length: 50 }, () => piecesOf(ladder, 70)).at(-1);
    expect(sizes?.map(({ size }) => size)).toEqual([50, 16, 4]);
  });

  test('a batch is put together from few pieces without padding where there are such', () => {
    const sizesOf = (count: number): number[] =>
      piecesOf(new BatchLadder(convolutional), count).map(({ size }) => size);
    expect(sizesOf(100)).toEqual([50, 50]);
    expect(sizesOf(128)).toEqual([64, 64]);
    expect(sizesOf(200)).toEqual([50, 50, 50, 50]);
    expect(sizesOf(1000).slice(0, 12)).toEqual(Array<number>(12).fill(64));
  });

  test('a batch that is nearly full is padded', () => {
    expect(piecesOf(new BatchLadder(convolutional), 60)).toEqual([{ size: 64, rows: 60 }]);
    expect(piecesOf(new BatchLadder(convolutional), 50)).toEqual([{ size: 50, rows: 50 }]);
    expect(piecesOf(new BatchLadder(convolutional), 3)).toEqual([{ size: 4, rows: 3 }]);
  });

  test('a size that did not fit is given up', () => {
    const ladder = new BatchLadder(convolutional);
    expect(ladder.avoid(16)).toBe(true);
    expect(ladder.sizes).toEqual([1, 4]);
    expect(piecesOf(ladder, 9).map(({ size }) => size)).toEqual([4, 4, 4]);
    expect(ladder.avoid(4)).toBe(true);
    expect(ladder.avoid(1)).toBe(false);
  });

  test('every sample runs exactly once, in pieces that hold it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 10 }),
        fc.double({ min: 1, max: 1e12, noNaN: true }),
        fc.double({ min: 1, max: 1e10, noNaN: true }),
        (counts, multiplications, bytes) => {
          const ladder = new BatchLadder({ multiplications, bytes });
          for (const count of counts) {
            const pieces = piecesOf(ladder, count);
            expect(pieces.reduce((sum, { rows }) => sum + rows, 0)).toBe(count);
            const bad = pieces.filter(
              ({ size, rows }) => rows < 1 || rows > size || !ladder.sizes.includes(size),
            );
            expect(bad).toEqual([]);
          }
        },
      ),
    );
  });
});
