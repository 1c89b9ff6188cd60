import type { Tensor } from '@tensorflow/tfjs-core';

/** `wasm`: WebAssembly, everywhere. `cpu`: plain JavaScript, the slow reference.
 * `tensorflow`: libtensorflow through @tensorflow/tfjs-node. `native`: compiled, ONNX Runtime. */
export type EngineName = 'wasm' | 'cpu' | 'tensorflow' | 'native';

/** Shape of one sample of an input, without the batch axis; `[]` for one number a sample. */
export type SampleShape = readonly number[];

/**
 * A pure function over tensors, written in TensorFlow.js. Each input has the batch axis in front of
 * its sample shape and every output has the batch axis first. Rows are independent: row `i` of the
 * outputs depends only on row `i` of the inputs. That is what lets an engine split a batch, pad it,
 * spread it over cores, or record the function once and run it compiled. Randomness comes in as an
 * input; a function that draws random numbers itself is refused.
 */
export interface BatchFunction {
  /** Short name for messages and caches, for example `logits` or `gradient of cross-entropy`. */
  readonly name: string;
  /** Sample shapes of the inputs, all float32. */
  readonly inputs: readonly SampleShape[];
  compute(...inputs: Tensor[]): readonly Tensor[];
}

/** A {@link BatchFunction} that is ready to run on an engine. */
export interface PreparedFunction {
  /**
   * Runs the function over `count` samples of any number; splitting, padding and memory limits are
   * the engine's business.
   *
   * @param inputs one array for each input, `count` × its sample size values
   * @returns one new array for each output, row-major, `count` rows
   * @throws EngineError when the tensors do not fit in memory even one sample at a time
   */
  run(count: number, inputs: readonly Float32Array[]): Promise<Float32Array[]>;
  /** Frees what the engine keeps for this function. */
  dispose(): void;
}

/** What runs tensors. One engine lives in one thread; it is not shared. */
export interface Engine {
  readonly name: EngineName;
  /** Version of the library that computes, for the report (`tfjs-backend-wasm 4.22.0`). */
  readonly version: string;
  /** Remarks for the report, for example which kernel could not be compiled; each is said once. */
  readonly notes: readonly string[];
  prepare(fn: BatchFunction): PreparedFunction;
  /** Adds a remark for the report; the same one only once. */
  addNote(remark: string): void;
  dispose(): void;
}
