import { EngineError } from '../engine-error.ts';
import type { BatchFunction, Engine, PreparedFunction } from '../engine.ts';
import { type CacheLimits, CompiledCache } from './compiled-cache.ts';
import { type NativeContext, NativeFunction } from './native-function.ts';
import { type ExecutionProvider, loadRuntime } from './session.ts';

export interface NativeEngineOptions {
  /**
   * Runs what cannot be compiled, and is the reference for what can. It belongs to the native engine,
   * which closes it.
   */
  readonly eager: Engine;
  /** What computes; `cpu` when it is left out. */
  readonly provider?: ExecutionProvider;
  /** Threads that one operator may use; 1 when it is left out, since shards use the other cores. */
  readonly threads?: number;
  /** Where to look for onnxruntime-node when Assay has not brought it along. */
  readonly moduleFolders?: readonly string[];
  /** What is kept of compiled functions: 16 with 256 MiB of constants when it is left out. */
  readonly cacheLimits?: CacheLimits;
}

/**
 * Opens the native engine: functions are recorded once, compiled to a graph and run by ONNX Runtime.
 * What it returns is checked against the eager engine, which also takes over what cannot be
 * compiled; the engine's notes say so.
 *
 * @throws EngineError `engine/unavailable` when ONNX Runtime does not load here
 */
export async function openNativeEngine({
  eager,
  provider = 'cpu',
  threads = 1,
  moduleFolders = [],
  cacheLimits = { functions: 16, bytes: 256 * 2 ** 20 },
}: NativeEngineOptions): Promise<Engine> {
  const runtime = await loadRuntime(moduleFolders);
  return new NativeEngine(eager, {
    runtime,
    threads,
    provider,
    cache: new CompiledCache(cacheLimits),
  });
}

class NativeEngine implements Engine {
  readonly name = 'native';
  readonly version: string;
  readonly #eager: Engine;
  readonly #context: NativeContext;
  readonly #notes = new Set<string>();
  #disposed = false;

  constructor(
    eager: Engine,
    context: Pick<NativeContext, 'runtime' | 'threads' | 'provider' | 'cache'>,
  ) {
    const { runtime, provider } = context;
    this.version = provider === 'cpu' ? runtime.version : `${runtime.version} on ${provider}`;
    this.#eager = eager;
    this.#context = {
      ...context,
      eagerName: eager.name,
      isDisposed: () => this.#disposed,
      note: remark => this.addNote(remark),
    };
  }

  get notes(): readonly string[] {
    return [...this.#eager.notes, ...this.#notes];
  }

  addNote(remark: string): void {
    this.#notes.add(remark);
  }

  prepare(fn: BatchFunction): PreparedFunction {
    if (this.#disposed) {
      throw new EngineError(
        'engine/disposed',
        'The native engine was used after it had been closed.',
      );
    }
    return new NativeFunction(this.#context, fn, this.#eager.prepare(fn));
  }

  dispose(): void {
    this.#disposed = true;
    this.#context.cache.clear();
    this.#eager.dispose();
  }
}
