import type { CompiledFunction } from './compile-function.ts';

/** Functions that are kept however much memory they hold, so that they can take turns. */
const leastKept = 4;

interface Entry {
  readonly compiled: Promise<CompiledFunction>;
  /** Of its constants; 0 while it is being compiled. */
  bytes: number;
  /** Calls that are using it now. */
  users: number;
  evicted: boolean;
}

/** What a cache keeps at most. */
export interface CacheLimits {
  /** Compiled functions, at least 1. */
  readonly functions: number;
  /** Bytes of their constants: each has the weights of its model in it, more than once at times. */
  readonly bytes: number;
}

/**
 * Keeps a limited number of compiled functions, each of which holds memory outside the heap of
 * JavaScript. The one that was used least recently goes first, and never while it is running.
 */
export class CompiledCache {
  readonly #limits: CacheLimits;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();

  constructor(limits: CacheLimits) {
    this.#limits = limits;
  }

  /** Number of compiled functions that are kept. */
  get size(): number {
    return this.#entries.size;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Calls `action` with the function of that key, which is compiled if it is not there. */
  async use<T>(
    key: string,
    compile: () => Promise<CompiledFunction>,
    action: (compiled: CompiledFunction) => Promise<T>,
  ): Promise<T> {
    const entry = this.#entries.get(key) ?? {
      compiled: compile(),
      bytes: 0,
      users: 0,
      evicted: false,
    };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.users += 1;
    try {
      this.#evictSurplus();
      const compiled = await entry.compiled;
      entry.bytes = compiled.constantBytes;
      this.#evictSurplus();
      return await action(compiled);
    } catch (error) {
      // What failed to compile is not kept.
      await entry.compiled.catch(() => this.evict(key));
      throw error;
    } finally {
      entry.users -= 1;
      await releaseIfUnused(entry);
    }
  }

  /** Lets go of the function of that key. */
  evict(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    entry.evicted = true;
    void releaseIfUnused(entry);
  }

  /** Lets go of all. */
  clear(): void {
    for (const key of [...this.#entries.keys()]) this.evict(key);
  }

  #evictSurplus(): void {
    const { functions, bytes } = this.#limits;
    let held = [...this.#entries.values()].reduce((sum, entry) => sum + entry.bytes, 0);
    for (const [key, entry] of this.#entries) {
      const isTooLarge = held > bytes && this.#entries.size > leastKept;
      if (this.#entries.size <= functions && !isTooLarge) return;
      if (entry.users > 0) continue;
      held -= entry.bytes;
      this.evict(key);
    }
  }
}

async function releaseIfUnused({ compiled, users, evicted }: Entry): Promise<void> {
  if (!evicted || users > 0) return;
  const done = await compiled.catch(() => undefined);
  await done?.release();
}
