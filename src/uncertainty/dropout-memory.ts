import type { Random } from '../random/random.ts';
import { assembleDropout } from './dropout-kernel.ts';

/** The part of WebAssembly that is used; TypeScript declares it for browsers only. */
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array<ArrayBuffer>) => object;
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (
    module: object,
    imports: { readonly environment: { readonly memory: object } },
  ) => { readonly exports: object };
};

type RunDropout = (...numbers: number[]) => void;

const pageBytes = 2 ** 16;
const numberBytes = Float32Array.BYTES_PER_ELEMENT;
/** Numbers that are drawn at a time, so many may be written behind an array. */
const wordSize = 32;
/** Words of a generator at the start of the memory. */
const stateSize = 4;

let compiled: object | undefined;

/** What a unit meets: dropped, that is 0, with probability `rate`, else multiplied by `kept`. */
export interface UnitDropout {
  readonly rate: number;
  readonly kept: number;
}

/**
 * Memory of WebAssembly in which units of values are dropped, four at a time. The numbers are those of
 * `fillWithNoise`, several times as fast, and where a value is dropped from directly its mask never
 * passes through memory.
 */
export class DropoutMemory {
  /** Numbers for which there is room. */
  readonly capacity: number;
  readonly #numbers: Float32Array<ArrayBuffer>;
  readonly #state: Int32Array;
  readonly #run: RunDropout;
  #used = stateSize;

  /** @param capacity numbers in all arrays together, see {@link capacityFor} */
  constructor(capacity: number) {
    const bytes = (stateSize + capacity) * numberBytes;
    const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / pageBytes) });
    compiled ??= new WebAssembly.Module(assembleDropout());
    const { exports } = new WebAssembly.Instance(compiled, { environment: { memory } });
    this.#run = (exports as { readonly run: RunDropout }).run;
    this.#numbers = new Float32Array(memory.buffer);
    this.#state = new Int32Array(memory.buffer, 0, stateSize);
    this.capacity = capacity;
  }

  /** The capacity that arrays of these sizes need. */
  static capacityFor(sizes: readonly number[]): number {
    return sizes.reduce((sum, size) => sum + size + wordSize, 0);
  }

  /** Gives the memory of all arrays up. */
  clear(): void {
    this.#used = stateSize;
  }

  /** An array in this memory, of any content. */
  allocate(size: number): Float32Array {
    const start = this.#used;
    this.#used += size + wordSize;
    return this.#numbers.subarray(start, start + size);
  }

  /**
   * Writes some passes of a value, each without other units. Every pass begins with random bits of its
   * own, so that what is drawn does not depend on how many passes are drawn together.
   *
   * @param target `[passes, size]`, in this memory
   * @param source `[size]`, in this memory; or one array of 32 ones for all masks
   */
  drop(
    target: Float32Array,
    source: Float32Array,
    passes: number,
    { rate, kept }: UnitDropout,
    random: Random,
  ): void {
    const size = target.length / passes;
    const step = source.length < size ? 0 : wordSize * numberBytes;
    const threshold = Math.min(Math.round(rate * 0x100000000), 0xffffffff);
    random.lendState(this.#state, () => {
      const [from, to] = [source.byteOffset, target.byteOffset];
      this.#run(0, from, step, to, passes, size, threshold, kept);
    });
  }
}
