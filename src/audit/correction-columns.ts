import type { CorrectionRecord } from '../report/manifold-record.ts';
import { exactMcNemar, proportion } from '../report/statistics.ts';
import type { OutputOf } from './piece.ts';
import type { TopAnswer } from './top-answers.ts';

/** What the model says of the samples of one condition after each correction. */
export class CorrectionColumns {
  readonly #count: number;
  readonly #columns = new Map<string, Column>();
  /** Reconstructions of pictures by their method, row-major. */
  readonly inputs = new Map<string, Float32Array>();

  /** @param count samples of the condition */
  constructor(count: number) {
    this.#count = count;
  }

  /** Takes in a piece. `start` is the place of its first sample. */
  add(start: number, { corrections }: OutputOf<'correct'>): void {
    for (const { method, label, kind, predictions, confidences, inputs } of corrections) {
      let column = this.#columns.get(method);
      if (column === undefined) {
        column = {
          label,
          kind,
          predictions: new Int32Array(this.#count).fill(unknown),
          confidences: new Float64Array(this.#count),
        };
        this.#columns.set(method, column);
      }
      column.predictions.set(predictions, start);
      column.confidences.set(confidences, start);
      if (inputs === undefined) continue;
      const size = inputs.length / predictions.length;
      const all = this.inputs.get(method) ?? new Float32Array(this.#count * size);
      all.set(inputs, start * size);
      this.inputs.set(method, all);
    }
  }

  /** Answers after each correction at a position; undefined while there are none. */
  at(position: number): Record<string, TopAnswer> | undefined {
    const known = [...this.#columns].flatMap(([method, { predictions, confidences }]) => {
      const prediction = predictions[position] ?? unknown;
      const confidence = confidences[position] ?? 0;
      return prediction === unknown ? [] : [[method, { prediction, confidence }] as const];
    });
    return known.length === 0 ? undefined : Object.fromEntries(known);
  }

  /**
   * @param condition id
   * @param labels of all positions
   * @param isRight whether the answer without correction is right, undefined while it is not known
   */
  summarise(
    condition: string,
    labels: Int32Array,
    isRight: (position: number) => boolean | undefined,
  ): CorrectionRecord[] {
    return [...this.#columns].map(([method, { label, kind, predictions }]) => {
      let [fixed, broken, before, total] = [0, 0, 0, 0];
      for (const [position, prediction] of predictions.entries()) {
        const was = isRight(position);
        if (prediction === unknown || was === undefined) continue;
        const is = prediction === labels[position];
        total++;
        if (was) before++;
        if (was && !is) broken++;
        if (!was && is) fixed++;
      }
      return {
        condition,
        method,
        label,
        kind,
        before: proportion(before, total),
        after: proportion(before + fixed - broken, total),
        fixed,
        broken,
        pValue: exactMcNemar(fixed, broken),
      };
    });
  }
}

interface Column {
  readonly label: string;
  readonly kind: CorrectionRecord['kind'];
  readonly predictions: Int32Array;
  readonly confidences: Float64Array;
}

/** No class, and not `noAnswer` either: the piece has not come yet. */
const unknown = -2;
