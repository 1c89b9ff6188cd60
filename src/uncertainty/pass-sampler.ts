import { type Batch, sizeOf } from '../arrays/batch.ts';
import type { BatchFunction, Engine, PreparedFunction, SampleShape } from '../engine/engine.ts';
import { Random } from '../random/random.ts';
import { DropoutMemory } from './dropout-memory.ts';
import { type KeyedSource, NoiseDrawer } from './noise-drawer.ts';
import type { DrawOptions, DrawReceiver, PosteriorMethod } from './posterior.ts';

/**
 * A network as two functions: the trunk, from inputs to the frontier, which is the same in every
 * pass, and the head, from the frontier and the noise of some passes to the logits of these passes.
 */
export interface PassFunctions {
  readonly sources: readonly KeyedSource[];
  /** Shapes of the arrays that go from the trunk to the head. */
  readonly frontierShapes: readonly SampleShape[];
  /** Numbers in the widest value of the head, for one pass of one sample. */
  readonly widestValue: number;
  /** `[batch, …inputShape]` to the values at the frontier. */
  trunk(): BatchFunction;
  /**
   * The frontier and `[batch, passes, …shape]` for each source (its noise, or the product with what it
   * multiplies) to logits `[batch, passes, classes]`.
   */
  head(passes: number): BatchFunction;
}

/** Most numbers in the widest value of one sample in one call (16 MB). */
const valuesPerRow = 4_000_000;
/**
 * Numbers in the widest value of one call, as long as it has more than one sample (1 MB). What
 * elementwise layers pass on to each other stays in the cache of the processor then.
 */
const valuesAtATime = 250_000;

/**
 * Draws stochastic predictions: the trunk runs once, the head for many passes in one call. Random
 * numbers are made here, keyed by sample and layer, and go in as inputs; so a pass is the same
 * whatever the batch, the order of the samples or the engine.
 */
export class PassSampler {
  readonly #engine: Engine;
  readonly #functions: PassFunctions;
  readonly #classCount: number;
  readonly #purpose: PosteriorMethod;
  readonly #trunk: PreparedFunction;
  readonly #heads = new Map<number, PreparedFunction>();
  #idleMemory: DropoutMemory | undefined;

  /** @param purpose part of the key of the random numbers */
  constructor(
    engine: Engine,
    functions: PassFunctions,
    classCount: number,
    purpose: PosteriorMethod,
  ) {
    this.#engine = engine;
    this.#functions = functions;
    this.#classCount = classCount;
    this.#purpose = purpose;
    this.#trunk = engine.prepare(functions.trunk());
  }

  /** Calls `receive` until every sample has had all its passes, in their order. */
  async sample(inputs: Batch, options: DrawOptions, receive: DrawReceiver): Promise<void> {
    const { passes, seed, sampleIndices, signal } = options;
    signal?.throwIfAborted();
    const { sources, frontierShapes } = this.#functions;
    const frontier = await this.#trunk.run(inputs.count, [inputs.values]);
    const perCall = this.#passesPerCall(passes);
    const groupSize = Math.min(inputs.count, this.#samplesAtATime(perCall));
    const sizes = sources.map(({ shape }) => groupSize * perCall * sizeOf(shape));
    const memory = this.#takeMemory(sizes);
    const noise = new NoiseDrawer(sources, sizes, memory);
    for (let start = 0; start < inputs.count; start += groupSize) {
      const end = Math.min(inputs.count, start + groupSize);
      const atFrontier = frontierShapes.map((shape, i) => {
        const size = sizeOf(shape);
        return (frontier[i] as Float32Array).subarray(start * size, end * size);
      });
      // A sample's streams go on from call to call, so how passes are grouped does not matter.
      const streams = sampleIndices
        .slice(start, end)
        .map(index => sources.map(({ key }) => new Random(seed, [index, this.#purpose, ...key])));
      for (let done = 0; done < passes; done += perCall) {
        signal?.throwIfAborted();
        const count = Math.min(perCall, passes - done);
        const drawn = noise.draw(streams, atFrontier, count);
        const [logits] = await this.#head(count).run(end - start, [...atFrontier, ...drawn]);
        const size = count * this.#classCount;
        for (let row = 0; row < end - start; row++) {
          receive(start + row, (logits as Float32Array).subarray(row * size, (row + 1) * size));
        }
      }
    }
    this.#idleMemory = memory;
  }

  dispose(): void {
    this.#trunk.dispose();
    for (const head of this.#heads.values()) head.dispose();
    this.#heads.clear();
  }

  /** As many as fit, in calls of about equal size. */
  #passesPerCall(passes: number): number {
    const most = Math.max(1, Math.floor(valuesPerRow / this.#functions.widestValue));
    return Math.ceil(passes / Math.ceil(passes / most));
  }

  /** A power of four, the sizes of batches that no engine has to pad. */
  #samplesAtATime(passes: number): number {
    const affordable = valuesAtATime / (passes * this.#functions.widestValue);
    return 4 ** Math.max(0, Math.floor(Math.log2(affordable) / 2));
  }

  #head(passes: number): PreparedFunction {
    const known = this.#heads.get(passes);
    if (known !== undefined) return known;
    const head = this.#engine.prepare(this.#functions.head(passes));
    this.#heads.set(passes, head);
    return head;
  }

  /** The memory of an earlier call that has ended, if it is large enough. */
  #takeMemory(sizes: readonly number[]): DropoutMemory {
    const needed = NoiseDrawer.capacityFor(this.#functions.sources, sizes);
    const idle = this.#idleMemory;
    this.#idleMemory = undefined;
    if (idle === undefined || idle.capacity < needed) return new DropoutMemory(needed);
    idle.clear();
    return idle;
  }
}
