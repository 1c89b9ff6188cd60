import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import { findDisagreement, stepTolerance } from './compile/agreement.ts';
import { CompileError, disagreementError } from './compile/compile-error.ts';
import { type CompiledFunction, compileFunction } from './compile/compile-function.ts';
import type { ValueSpec } from './compile/program.ts';
import { loadRuntime } from './compile/session.ts';
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
  /**
   * @param inputs one row-major array for each input
   * @returns one new array for each output
   */
  run(inputs: Arrays): Promise<Arrays>;
  dispose(): Promise<void>;
}

type Arrays = readonly Float32Array[];

/**
 * Threads that one operator of a step uses. A step is the only work of its process, so a second core
 * would stand idle. One thread and two give the same weights bit for bit; with more, products by
 * weights that are inputs add up in another order.
 */
const mostThreads = 2;

/**
 * Prepares a step on an engine: compiled to one graph on the native engine, operation by operation on
 * the others, where it cannot be compiled, and where its first call does not agree with
 * TensorFlow.js; the engine's notes then say why.
 *
 * @param threads threads that one operator may use, where the engine compiles
 */
export async function prepareStep(
  engine: Engine,
  step: StepFunction,
  threads = Math.min(mostThreads, availableParallelism()),
): Promise<PreparedStep> {
  if (engine.name !== 'native') return new EagerStep(step, engine.name);
  const eager = new EagerStep(step, 'wasm');
  const fallBack = ({ message }: CompileError): PreparedStep => {
    engine.addNote(`${step.name} runs on the engine wasm. ${message}`);
    return eager;
  };
  try {
    const specs = step.inputs.map((shape): ValueSpec => ({ shape, type: 'float32' }));
    const runtime = await loadRuntime();
    const compute = (...inputs: tf.Tensor[]): readonly tf.Tensor[] => step.compute(...inputs);
    const compiled = await compileFunction(runtime, compute, specs, { threads });
    return new CompiledStep(compiled, eager, fallBack);
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return fallBack(error);
  }
}

/** Runs compiled, unless its first call shows that it must not. */
class CompiledStep implements PreparedStep {
  readonly #compiled: CompiledFunction;
  readonly #eager: PreparedStep;
  readonly #fallBack: (reason: CompileError) => PreparedStep;
  #state: 'unchecked' | 'compiled' | 'eager' = 'unchecked';

  constructor(
    compiled: CompiledFunction,
    eager: PreparedStep,
    fallBack: (reason: CompileError) => PreparedStep,
  ) {
    this.#compiled = compiled;
    this.#eager = eager;
    this.#fallBack = fallBack;
  }

  async run(inputs: Arrays): Promise<Arrays> {
    if (this.#state === 'eager') return this.#eager.run(inputs);
    // All types of the step are float32, those of its results too.
    const results = (await this.#compiled.run(inputs)) as Arrays;
    if (this.#state === 'compiled') return results;
    const difference = await this.#check(inputs, results);
    this.#state = difference === undefined ? 'compiled' : 'eager';
    if (difference === undefined) return results;
    return await this.#fallBack(disagreementError(difference)).run(inputs);
  }

  async dispose(): Promise<void> {
    await this.#compiled.release();
  }

  /** The worst difference from TensorFlow.js; every output counts as one row. */
  async #check(inputs: Arrays, results: Arrays): Promise<number | undefined> {
    const reference = (given: Arrays): Promise<Arrays> => this.#eager.run(given);
    const expected = await reference(inputs);
    return await findDisagreement(1, inputs, results, expected, reference, stepTolerance);
  }
}

class EagerStep implements PreparedStep {
  readonly #step: StepFunction;
  readonly #backendName: EngineName;

  constructor(step: StepFunction, backendName: EngineName) {
    this.#step = step;
    this.#backendName = backendName;
  }

  async run(inputs: Arrays): Promise<Arrays> {
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
    return results.map(values => values.slice());
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }
}
