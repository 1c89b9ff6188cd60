import { setImmediate } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../arrays/batch.ts';
import type { Backend } from './backends/backend.ts';
import { BatchSize } from './batch-size.ts';
import type { BatchFunction, Engine, EngineName, PreparedFunction } from './engine.ts';
import { asEngineError, EngineError } from './engine-error.ts';

/** Runs functions operation by operation on a TensorFlow.js backend. */
export class EagerEngine implements Engine {
  readonly name: EngineName;
  readonly version: string;
  readonly #notes: Set<string>;
  readonly #backend: Backend;
  readonly #maximumBatch: number;
  #disposed = false;

  /**
   * @param maximumBatch most samples that go through a function at a time
   * @param notes remarks for the report
   */
  constructor(backend: Backend, maximumBatch: number, notes: readonly string[] = []) {
    this.#notes = new Set(notes);
    this.name = backend.engine;
    this.version = backend.version;
    this.#backend = backend;
    this.#maximumBatch = maximumBatch;
  }

  get notes(): readonly string[] {
    return [...this.#notes];
  }

  addNote(remark: string): void {
    this.#notes.add(remark);
  }

  prepare(fn: BatchFunction): PreparedFunction {
    if (this.#disposed) throw disposedError(`The engine ${this.name}`);
    return new EagerFunction(fn, this.#backend, this.#maximumBatch, () => this.#disposed);
  }

  /** The backend stays with the thread, since weights may live on it; functions run no more. */
  dispose(): void {
    this.#disposed = true;
  }
}

class EagerFunction implements PreparedFunction {
  readonly #function: BatchFunction;
  readonly #backend: Backend;
  readonly #batchSize: BatchSize;
  readonly #engineIsDisposed: () => boolean;
  #disposed = false;

  constructor(
    fn: BatchFunction,
    backend: Backend,
    maximumBatch: number,
    engineIsDisposed: () => boolean,
  ) {
    this.#function = fn;
    this.#backend = backend;
    this.#batchSize = new BatchSize(maximumBatch);
    this.#engineIsDisposed = engineIsDisposed;
  }

  async run(count: number, inputs: readonly Float32Array[]): Promise<Float32Array[]> {
    this.#checkInputs(count, inputs);
    if (count === 0) return this.#runOnNothing();

    const pieces: Float32Array[][] = [];
    let start = 0;
    while (start < count) {
      const end = start + this.#batchSize.next(count - start);
      const piece = await this.#tryRange(start, end, inputs);
      if (piece !== undefined) {
        pieces.push(piece);
        start = end;
      }
      // Lets messages in (a cancellation, say) between two calls that keep the thread.
      await setImmediate();
    }
    return joinPieces(pieces);
  }

  dispose(): void {
    this.#disposed = true;
  }

  /** Computes rows `start` to `end`, or nothing if they do not fit and the batch was made smaller. */
  async #tryRange(
    start: number,
    end: number,
    inputs: readonly Float32Array[],
  ): Promise<Float32Array[] | undefined> {
    await this.#activate();
    const began = performance.now();
    try {
      const result = this.#compute(start, end, inputs);
      if (this.#backend.rowsAreExact) {
        this.#batchSize.observe(end - start, performance.now() - began);
      }
      return result;
    } catch (error) {
      const outOfMemory = error instanceof EngineError && error.code === 'engine/out-of-memory';
      if (outOfMemory && this.#batchSize.shrink(end - start)) return undefined;
      throw asEngineError(error, this.#function.name);
    }
  }

  /** Everything here is synchronous, so that no other engine can switch the backend in between. */
  #compute(start: number, end: number, inputs: readonly Float32Array[]): Float32Array[] {
    const rows = end - start;
    // Not as its result: `tidy` would look for tensors in the arrays, number by number.
    let arrays: Float32Array[] = [];
    tf.tidy(() => {
      const tensors = this.#function.inputs.map((shape, index) => {
        const size = sizeOf(shape);
        const values = (inputs[index] as Float32Array).slice(start * size, end * size);
        return tf.tensor(values, [rows, ...shape], 'float32');
      });
      const outputs = this.#function.compute(...tensors);
      arrays = outputs.map(output => this.#read(output, rows));
    });
    return arrays;
  }

  #read(output: tf.Tensor, rows: number): Float32Array {
    if (output.shape[0] !== rows) {
      throw new RangeError(
        `${this.#function.name} returned shape [${output.shape.join(', ')}] for ${rows} samples`,
      );
    }
    const values = output.dataSync();
    return values instanceof Float32Array ? values : Float32Array.from(values);
  }

  /** No samples in, no values out; one row of zeros tells how many outputs there are. */
  async #runOnNothing(): Promise<Float32Array[]> {
    const zeros = this.#function.inputs.map(shape => new Float32Array(sizeOf(shape)));
    await this.#activate();
    try {
      return this.#compute(0, 1, zeros).map(() => new Float32Array(0));
    } catch (error) {
      throw asEngineError(error, this.#function.name);
    }
  }

  /** Makes our backend the current one; another engine of this thread may have taken over. */
  async #activate(): Promise<void> {
    if (this.#disposed || this.#engineIsDisposed()) throw disposedError(this.#function.name);
    while (tf.getBackend() !== this.#backend.backendName) {
      await tf.setBackend(this.#backend.backendName);
    }
  }

  #checkInputs(count: number, inputs: readonly Float32Array[]): void {
    const expected = this.#function.inputs.map(shape => count * sizeOf(shape));
    const given = inputs.map(values => values.length);
    if (expected.length !== given.length || expected.some((size, i) => size !== given[i])) {
      throw new RangeError(
        `${this.#function.name} takes arrays of ${expected.join(', ')} values for ${count} samples, but got ${given.join(', ')}`,
      );
    }
  }
}

function joinPieces(pieces: readonly Float32Array[][]): Float32Array[] {
  const [first = []] = pieces;
  if (pieces.length === 1) return first;
  return first.map((_, output) => {
    const parts = pieces.map(piece => piece[output] as Float32Array);
    const joined = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    let offset = 0;
    for (const part of parts) {
      joined.set(part, offset);
      offset += part.length;
    }
    return joined;
  });
}

function disposedError(what: string): EngineError {
  return new EngineError('engine/disposed', `${what} was used after it had been closed.`);
}
