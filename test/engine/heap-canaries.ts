import * as tf from '@tensorflow/tfjs-core';
import type { AllocatingModule } from '../../src/engine/backends/wasm-memory.ts';

/** Bytes of a fixed pattern in front of and behind every tensor on the heap. */
const margin = 64;
const pattern = 0xa5;

interface HeapModule extends AllocatingModule {
  readonly HEAPU8: Uint8Array;
}

/** Finds kernels that write outside of their tensors, which corrupts others in silence. */
export class HeapCanaries {
  readonly #module: HeapModule;
  readonly #sizes = new Map<number, number>();

  /** Every tensor that the wasm backend makes from now on has canaries around it. */
  constructor() {
    this.#module = (tf.backend() as unknown as { readonly wasm: HeapModule }).wasm;
    const allocate = this.#module._malloc.bind(this.#module);
    const release = this.#module._free.bind(this.#module);
    this.#module._malloc = bytes => {
      const start = (allocate(bytes + 2 * margin) >>> 0) + margin;
      this.#sizes.set(start, bytes);
      this.#module.HEAPU8.fill(pattern, start - margin, start);
      this.#module.HEAPU8.fill(pattern, start + bytes, start + bytes + margin);
      return start;
    };
    this.#module._free = pointer => {
      const start = pointer >>> 0;
      const isOurs = this.#sizes.delete(start);
      release(isOurs ? start - margin : pointer);
    };
  }

  /** Sizes in bytes of the tensors whose surroundings were written to. */
  damaged(): number[] {
    const heap = this.#module.HEAPU8;
    const isIntact = (start: number): boolean =>
      heap.subarray(start, start + margin).every(byte => byte === pattern);
    return [...this.#sizes]
      .filter(([start, bytes]) => !isIntact(start - margin) || !isIntact(start + bytes))
      .map(([, bytes]) => bytes);
  }
}
