import { sizeOf } from '../../arrays/batch.ts';
import { channelBlockOf } from './block-size.ts';
import { lowerProgram } from './lowering.ts';
import type { OnnxGraph, OnnxNode } from './onnx.ts';
import { liveOperations, type ValueSpec } from './program.ts';
import { type Runtime, Session, type SessionOptions, type TensorData } from './session.ts';
import { isStale, type TensorFunction, type Trace, traceFunction } from './trace.ts';

/** A function over tensors of fixed shapes that runs as one graph. */
export class CompiledFunction {
  readonly #trace: Trace;
  readonly #session: Session;
  readonly #inputs: readonly ValueSpec[];
  /** The operators that it runs. Their constants are in the session alone, once more would be a waste. */
  readonly nodes: readonly OnnxNode[];
  /**
   * Size of the constants in the session, which may hold them twice, packed for its products. Large
   * matrices, which all sessions of a model share, are not among them.
   */
  readonly constantBytes: number;

  constructor(inputs: readonly ValueSpec[], trace: Trace, graph: OnnxGraph, session: Session) {
    this.#inputs = inputs;
    this.#trace = trace;
    this.#session = session;
    this.nodes = graph.nodes;
    this.constantBytes = [...graph.initializers.values()].reduce(
      (sum, { data }) => sum + data.byteLength,
      0,
    );
  }

  /** Whether a variable that the function read has been assigned since: compile it again. */
  get isStale(): boolean {
    return isStale(this.#trace);
  }

  /** Names of the kernels that the results depend on, each once. */
  get kernels(): readonly string[] {
    const operations = liveOperations(this.#trace.program);
    return [...new Set(operations.map(({ kernel }) => kernel))];
  }

  /** Shapes and types of the results. */
  get outputs(): readonly ValueSpec[] {
    return this.#trace.program.results;
  }

  /**
   * @param inputs one array for each input
   * @returns one new array for each result
   */
  async run(inputs: readonly TensorData[]): Promise<readonly TensorData[]> {
    this.#inputs.forEach(({ shape }, index) => {
      const given = inputs[index]?.length ?? 0;
      if (given !== sizeOf(shape)) {
        throw new RangeError(`Input ${index} takes ${sizeOf(shape)} values, but got ${given}`);
      }
    });
    return await this.#session.run(inputs);
  }

  /** Frees the session. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}

/**
 * Compiles a function over tensors, whatever it computes: a whole training step as well as one
 * gradient. Inputs are all that may change from call to call; trainable weights are inputs, and the
 * new ones are results.
 *
 * @throws CompileError when it cannot be compiled
 */
export async function compileFunction(
  runtime: Runtime,
  fn: TensorFunction,
  inputs: readonly ValueSpec[],
  options: SessionOptions = { threads: 1 },
): Promise<CompiledFunction> {
  return compileTrace(runtime, traceFunction(fn, inputs), inputs, options);
}

/** Compiles a recorded function. */
export async function compileTrace(
  runtime: Runtime,
  trace: Trace,
  inputs: readonly ValueSpec[],
  options: SessionOptions,
): Promise<CompiledFunction> {
  const { provider = 'cpu' } = options;
  const sharesMemory = provider === 'cpu';
  const channelBlock = sharesMemory ? await channelBlockOf(runtime) : undefined;
  const graph = lowerProgram(trace.program, { channelBlock, sharesMemory });
  const session = await Session.create(runtime, graph, options);
  return new CompiledFunction(inputs, trace, graph, session);
}
