import { createHash } from 'node:crypto';
import type { AttackOutcome, Norm } from '../attacks/attack.ts';
import { attackNorm } from '../attacks/attack-names.ts';
import { Batch, sizeOf } from '../arrays/batch.ts';
import type {
  Condition,
  Proportion,
  SampleCondition,
  UncertaintySummary,
} from '../report/audit-report.ts';
import { confusionOf } from '../report/confusion.ts';
import { mean, median, medianInterval, proportion } from '../report/statistics.ts';
import type { CorrectionRecord } from '../report/manifold-record.ts';
import { CorrectionColumns } from './correction-columns.ts';
import type { OutputOf, PieceOutcome } from './piece.ts';
import type { PlannedCondition } from './planned-condition.ts';
import { ScoreColumns } from './score-columns.ts';
import type { PosteriorRecord } from './subject.ts';
import { topAnswer } from './top-answers.ts';

/** Sizes of one perturbation in input units; L0 counts changed numbers. */
export interface PerturbationSize {
  readonly Linf: number;
  readonly L2: number;
  readonly L1: number;
  readonly L0: number;
}

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

/** Grows with the finished pieces of one condition, and sums them up at any time. */
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
    const known = this.#known();
    const right = known.filter(({ prediction, label }) => prediction === label);
    return proportion(right.length, known.length);
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

  /** The condition as the report has it. `baseline` is the separate clean set. */
  summarise(
    posterior: PosteriorRecord,
    passes: number,
    baseline: ConditionResults | undefined,
  ): Condition {
    const { id, kind, label, indices } = this.plan;
    const hasLabels = kind !== 'out-of-distribution';
    return {
      id,
      kind,
      label,
      state: this.state,
      finished: this.finished,
      total: indices.length,
      accuracy: this.finished === 0 || !hasLabels ? null : this.accuracy(),
      ...this.#attackSummary(),
      ...(this.finished === 0 || !hasLabels ? {} : { confusion: confusionOf(this.#known()) }),
      uncertainty: this.#uncertainty(posterior, passes, baseline),
      seconds: this.seconds,
      ...(this.error === undefined ? {} : { error: this.error }),
    };
  }

  #known(): SampleResult[] {
    return this.#samples.filter(sample => sample !== undefined);
  }

  #record(position: number, result: Omit<SampleResult, 'prediction' | 'confidence'>): void {
    if (this.#samples[position] === undefined) this.#finished++;
    this.#samples[position] = { ...result, ...topAnswer(this.logits.row(position)) };
  }

  #attackSummary(): Pick<Condition, 'attackSuccess' | 'outcomes' | 'distance' | 'survival'> {
    const { attack, kind } = this.plan;
    if (attack === undefined && kind !== 'natural') return {};
    const known = this.#known();
    const outcomes: Partial<Record<PieceOutcome, number>> = {};
    for (const { outcome } of known) {
      if (outcome !== undefined) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
    const distances = this.distances();
    const middle = median(distances);
    const rounded = known.filter(({ survivesRounding }) => survivesRounding !== undefined);
    const surviving = rounded.filter(({ survivesRounding }) => survivesRounding === true);
    return {
      ...(rounded.length === 0 ? {} : { survival: proportion(surviving.length, rounded.length) }),
      outcomes,
      attackSuccess: proportion(
        outcomes.succeeded ?? 0,
        known.length -
          (outcomes['already-wrong'] ?? 0) -
          (outcomes['not-run'] ?? 0) -
          (outcomes['reconstruction-misclassified'] ?? 0),
      ),
      ...(middle === undefined || attack === undefined
        ? {}
        : {
            distance: {
              norm: attackNorm(attack.settings),
              median: finite(middle),
              meanOfSuccesses: mean(distances.filter(Number.isFinite)) ?? null,
            },
          }),
    };
  }

  #uncertainty(
    posterior: PosteriorRecord,
    passes: number,
    baseline: ConditionResults | undefined,
  ): UncertaintySummary | null {
    if (!posterior.applicable) return { ...posterior };
    const mutualInformation = this.#scores.mean('mutual-information');
    const softmaxVariance = this.#scores.mean('softmax-variance');
    if (mutualInformation === undefined || softmaxVariance === undefined) return null;
    const reference = baseline?.scores;
    const { method, description } = posterior;
    const hasLabels = this.plan.kind !== 'out-of-distribution';
    return {
      applicable: true,
      method,
      description,
      passes,
      accuracy: hasLabels ? this.#scores.accuracy(this.labels) : proportion(0, 0),
      mutualInformation,
      softmaxVariance,
      relativeMutualInformation: relative(mutualInformation, reference?.mean('mutual-information')),
      relativeSoftmaxVariance: relative(softmaxVariance, reference?.mean('softmax-variance')),
    };
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

/** Tells one adversary from another: whoever marked it has marked these numbers and no others. */
function fingerprintOf(values: Float32Array): string {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function relative(value: number, reference: number | undefined): number | null {
  return reference === undefined || reference === 0 ? null : value / reference;
}

/** Sizes of the difference of two inputs, summed in float64. */
export function perturbationSize(clean: Float32Array, changed: Float32Array): PerturbationSize {
  let largest = 0;
  let squares = 0;
  let sum = 0;
  let nonzero = 0;
  for (let i = 0; i < clean.length; i++) {
    const difference = Math.abs((changed[i] as number) - (clean[i] as number));
    largest = Math.max(largest, difference);
    squares += difference * difference;
    sum += difference;
    if (difference !== 0) nonzero++;
  }
  return { Linf: largest, L2: Math.sqrt(squares), L1: sum, L0: nonzero };
}

/** Bytes of a condition's inputs, which decide how often they are written. */
export function inputBytes(results: ConditionResults): number {
  return 4 * results.plan.indices.length * sizeOf(results.inputs.shape);
}
