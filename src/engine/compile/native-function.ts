import { sizeOf } from '../../arrays/batch.ts';
import { EngineError } from '../engine-error.ts';
import type { BatchFunction, EngineName, PreparedFunction } from '../engine.ts';
import { type Arrays, findDisagreement } from './agreement.ts';
import { BatchLadder, type Piece } from './batch-ladder.ts';
import { CompileError, disagreementError } from './compile-error.ts';
import { type CompiledFunction, compileTrace } from './compile-function.ts';
import type { CompiledCache } from './compiled-cache.ts';
import { costOf } from './program-cost.ts';
import type { ValueSpec } from './program.ts';
import type { ExecutionProvider, Runtime } from './session.ts';
import { recordFunction, type TensorFunction, traceFunction } from './trace.ts';

/** What functions of one engine share. */
export interface NativeContext {
  readonly runtime: Runtime;
  readonly threads: number;
  readonly provider: ExecutionProvider;
  /** Engine that runs what cannot be compiled. */
  readonly eagerName: EngineName;
  readonly cache: CompiledCache;
  /** Whether the engine has been closed. */
  isDisposed(): boolean;
  /** Notes a remark for the report; the same one only once. */
  note(remark: string): void;
}

/** Multiplications that the check of a compiled function may cost on the eager engine. */
const checkingCost = 2e9;

/** Most rows of a batch that are checked. */
const mostCheckedRows = 8;

let functionCount = 0;

/**
 * A function that runs compiled, in pieces of a few sizes. The first piece of each size is checked
 * against the eager engine; if the function cannot be compiled or does not agree, the eager engine
 * runs it from then on.
 */
export class NativeFunction implements PreparedFunction {
  readonly #context: NativeContext;
  readonly #function: BatchFunction;
  readonly #eager: PreparedFunction;
  readonly #key: string;
  readonly #checkedSizes = new Set<number>();
  #ladder: BatchLadder | undefined;
  #checkedRows = 1;
  #runsEagerly = false;

  /** @param eager the same function on the eager engine */
  constructor(context: NativeContext, fn: BatchFunction, eager: PreparedFunction) {
    this.#context = context;
    this.#function = fn;
    this.#eager = eager;
    functionCount += 1;
    this.#key = `${functionCount}`;
  }

  async run(count: number, inputs: readonly Float32Array[]): Promise<Float32Array[]> {
    // The eager function also knows what to say of no samples, and of use after the end.
    const runsEagerly = this.#runsEagerly || this.#context.isDisposed();
    if (count === 0 || runsEagerly) return this.#eager.run(count, inputs);
    this.#checkInputs(count, inputs);
    try {
      return await this.#runCompiled(count, inputs);
    } catch (error) {
      if (error instanceof EngineError) throw error;
      this.#context.note(this.#remarkOn(error));
      this.#release();
      this.#runsEagerly = true;
      return this.#eager.run(count, inputs);
    }
  }

  dispose(): void {
    this.#runsEagerly = true;
    this.#release();
    this.#eager.dispose();
  }

  #release(): void {
    for (const size of this.#checkedSizes) this.#context.cache.evict(this.#keyOf(size));
  }

