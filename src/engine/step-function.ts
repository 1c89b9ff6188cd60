import * as tf from '@tensorflow/tfjs-core';
import { type CompiledFunction, compileFunction } from './compile/compile-function.ts';
import { CompileError } from './compile/compile-error.ts';
import { loadRuntime } from './compile/session.ts';
import type { ValueSpec } from './compile/program.ts';
import type { Engine, EngineName } from './engine.ts';

/**
 * A whole step of an algorithm over tensors of fixed shapes, for example one step of a training: all
 * that changes from call to call, weights and the state of optimisers too, goes in and comes out.
 * Unlike a `BatchFunction` it may mix its rows, so no engine splits it.
 */
export interface StepFunction {
  /** Short name for messages. */
  readonly name: string;
  /** Whole shapes of the inputs, all float32. */
  readonly inputs: readonly (readonly number[])[];
  compute(...inputs: tf.Tensor[]): readonly tf.Tensor[];
}

/** A {@link StepFunction} that is ready to run. */
export interface PreparedStep {
  /** Why it runs operation by operation although the engine compiles, if it does. */
  readonly note: string | undefined;
  /**
   * @param inputs one row-major array for each input
   * @param outputs arrays to fill, one for each output; new ones when they are left out
   */
  run(
    inputs: readonly Float32Array[],
    outputs?: readonly Float32Array[],
  ): Promise<readonly Float32Array[]>;
  dispose(): Promise<void>;
}

/**
 * Prepares a step on an engine: compiled to one graph on the native engine, operation by operation on
 * the others and where it cannot be compiled.
 *
 * @param threads threads that one operator may use, where the engine compiles
 */
export async function prepareStep(
  engine: Engine,
  step: StepFunction,
  threads = 1,
): Promise<PreparedStep> {
  if (engine.name !== 'native') return new EagerStep(step, engine.name, undefined);
  try {
    const specs = step.inputs.map((shape): ValueSpec => ({ shape, type: 'float32' }));
    const runtime = await loadRuntime();
    const compute = (...inputs: tf.Tensor[]): readonly tf.Tensor[] => step.compute(...inputs);
    return new CompiledStep(await compileFunction(runtime, compute, specs, { threads }));
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return new EagerStep(step, 'wasm', `${step.name} runs on the engine wasm. ${error.message}`);
  }
}

class CompiledStep implements PreparedStep {
  readonly note = undefined;
  readonly #compiled: CompiledFunction;

  constructor(compiled: CompiledFunction) {
    this.#compiled = compiled;
  }

  async run(
    inputs: readonly Float32Array[],
    outputs?: readonly Float32Array[],
  ): Promise<readonly Float32Array[]> {
    // All types of the step are float32, those of its results too.
    return (await this.#compiled.run(inputs, outputs)) as readonly Float32Array[];
  }

  async dispose(): Promise<void> {
    await this.#compiled.release();
  }
}

class EagerStep implements PreparedStep {
  readonly note: string | undefined;
  readonly #step: StepFunction;
  readonly #backendName: EngineName;

  constructor(step: StepFunction, backendName: EngineName, note: string | undefined) {
    this.#step = step;
    this.#backendName = backendName;
    this.note = note;
  }

  async run(
    inputs: readonly Float32Array[],
    outputs?: readonly Float32Array[],
  ): Promise<readonly Float32Array[]> {
    while (tf.getBackend() !== this.#backendName) await tf.setBackend(this.#backendName);
    const results: Float32Array[] = [];
    tf.tidy(() => {
      const tensors = this.#step.inputs.map((shape, index) =>
        // A copy: the wasm backend may keep the array that a tensor is made of.
        tf.tensor((inputs[index] as Float32Array).slice(), [...shape], 'float32'),
      );
      for (const output of this.#step.compute(...tensors)) {
        results.push(output.dataSync<'float32'>());
      }
    });
    if (outputs === undefined) return results.map(values => values.slice());
    results.forEach((values, index) => outputs[index]?.set(values));
    return outputs;
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }
}
