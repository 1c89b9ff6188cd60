import type * as OnnxRuntime from 'onnxruntime-node';
import { here } from '../backends/here.ts';
import { findPackage } from '../backends/installed-package.ts';
import { EngineError } from '../engine-error.ts';
import { callNative } from '../native-gate.ts';
import { CompileError } from './compile-error.ts';
import { encodeModel, type OnnxGraph, type OnnxPort } from './onnx.ts';

const packageName = 'onnxruntime-node';

/** Numbers that go into or come out of a session. */
export type TensorData = Float32Array | Int32Array | Uint8Array;

/**
 * What of ONNX Runtime computes. All but `cpu` need a graphics card and its driver: `webgpu` and, on
 * Windows, `dml` (DirectML) are part of the package, `cuda` is what its install script downloads,
 * `coreml` is part of it on macOS.
 */
export type ExecutionProvider = (typeof executionProviders)[number];
export const executionProviders = ['cpu', 'webgpu', 'cuda', 'dml', 'coreml'] as const;

export interface SessionOptions {
  /** `cpu` when it is left out; the processor takes what another provider cannot do. */
  readonly provider?: ExecutionProvider;
  /** Threads that one operator may use. */
  readonly threads: number;
  /** Where to write the graph as ONNX Runtime has optimised it, for tests and measurements. */
  readonly optimizedModelPath?: string;
}

/** ONNX Runtime, loaded. */
export interface Runtime {
  /** For the report, for example `onnxruntime-node 1.30.0`. */
  readonly version: string;
  readonly library: typeof OnnxRuntime;
}

/**
 * Loads ONNX Runtime. It is not everywhere: there may be no build for the platform, or the package
 * may have been left out.
 *
 * @param folders where to look for onnxruntime-node when Assay has not brought it along
 * @throws EngineError `engine/unavailable` with the reason
 */
export function loadRuntime(folders: readonly string[] = []): Promise<Runtime> {
  return Promise.resolve().then(() => load(folders));
}

function load(folders: readonly string[]): Runtime {
  const installed = findPackage(packageName, [here, ...folders]);
  if (installed === undefined) {
    throw new EngineError('engine/unavailable', `The package ${packageName} is not installed.`, {
      remedy: `Install it next to Assay or to the model (npm install ${packageName}), or choose the engine \`wasm\`.`,
    });
  }
  try {
    const library = installed.load() as typeof OnnxRuntime;
    return { version: `${packageName} ${library.env.versions.node ?? 'unknown'}`, library };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // The report says it too, and is no place for the paths of a machine.
    const packageFolder = installed.path.slice(0, installed.path.lastIndexOf(packageName));
    const [firstLine = reason] = reason.replaceAll(packageFolder, '').split('\n');
    throw new EngineError('engine/unavailable', `ONNX Runtime does not load (${firstLine}).`, {
      place: { file: installed.path },
      remedy: 'Choose the engine `wasm`, which needs no native library.',
      cause: error,
    });
  }
}

type NamedTensor = readonly [string, OnnxRuntime.Tensor];

/** A graph that is ready to run. */
export class Session {
  readonly #runtime: Runtime;
  readonly #session: OnnxRuntime.InferenceSession;
  readonly #inputs: readonly OnnxPort[];
  readonly #outputs: readonly OnnxPort[];
  /** Constants that are handed in with each call. */
  readonly #shared: readonly NamedTensor[];

  private constructor(runtime: Runtime, session: OnnxRuntime.InferenceSession, graph: OnnxGraph) {
    this.#runtime = runtime;
    this.#session = session;
    this.#inputs = graph.inputs;
    this.#outputs = graph.outputs;
    const { Tensor } = runtime.library;
    this.#shared = [...graph.shared].map(([name, { data, shape }]) => [
      name,
      makeTensor(Tensor, data, shape),
    ]);
  }

  /** @throws CompileError `compile/failed` when ONNX Runtime refuses the graph */
  static async create(
    runtime: Runtime,
    graph: OnnxGraph,
    { threads, provider = 'cpu', optimizedModelPath }: SessionOptions,
  ): Promise<Session> {
    try {
      const model = encodeModel(graph);
      const session = await callNative(() =>
        runtime.library.InferenceSession.create(model, {
          executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
          graphOptimizationLevel: 'all',
          // A plan of the memory is a second block beside what the first call took, and no faster.
          enableMemPattern: false,
          intraOpNumThreads: threads,
          interOpNumThreads: 1,
          // Threads that wait in a loop take the processor from whoever has work: on a busy machine
          // two of them needed longer than one.
          extra: { session: { intra_op: { allow_spinning: '0' } } },
          logSeverityLevel: 4,
          ...(optimizedModelPath === undefined
            ? {}
            : { optimizedModelFilePath: optimizedModelPath }),
        }),
      );
      return new Session(runtime, session, graph);
    } catch (error) {
      throw runtimeError('refuses the graph', error);
    }
  }

  /**
   * Runs the graph. The library copies results into arrays of its own in any case; to let it fill
   * ours besides would only cost the memory once more.
   *
   * @param inputs one array for each input; they may be views of larger ones
   * @returns one new array for each output
   * @throws CompileError `compile/failed` when ONNX Runtime fails, for example for lack of memory
   */
  async run(inputs: readonly TensorData[]): Promise<readonly TensorData[]> {
    // An input that no result depends on is not part of the session.
    const known = new Set(this.#session.inputNames);
    const feeds = this.#tensors(this.#inputs, inputs).filter(([name]) => known.has(name));
    try {
      const results = await callNative(() =>
        this.#session.run(Object.fromEntries([...feeds, ...this.#shared])),
      );
      return this.#outputs.map(({ name }) => results[name]?.data as TensorData);
    } catch (error) {
      throw runtimeError('fails', error);
    }
  }

  /** Frees the session's memory. */
  async release(): Promise<void> {
    await callNative(() => this.#session.release());
  }

  #tensors(ports: readonly OnnxPort[], data: readonly TensorData[]): NamedTensor[] {
    const { Tensor } = this.#runtime.library;
    return ports.map(({ name, shape }, index) => [name, makeTensor(Tensor, data[index], shape)]);
  }
}

function runtimeError(what: string, cause: unknown): CompileError | EngineError {
  if (cause instanceof EngineError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CompileError('compile/failed', `ONNX Runtime ${what}: ${reason}`, { cause });
}

function makeTensor(
  tensor: typeof OnnxRuntime.Tensor,
  data: TensorData | undefined,
  shape: readonly number[],
): OnnxRuntime.Tensor {
  if (data instanceof Float32Array) return new tensor('float32', data, shape);
  if (data instanceof Int32Array) return new tensor('int32', data, shape);
  if (data instanceof Uint8Array) return new tensor('bool', data, shape);
  throw new RangeError('There are fewer arrays than tensors.');
}
