import { Batch } from '../arrays/batch.ts';
import type { Proportion } from '../report/audit-report.ts';
import { mean, proportion } from '../report/statistics.ts';
import type { OutputOf } from './piece.ts';

/** The scores of one condition: a column of numbers for each score, by the names of the scores. */
export class ScoreColumns {
  readonly #count: number;
  readonly #columns = new Map<string, Float64Array>();
  readonly #scored: Uint8Array;
  readonly #predictions: Int32Array;
  readonly #errors: Float64Array;
  #monteCarloLogits: Batch | undefined;
  #probitLogits: Batch | undefined;

  /** @param count number of samples of the condition */
  constructor(count: number) {
    this.#count = count;
    this.#scored = new Uint8Array(count);
    this.#predictions = new Int32Array(count).fill(-1);
    this.#errors = new Float64Array(count).fill(NaN);
  }

  /** Takes in a piece; `start` is the place of its first sample. */
  add(start: number, { scores, posterior }: OutputOf<'score'>): void {
    for (const [name, values] of Object.entries(scores)) {
      const column = this.#columns.get(name) ?? new Float64Array(this.#count).fill(NaN);
      column.set(values, start);
      this.#columns.set(name, column);
      this.#scored.fill(1, start, start + values.length);
    }
    if (posterior === undefined) return;
    this.#predictions.set(posterior.prediction, start);
    this.#errors.set(posterior.mutualInformationError, start);
    const { monteCarloLogits, probitLogits } = posterior;
    if (monteCarloLogits === undefined) return;
    const classes = monteCarloLogits.length / posterior.prediction.length;
    this.#monteCarloLogits ??= Batch.zeros(this.#count, [classes]);
    this.#monteCarloLogits.values.set(monteCarloLogits, start * classes);
    if (probitLogits === undefined) return;
    this.#probitLogits ??= Batch.zeros(this.#count, [classes]);
    this.#probitLogits.values.set(probitLogits, start * classes);
  }

  /** Logits of the posterior's mean prediction, `[samples, classes]`, where they were kept. */
  get monteCarloLogits(): Batch | undefined {
    return this.#monteCarloLogits;
  }

  /** The same without passes; undefined where the posterior is not a Laplace approximation. */
  get probitLogits(): Batch | undefined {
    return this.#probitLogits;
  }

  /** All scores by name, NaN where a sample does not have them yet. */
  get columns(): ReadonlyMap<string, Float64Array> {
    return this.#columns;
  }

  /** Whether every sample has its scores. */
  get isComplete(): boolean {
    return this.#count > 0 && !this.#scored.includes(0);
  }

  /** All scores of the sample at a position, in seven digits; undefined while they are not known. */
  at(position: number): Record<string, number> | undefined {
    if (this.#scored[position] !== 1) return undefined;
    return Object.fromEntries(
      [...this.#columns].flatMap(([name, values]) => {
        const value = values[position] as number;
        return Number.isFinite(value) ? [[name, Number(value.toPrecision(7))] as const] : [];
      }),
    );
  }

  /** Mean of a score over the samples that have it. */
  mean(name: string): number | undefined {
    return mean([...(this.#columns.get(name) ?? [])].filter(value => !Number.isNaN(value)));
  }

  /** Right answers of the posterior's mean prediction, over the samples that have one. */
  accuracy(labels: Int32Array): Proportion {
    const known = [...this.#predictions.keys()].filter(i => (this.#predictions[i] as number) >= 0);
    const right = known.filter(i => this.#predictions[i] === labels[i]);
    return proportion(right.length, known.length);
  }

  /** Root mean square of the standard errors of the mutual information; undefined without any. */
  passError(): number | undefined {
    const squares = [...this.#errors].filter(Number.isFinite).map(error => error * error);
    const average = mean(squares);
    return average === undefined ? undefined : Math.sqrt(average);
  }
}
