import type { AttackOutcome, Norm } from '../attacks/attack.ts';
import { attackNorm } from '../attacks/attack-names.ts';
import { Batch, sizeOf } from '../arrays/batch.ts';
import type { Condition, Proportion, SampleCondition } from '../report/audit-report.ts';
import { medianInterval, proportion } from '../report/statistics.ts';
import type { CorrectionRecord } from '../report/manifold-record.ts';
import { CorrectionColumns } from './correction-columns.ts';
import { fingerprintOf } from './input-fingerprint.ts';
import { perturbationSize, type PerturbationSize } from './perturbation-size.ts';
import type { OutputOf, PieceOutcome } from './piece.ts';
import type { PlannedCondition } from './planned-condition.ts';
import { ScoreColumns } from './score-columns.ts';
import { topAnswer } from './top-answers.ts';

/** What is known of one sample under a condition. */
interface SampleResult {
  label: number;
  /** Index of the largest logit, and its softmax probability. */
  prediction: number;
  confidence: number;
  outcome: PieceOutcome | undefined;
  steps: number | undefined;
  /** ‖Δz‖ of a natural adversary. */
  latentDistance: number | undefined;
  size: PerturbationSize | undefined;
  /** The attack saw a success that it could not confirm. */
  lostSuccess: boolean;
  /** Undefined where there is no success, or no picture. */
  survivesRounding: boolean | undefined;
}

/** What is known of the samples of one condition; it grows with the finished pieces. */
export class ConditionResults {
  readonly plan: PlannedCondition;
  /** Inputs and logits of the condition by position; rows of unfinished samples are zero. */
  readonly inputs: Batch;
  readonly logits: Batch;
  readonly labels: Int32Array;
  state: Condition['state'] = 'waiting';
  /** Seconds that its pieces took, over all threads. */
  seconds = 0;
  error: string | undefined;
  #finished = 0;
  readonly #samples: (SampleResult | undefined)[];
  readonly #scores: ScoreColumns;
  readonly #corrections: CorrectionColumns;

  constructor(plan: PlannedCondition, inputShape: readonly number[], classCount: number) {
    const count = plan.indices.length;
    this.plan = plan;
    this.inputs = Batch.zeros(count, inputShape);
    this.logits = Batch.zeros(count, [classCount]);
    this.labels = new Int32Array(count);
    this.#samples = Array.from({ length: count }, () => undefined);
    this.#scores = new ScoreColumns(count);
    this.#corrections = new CorrectionColumns(count);
  }

  /** Samples whose prediction is known. */
  get finished(): number {
    return this.#finished;
  }

  /** Samples under this condition have the clean ones as their origin, apart from other samples. */
  get isOfSamples(): boolean {
    return this.plan.kind !== 'baseline' && this.plan.kind !== 'out-of-distribution';
  }

  /** Scores of the finished samples. */
  get scores(): ScoreColumns {
    return this.#scores;
  }

  /**
   * Takes in a piece of samples as they are, or changed without the model's help. `start` is the
   * place of its first sample, `clean` what it was changed from.
   */
  addPredictions(start: number, output: OutputOf<'predict'>, clean?: ConditionResults): void {
    this.inputs.values.set(output.inputs, start * this.inputs.sampleSize);
    this.logits.values.set(output.logits, start * this.logits.sampleSize);
    this.labels.set(output.labels, start);
    for (const [i, label] of output.labels.entries()) {
      const position = start + i;
      const size =
        clean === undefined
          ? undefined
          : perturbationSize(clean.inputs.row(position), this.inputs.row(position));
      this.#record(position, { ...notAttacked, label, size });
    }
  }

