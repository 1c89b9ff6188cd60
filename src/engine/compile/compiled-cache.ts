import type { CompiledFunction } from './compile-function.ts';

interface Entry {
  readonly compiled: Promise<CompiledFunction>;
  /** Calls that are using it now. */
  users: number;
  evicted: boolean;
}

/**
 * Keeps a limited number of compiled functions, each of which holds memory outside the heap of
 * JavaScript. The one that was used least recently goes first, and never while it is running.
 */
export class CompiledCache {
  readonly #capacity: number;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();

  /** @param capacity most compiled functions that are kept, at least 1 */
  constructor(capacity: number) {
    this.#capacity = capacity;
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
    const entry = this.#entries.get(key) ?? { compiled: compile(), users: 0, evicted: false };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.users += 1;
    try {
      this.#evictDownTo(this.#capacity);
      return await action(await entry.compiled);
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

  #evictDownTo(count: number): void {
    for (const [key, { users }] of this.#entries) {
      if (this.#entries.size <= count) return;
      if (users === 0) this.evict(key);
    }
  }
}

async function releaseIfUnused({ compiled, users, evicted }: Entry): Promise<void> {
  if (!evicted || users > 0) return;
  const done = await compiled.catch(() => undefined);
  await done?.release();
}
