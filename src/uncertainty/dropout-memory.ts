import type { Random } from '../random/random.ts';
import { assembleDropout } from './dropout-kernel.ts';
import { fillWithNoise } from './noise.ts';

/** The part of WebAssembly that is used; TypeScript declares it for browsers only. */
interface WebAssemblyParts {
  readonly Module: new (code: Uint8Array<ArrayBuffer>) => object;
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (
    module: object,
    imports: { readonly environment: { readonly memory: object } },
  ) => { readonly exports: object };
}

type RunDropout = (...numbers: number[]) => void;

const pageBytes = 2 ** 16;
const numberBytes = Float32Array.BYTES_PER_ELEMENT;
/** Numbers that are drawn at a time, so many may be written behind an array. */
const wordSize = 32;
/** Words of a generator at the start of the memory. */
const stateSize = 4;

/** What a unit meets: dropped, that is 0, with probability `rate`, else multiplied by `kept`. */
export interface UnitDropout {
  readonly rate: number;
  readonly kept: number;
}

/** The kernel for the vectors of a processor, compiled. */
interface DropoutKernel {
  readonly webAssembly: WebAssemblyParts;
  readonly module: object;
}

let kernel: DropoutKernel | 'missing' | undefined;

/**
 * The kernel of this process. It is missing without WebAssembly (`node --jitless`), and on processors whose
 * vectors WebAssembly does not use.
 */
function dropoutKernel(): DropoutKernel | 'missing' {
  kernel ??= compileKernel();
  return kernel;
}

function compileKernel(): DropoutKernel | 'missing' {
  const { WebAssembly: webAssembly } = globalThis as { readonly WebAssembly?: WebAssemblyParts };
  if (webAssembly === undefined) return 'missing';
  try {
    return { webAssembly, module: new webAssembly.Module(assembleDropout()) };
  } catch {
    return 'missing';
  }
}

/**
 * Memory in which units of values are dropped, four at a time by WebAssembly. The numbers are those of
 * `fillWithNoise`, several times as fast, and where a value is dropped from directly its mask never
 * passes through memory. Where the kernel does not run, a plain loop draws the same numbers.
 */
export class DropoutMemory {
  /** Numbers for which there is room. */
  readonly capacity: number;
  readonly #numbers: Float32Array<ArrayBuffer>;
  readonly #state: Int32Array;
  readonly #run: RunDropout | undefined;
  #used = stateSize;

  /**
   * @param capacity numbers in all arrays together, see {@link capacityFor}
   * @param compiled `missing` for the plain loop
   */
  constructor(capacity: number, compiled = dropoutKernel()) {
    const bytes = (stateSize + capacity) * numberBytes;
    const { buffer, run } = allocateMemory(Math.ceil(bytes / pageBytes), compiled);
    this.#run = run;
    this.#numbers = new Float32Array(buffer);
    this.#state = new Int32Array(buffer, 0, stateSize);
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
    const run = this.#run;
    if (run === undefined) {
      dropByMasks(target, source, passes, { rate, kept }, random);
      return;
    }
    const size = target.length / passes;
    const step = source.length < size ? 0 : wordSize * numberBytes;
    const threshold = Math.min(Math.round(rate * 0x100000000), 0xffffffff);
    random.lendState(this.#state, () => {
      const [from, to] = [source.byteOffset, target.byteOffset];
      run(0, from, step, to, passes, size, threshold, kept);
    });
  }
}

function allocateMemory(
  pages: number,
  compiled: DropoutKernel | 'missing',
): { readonly buffer: ArrayBuffer; readonly run: RunDropout | undefined } {
  if (compiled === 'missing') return { buffer: new ArrayBuffer(pages * pageBytes), run: undefined };
  const { webAssembly, module } = compiled;
  const memory = new webAssembly.Memory({ initial: pages });
  const { exports } = new webAssembly.Instance(module, { environment: { memory } });
  return { buffer: memory.buffer, run: (exports as { readonly run: RunDropout }).run };
}

/** The same as the kernel, one mask after the other. */
function dropByMasks(
  target: Float32Array,
  source: Float32Array,
  passes: number,
  dropout: UnitDropout,
  random: Random,
): void {
  const size = target.length / passes;
  for (let pass = 0; pass < passes; pass++) {
    const values = target.subarray(pass * size, (pass + 1) * size);
    fillWithNoise(values, { kind: 'bernoulli', ...dropout }, random);
    for (let i = 0; i < size; i++) {
      const factor = values[i] as number;
      // A dropped unit is 0, whatever number it was, even none.
      if (factor !== 0) values[i] = factor * (source[i % source.length] as number);
    }
  }
}