  /** Takes in a piece of adversaries; `clean` holds the samples of the same positions. */
  addAdversaries(start: number, output: OutputOf<'attack'>, clean: ConditionResults): void {
    this.inputs.values.set(output.adversaries, start * this.inputs.sampleSize);
    this.logits.values.set(output.logits, start * this.logits.sampleSize);
    for (const [i, outcome] of output.outcomes.entries()) {
      const position = start + i;
      const label = clean.labels[position] as number;
      this.labels[position] = label;
      this.#record(position, {
        label,
        outcome,
        steps: output.steps[i],
        latentDistance: outcome === 'succeeded' ? output.latentDistances?.[i] : undefined,
        size: perturbationSize(clean.inputs.row(position), this.inputs.row(position)),
        lostSuccess: output.lostSuccess[i] === 1,
        survivesRounding:
          output.survivesRounding[i] === -1 ? undefined : output.survivesRounding[i] === 1,
      });
    }
  }

  /** Takes in a piece of scores. */
  addScores(start: number, output: OutputOf<'score'>): void {
    this.#scores.add(start, output);
  }

  /** Takes in a piece of corrections. */
  addCorrections(start: number, output: OutputOf<'correct'>): void {
    this.#corrections.add(start, output);
  }

  /** What each correction mended and broke. */
  corrections(): CorrectionRecord[] {
    return this.#corrections.summarise(this.plan.id, this.labels, position =>
      this.isRight(position),
    );
  }

  /** Reconstructions of pictures by their method, row-major; rows of unfinished samples are zero. */
  get reconstructions(): ReadonlyMap<string, Float32Array> {
    return this.#corrections.inputs;
  }

  /** ‖Δz‖ of the successes, for natural adversaries. */
  latentDistances(): number[] {
    return this.#known().flatMap(({ latentDistance }) => latentDistance ?? []);
  }

  /** What is known of the sample at a position, for the report; undefined while nothing is. */
  sample(position: number): SampleCondition | undefined {
    const result = this.#samples[position];
    const scores = this.#scores.at(position);
    if (result === undefined) return undefined;
    const { prediction, confidence, outcome, steps, size, survivesRounding, latentDistance } =
      result;
    const corrected = this.#corrections.at(position);
    const isNatural = this.plan.kind === 'natural' && outcome === 'succeeded';
    return {
      prediction,
      confidence,
      ...(outcome === undefined ? {} : { outcome }),
      ...(steps === undefined ? {} : { steps }),
      ...(size === undefined ? {} : { distance: { ...size } }),
      ...(survivesRounding === undefined ? {} : { survivesRounding }),
      ...(latentDistance === undefined ? {} : { latentDistance }),
      // Whoever marked an adversary has marked these numbers and no others.
      ...(isNatural ? { adversary: fingerprintOf(this.inputs.row(position)) } : {}),
      ...(corrected === undefined ? {} : { corrected }),
      ...(scores === undefined ? {} : { scores }),
    };
  }

  /** Whether the answer at a position is its label; undefined while it is not known. */
  isRight(position: number): boolean | undefined {
    const result = this.#samples[position];
    return result === undefined ? undefined : result.prediction === result.label;
  }

  /** What became of each finished sample, in order; for attacks. */
  outcomes(): AttackOutcome[] {
    return this.#samples.flatMap(sample =>
      sample?.outcome === undefined || sample.outcome === 'reconstruction-misclassified'
        ? []
        : [sample.outcome],
    );
  }

  /**
   * How large the change is that makes each answer wrong, in order, in any norm and in input units:
   * 0 where it is wrong without one, +∞ where it is still right.
   */
  errorSizes(norm: Norm): Float64Array {
    return Float64Array.from(this.#samples, sample =>
      sample === undefined || sample.prediction === sample.label
        ? Infinity
        : (sample.size?.[norm] ?? 0),
    );
  }

  /** Gradient steps or queries of each finished sample, in order; for attacks. */
  steps(): number[] {
    return this.#samples.flatMap(sample => (sample === undefined ? [] : [sample.steps ?? 0]));
  }

  /** 1 for each finished sample whose success was not confirmed, in order; for attacks. */
  lostSuccesses(): Uint8Array {
    return Uint8Array.from(this.#known(), ({ lostSuccess }) => (lostSuccess ? 1 : 0));
  }

  /** Correct answers over all finished samples: under an attack, robust accuracy. */
  accuracy(): Proportion {
    const right = this.#known().filter(({ prediction, label }) => prediction === label);
    return proportion(right.length, this.finished);
  }

  /** Distances of the clean-correct samples in the attack's norm, failures as +∞. */
  distances(): number[] {
    const { attack } = this.plan;
    if (attack === undefined) return [];
    const norm = attackNorm(attack.settings);
    return this.#samples.flatMap(sample =>
      sample === undefined || sample.outcome === 'already-wrong' || sample.outcome === 'not-run'
        ? []
        : [sample.outcome === 'succeeded' ? (sample.size?.[norm] ?? Infinity) : Infinity],
    );
  }

  /** 95% interval of the median distance; null is +∞, undefined with too few samples. */
  medianDistanceInterval(): [number | null, number | null] | undefined {
    const interval = medianInterval(this.distances());
    return interval === undefined ? undefined : [finite(interval[0]), finite(interval[1])];
  }

  /** Positions of the samples that the attack has fooled the model with. */
  succeeded(): number[] {
    return this.#samples.flatMap((sample, position) =>
      sample?.outcome === 'succeeded' ? [position] : [],
    );
  }

  /** Label and answer of each finished sample, in order. */
  answers(): readonly { readonly label: number; readonly prediction: number }[] {
    return this.#known();
  }

  /** How many finished samples have met each outcome; for attacks. */
  outcomeCounts(): Partial<Record<PieceOutcome, number>> {
    const counts: Partial<Record<PieceOutcome, number>> = {};
    for (const { outcome } of this.#known()) {
      if (outcome !== undefined) counts[outcome] = (counts[outcome] ?? 0) + 1;
    }
    return counts;
  }

  /** Whether each success that is a picture survives rounding to 8 bits, in order. */
  survivals(): boolean[] {
    return this.#known().flatMap(({ survivesRounding }) => survivesRounding ?? []);
  }

  #known(): SampleResult[] {
    return this.#samples.filter(sample => sample !== undefined);
  }

  #record(position: number, result: Omit<SampleResult, 'prediction' | 'confidence'>): void {
    if (this.#samples[position] === undefined) this.#finished++;
    this.#samples[position] = { ...result, ...topAnswer(this.logits.row(position)) };
  }
}

/** What is not known of a clean sample. */
const notAttacked = {
  outcome: undefined,
  steps: undefined,
  latentDistance: undefined,
  size: undefined,
  lostSuccess: false,
  survivesRounding: undefined,
} as const;

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Bytes of a condition's inputs, which decide how often they are written. */
export function inputBytes(results: ConditionResults): number {
  return 4 * results.plan.indices.length * sizeOf(results.inputs.shape);
}
