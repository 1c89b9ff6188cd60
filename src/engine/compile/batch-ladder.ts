import type { ProgramCost } from './program-cost.ts';

/**
 * Batch sizes for which a function may be compiled. An audit hands out its samples by fifties.
 */
const rungs = [1, 4, 16, 50, 64, 256] as const;

/** Most multiplications in one call: about a tenth of a second, so that messages get through. */
const mostMultiplications = 4e9;

/**
 * Most bytes of values that one call computes. Not all of them live at the same time; with more, what
 * one operator writes has left the cache before the next one reads it, and a row costs up to twice as
 * much (docs/decisions/native-engine.md).
 */
const mostBytes = 80 * 2 ** 20;

/** Multiplications that take about as long as compiling a function once more. */
const compilingCost = 3e9;

/** Rows that take about as long as what a call costs whatever its size. */
const callCost = 2;

/** A part of a batch: so many samples, run by the program that was compiled for `size` of them. */
export interface Piece {
  readonly size: number;
  readonly rows: number;
}

/**
 * Decides in which pieces a batch runs. Programs have fixed shapes, so a batch of any number is put
 * together from a few compiled sizes. A rest that fits no size that exists already is padded, until
 * the padding has cost as much as compiling a better size would.
 */
export class BatchLadder {
  readonly #rowCost: number;
  readonly #compiled = new Set<number>();
  #sizes: readonly number[];
  #wasted = 0;

  /** @param cost what the function costs for one sample */
  constructor({ multiplications, bytes }: ProgramCost) {
    this.#rowCost = multiplications;
    this.#sizes = rungs.filter(
      size =>
        size === 1 || (size * multiplications <= mostMultiplications && size * bytes <= mostBytes),
    );
  }

  /** Sizes that may be compiled, the smallest first. */
  get sizes(): readonly number[] {
    return this.#sizes;
  }

  /** The next piece of a batch of which `remaining` samples, at least one, are left. */
  next(remaining: number): Piece {
    const best = this.#firstOfCheapest(remaining);
    const size = this.#compiled.has(best) ? best : this.#orCompiled(best, remaining);
    this.#compiled.add(size);
    return { size, rows: Math.min(size, remaining) };
  }

  /**
   * Gives a size and all larger ones up, after memory has run out.
   *
   * @returns false when there is no smaller size
   */
  avoid(size: number): boolean {
    this.#sizes = this.#sizes.filter(other => other < size);
    return this.#sizes.length > 0;
  }

  /**
   * The largest of the sizes that together take the least rows and calls. A size that would be filled
   * by less than three quarters is none of them.
   */
  #firstOfCheapest(remaining: number): number {
    const largest = this.#sizes.at(-1) ?? 1;
    if (remaining >= 4 * largest) return largest;
    const costs = [0];
    let best = 1;
    for (let rows = 1; rows <= remaining; rows++) {
      let least = Infinity;
      for (const size of this.#sizes) {
        if (size > rows + size / 4) break;
        const cost = size + callCost + (costs[Math.max(0, rows - size)] ?? 0);
        if (cost > least) continue;
        least = cost;
        best = size;
      }
      costs.push(least);
    }
    return best;
  }

  /** A larger size that is compiled already, as long as padding is cheaper than compiling. */
  #orCompiled(best: number, remaining: number): number {
    const larger = this.#sizes.find(size => size > best && this.#compiled.has(size));
    if (larger === undefined) return best;
    const waste = (larger - Math.min(best, remaining)) * this.#rowCost;
    if (this.#wasted + waste > compilingCost) return best;
    this.#wasted += waste;
    return larger;
  }
}