  #remarkOn(error: unknown): string {
    const reason = error instanceof Error ? error.message : String(error);
    return error instanceof CompileError && error.code === 'compile/unsupported-kernel'
      ? `${reason} What uses it runs on the engine ${this.#context.eagerName}.`
      : `${this.#function.name} runs on the engine ${this.#context.eagerName}. ${reason}`;
  }

  async #runCompiled(count: number, inputs: Arrays): Promise<Float32Array[]> {
    this.#ladder ??= this.#planLadder();
    let results: Float32Array[] | undefined;
    for (let start = 0; start < count;) {
      const piece = this.#ladder.next(count - start);
      const end = start + piece.rows;
      const parts = await this.#tryPiece(piece, this.#rows(inputs, start, end));
      if (parts === undefined) continue;
      if (piece.rows === count) return parts.map(part => part);
      results ??= parts.map(part => new Float32Array((part.length / piece.rows) * count));
      for (const [output, part] of parts.entries()) {
        results[output]?.set(part, (part.length / piece.rows) * start);
      }
      start = end;
    }
    return results ?? [];
  }

  /** Runs a piece and checks it, or returns nothing when it did not fit in memory. */
  async #tryPiece(piece: Piece, inputs: Arrays): Promise<Arrays | undefined> {
    const { size, rows } = piece;
    try {
      const outputs = await this.#runPiece(piece, inputs);
      if (!this.#checkedSizes.has(size)) {
        await this.#check(rows, inputs, outputs);
        this.#checkedSizes.add(size);
      }
      return outputs;
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      this.#context.cache.evict(this.#keyOf(size));
      if (this.#ladder?.avoid(size) === true) return undefined;
      throw new EngineError(
        'engine/out-of-memory',
        `One sample of ${this.#function.name} does not fit in memory.`,
        { remedy: 'Use a smaller model or smaller inputs.', cause: error },
      );
    }
  }

  async #runPiece({ size, rows }: Piece, inputs: Arrays): Promise<Arrays> {
    const padded = inputs.map(values => padRows(values, rows, size));
    const key = this.#keyOf(size);
    const outputs = await this.#context.cache.use(
      key,
      () => this.#compile(size),
      async compiled => {
        if (!compiled.isStale) return compiled.run(padded);
        // A variable of the function was assigned: what is compiled has the old value.
        this.#context.cache.evict(key);
        return this.#context.cache.use(
          key,
          () => this.#compile(size),
          renewed => renewed.run(padded),
        );
      },
    );
    return outputs.map(values => {
      const numbers = values instanceof Float32Array ? values : Float32Array.from(values);
      return rows === size ? numbers : numbers.subarray(0, (numbers.length / size) * rows);
    });
  }

  /** @throws CompileError when the outputs are not those of the eager engine */
  async #check(rows: number, inputs: Arrays, outputs: Arrays): Promise<void> {
    const checked = Math.min(rows, this.#checkedRows);
    const chosen = Array.from({ length: checked }, (_, i) => Math.floor((i * rows) / checked));
    const pick = (values: Float32Array): Float32Array => gatherRows(values, rows, chosen);
    const chosenInputs = inputs.map(pick);
    // A size that has been checked already is as good a reference, and faster.
    const [trusted] = this.#checkedSizes;
    const reference = (given: Arrays): Promise<Arrays> =>
      trusted === undefined || trusted < checked
        ? this.#eager.run(checked, given)
        : this.#runPiece({ size: trusted, rows: checked }, given);
    const expected = await reference(chosenInputs);
    const difference = await findDisagreement(
      checked,
      chosenInputs,
      outputs.map(pick),
      expected,
      reference,
    );
    if (difference === undefined) return;
    throw disagreementError(difference);
  }

  async #compile(size: number): Promise<CompiledFunction> {
    const { runtime, threads, provider } = this.#context;
    const specs = this.#specs(size);
    return compileTrace(runtime, recordFunction(this.#compute(size), specs), specs, {
      threads,
      provider,
    });
  }

  #planLadder(): BatchLadder {
    const { program } = traceFunction(this.#compute(1), this.#specs(1));
    const cost = costOf(program);
    const affordable = Math.floor(checkingCost / cost.multiplications);
    this.#checkedRows = Math.max(1, Math.min(mostCheckedRows, affordable));
    return new BatchLadder(cost);
  }

  #compute(size: number): TensorFunction {
    return (...inputs) => {
      const outputs = this.#function.compute(...inputs);
      for (const { shape } of outputs) {
        if (shape[0] === size) continue;
        throw new RangeError(
          `${this.#function.name} returned shape [${shape.join(', ')}] for ${size} samples`,
        );
      }
      return outputs;
    };
  }

  #specs(size: number): ValueSpec[] {
    return this.#function.inputs.map(shape => ({ shape: [size, ...shape], type: 'float32' }));
  }

  #rows(inputs: Arrays, start: number, end: number): Arrays {
    return inputs.map((values, index) => {
      const size = sizeOf(this.#function.inputs[index] ?? []);
      return values.subarray(start * size, end * size);
    });
  }

  #keyOf(size: number): string {
    return `${this.#key}:${size}`;
  }

  #checkInputs(count: number, inputs: Arrays): void {
    const expected = this.#function.inputs.map(shape => count * sizeOf(shape));
    const given = inputs.map(values => values.length);
    if (expected.length !== given.length || expected.some((size, i) => size !== given[i])) {
      throw new RangeError(
        `${this.#function.name} takes arrays of ${expected.join(', ')} values for ${count} samples, but got ${given.join(', ')}`,
      );
    }
  }
}

/** Repeats the last row, so that padding has no values that the function does not expect. */
function padRows(values: Float32Array, rows: number, size: number): Float32Array {
  if (rows === size) return values;
  const width = values.length / rows;
  const padded = new Float32Array(width * size);
  padded.set(values);
  const last = values.subarray((rows - 1) * width);
  for (let row = rows; row < size; row++) padded.set(last, row * width);
  return padded;
}

function gatherRows(values: Float32Array, rows: number, chosen: readonly number[]): Float32Array {
  const width = values.length / rows;
  const gathered = new Float32Array(chosen.length * width);
  chosen.forEach((row, index) => {
    gathered.set(values.subarray(row * width, (row + 1) * width), index * width);
  });
  return gathered;
}

function isOutOfMemory(error: unknown): boolean {
  const cause = error instanceof CompileError ? error.cause : error;
  return cause instanceof Error && /bad_alloc|allocat|out of memory/i.test(cause.message);
}
