import { EngineError } from '../engine-error.ts';

/** What of an Emscripten module the guard touches. */
export interface AllocatingModule {
  _malloc(bytes: number): number;
  _free(pointer: number): void;
}

const gibibyte = 2 ** 30;

/** Leaves half a GiB of the 4 GiB that 32-bit addresses reach to what XNNPACK allocates itself. */
export const defaultMemoryLimitBytes = 3.5 * gibibyte;

/**
 * Watches the allocations of the wasm backend. Without it an allocation that fails returns address
 * zero, and TensorFlow.js then writes the tensor there, over others, without a word.
 */
export class WasmMemoryGuard {
  readonly #sizes = new Map<number, number>();
  #bytesInUse = 0;
  #limitBytes = defaultMemoryLimitBytes;

  /** Takes the place of the module's own `_malloc` and `_free`. Call it once per module. */
  constructor(module: AllocatingModule) {
    // Emscripten replaces both by the true exports at their first call: let that happen first.
    module._free(module._malloc(1));
    const allocate = module._malloc.bind(module);
    const release = module._free.bind(module);
    module._malloc = bytes => this.#allocate(bytes, allocate);
    module._free = pointer => {
      // TensorFlow.js keeps addresses as unsigned numbers, and some paths as signed ones.
      const address = pointer >>> 0;
      this.#bytesInUse -= this.#sizes.get(address) ?? 0;
      this.#sizes.delete(address);
      release(pointer);
    };
  }

  /** Bytes of all tensors that live on the heap. */
  get bytesInUse(): number {
    return this.#bytesInUse;
  }

  /** Most bytes that tensors may take. */
  get limitBytes(): number {
    return this.#limitBytes;
  }

  set limitBytes(bytes: number) {
    this.#limitBytes = Math.min(bytes, defaultMemoryLimitBytes);
  }

  #allocate(bytes: number, allocate: (bytes: number) => number): number {
    if (this.#bytesInUse + bytes > this.#limitBytes) throw this.#outOfMemory(bytes);
    const address = allocate(bytes) >>> 0;
    if (address === 0 && bytes > 0) throw this.#outOfMemory(bytes);
    this.#sizes.set(address, bytes);
    this.#bytesInUse += bytes;
    return address;
  }

  #outOfMemory(bytes: number): EngineError {
    const megabytes = (count: number): string => `${Math.ceil(count / 2 ** 20)} MiB`;
    return new EngineError(
      'engine/out-of-memory',
      `A tensor of ${megabytes(bytes)} does not fit: ${megabytes(this.#bytesInUse)} of ${megabytes(this.#limitBytes)} are in use.`,
      { remedy: 'Use a smaller model, smaller inputs, or another engine.' },
    );
  }
}
