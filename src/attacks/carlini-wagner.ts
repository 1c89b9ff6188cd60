import { Batch } from '../arrays/batch.ts';
import type { LogitLoss, LossGradient } from '../model/classifier.ts';
import { carliniWagnerHinge } from '../model/losses.ts';
import { allRows, firstRows } from './active-rows.ts';
import { Adam } from './adam.ts';
import { cosineAnnealing } from './annealing.ts';
import type { Attack, AttackContext, AttackResult } from './attack.ts';
import {
  type CarliniWagnerHyperParameters,
  type CarliniWagnerSettings,
  resolveCarliniWagner,
} from './carlini-wagner-settings.ts';
import { ConstantSearch } from './constant-search.ts';
import { NearestSuccesses } from './nearest-successes.ts';
import { lengthOf } from './norms.ts';
import { oneHotReferences } from './objective.ts';
import { runOverTargets } from './over-targets.ts';
import { isUsableGradient } from './steepest-ascent.ts';
import { StallDetector } from './stall-detector.ts';
import { TanhBox } from './tanh-box.ts';
import { type Findings, runVerified } from './verification.ts';
import { warmStart } from './warm-start.ts';

/** With this many constants or more, the last one is the smallest that has succeeded. */
const REPEATS_BEST_CONSTANT_FROM = 10;

/**
 * |w| below which x moves noticeably with w: at 2 the derivative is 7% of its largest. A number on a
 * bound starts at |w| = 7.25 with a derivative of 0.0002%, and Adam takes it down by about one
 * learning rate a step. Until then the loss of a sample may stand still although nothing is wrong.
 */
const LEFT_THE_BOUND = 2;

/**
 * The L2 attack of Carlini and Wagner: among the inputs that meet the criterion, the nearest.
 *
 * Carlini, Wagner: Towards evaluating the robustness of neural networks (2017).
 *
 *     x(w) = a + b·tanh(w),  w = w₀ + δ         always inside the bounds
 *     lower  ‖x(w) − x(w₀)‖² + c·f(x(w))  over δ by Adam, from δ = 0
 *     f = max(0, z_y − max_{i≠y} z_i + κ), or targeted max(0, max_{i≠t} z_i − z_t + κ)
 *
 * and over c by bisection. With a warm start, w₀ and the first c come from an adversary that another
 * attack has found; see {@link warmStart}. Distances in the loss are measured in widths of the box, so the constants
 * mean the same for inputs from 0 to 1 and from 0 to 255. Constant, best input, abort and optimiser
 * belong to each sample alone.
 *
 * @throws AttackError `attack/invalid-setting`
 */
export function carliniWagner(settings: CarliniWagnerSettings): Attack {
  const resolved = resolveCarliniWagner(settings);
  const { preset, targets } = settings;
  const run = (context: AttackContext): Promise<AttackResult> =>
    runVerified(context, { confidence: resolved.confidence, attempts: 'discarded' }, attacked =>
      searchConstants(attacked, resolved),
    );
  return {
    kind: 'minimum-norm',
    name: 'carlini-wagner',
    norm: 'L2',
    settings: { preset, ...resolved, ...(targets === undefined ? {} : { targets }) },
    run: context =>
      targets === undefined || context.criterion.kind === 'classified-as'
        ? run(context)
        : runOverTargets(context, 'L2', targets, run),
  };
}

async function searchConstants(
  context: AttackContext,
  settings: CarliniWagnerHyperParameters,
): Promise<Findings> {
  const { inputs } = context;
  const { binarySearchSteps, initialConstant, warmStartSteps } = settings;
  const warm =
    warmStartSteps === 0 ? undefined : await warmStart(context, warmStartSteps, initialConstant);
  const search = new ConstantSearch(
    warm?.constants ?? new Float64Array(inputs.count).fill(initialConstant),
  );
  const descent = new Descent(context, settings, warm?.points ?? inputs);

  for (let round = 0; round < binarySearchSteps; round++) {
    const isLast = round === binarySearchSteps - 1;
    if (isLast && binarySearchSteps >= REPEATS_BEST_CONSTANT_FROM) search.useUpperBounds();
    const succeeded = await descent.run(round, search.constants);
    for (const row of allRows(inputs.count)) search.update(row, succeeded[row] === 1);
    if (warm !== undefined) descent.startFromNearest();
  }
  const { findings } = descent;
  const steps = findings.steps.map((taken, row) => taken + (warm?.steps[row] ?? 0));
  return { ...findings, steps };
}

/** One run of Adam after another, for all samples at once; keeps the nearest success of each. */
class Descent {
  readonly #nearest: NearestSuccesses;
  readonly #context: AttackContext;
  readonly #settings: CarliniWagnerHyperParameters;
  readonly #hinge: LogitLoss;
  readonly #box: TanhBox;
  readonly #adam: Adam;
  /** w₀ and δ of each sample. */
  readonly #starts: Batch;
  readonly #offsets: Batch;
  /** Steps that each sample needs until its numbers on the bounds have come away from them. */
  readonly #patience: Float64Array;
  /** Inputs x(w) and derivatives dx/dw of the active samples, one after another. */
  readonly #points: Batch;
  readonly #slopes: Batch;
  /** Gradient of the whole loss of one sample by w. */
  readonly #gradient: Float64Array;

  /** @param starts where each sample starts: its clean input, or an adversary */
  constructor(context: AttackContext, settings: CarliniWagnerHyperParameters, starts: Batch) {
    const { inputs, criterion, classifier } = context;
    const { count, shape } = inputs;
    this.#context = context;
    this.#settings = settings;
    this.#nearest = new NearestSuccesses(context, 'L2', settings.confidence);
    const kind = criterion.kind === 'misclassified' ? 'untargeted' : 'targeted';
    this.#hinge = carliniWagnerHinge(kind, settings.confidence);
    const box = new TanhBox(classifier.bounds);
    this.#box = box;
    this.#adam = new Adam(count, shape);
    this.#starts = new Batch(
      starts.values.map(value => box.encode(value)),
      shape,
    );
    this.#offsets = Batch.zeros(count, shape);
    this.#patience = Float64Array.from(
      allRows(count),
      row => (lengthOf(this.#starts.row(row), 'Linf') - LEFT_THE_BOUND) / settings.learningRate,
    );
    this.#points = Batch.zeros(count, shape);
    this.#slopes = Batch.zeros(count, shape);
    this.#gradient = new Float64Array(inputs.sampleSize);
  }

  get findings(): Findings {
    return this.#nearest.findings;
  }

  /** Lets the next run of a sample that has succeeded start from its nearest success. */
  startFromNearest(): void {
    const { candidates, seenSuccess } = this.findings;
    for (const row of allRows(candidates.count)) {
      if (seenSuccess[row] !== 1) continue;
      this.#starts.row(row).set(candidates.row(row).map(value => this.#box.encode(value)));
    }
  }

  /**
   * Starts every sample again with these constants.
   *
   * @returns 1 for each sample that met the criterion on the way
   */
  async run(round: number, constants: Float64Array): Promise<Uint8Array> {
    const { inputs, classifier, signal, onProgress } = this.#context;
    const { iterations, binarySearchSteps, abortEarly } = this.#settings;
    const succeeded = new Uint8Array(inputs.count);
    const stall = new StallDetector(
      abortEarly ? Math.ceil(iterations / 10) : Infinity,
      this.#patience,
    );
    this.#offsets.values.fill(0);
    this.#adam.reset();

    let active = allRows(inputs.count);
    for (let step = 1; step <= iterations && active.length > 0; step++) {
      signal?.throwIfAborted();
      const evaluation = await this.#evaluate(active, constants);
      this.#keepSuccesses(active, evaluation.logits, succeeded);
      active = active.filter((row, position) =>
        this.#descend(row, position, step, evaluation, stall),
      );
      onProgress?.({ completed: round * iterations + step, total: binarySearchSteps * iterations });
    }
    if (active.length > 0) {
      // The inputs after the last step: no gradient is needed of them, but they may be the best.
      signal?.throwIfAborted();
      this.#keepSuccesses(active, await classifier.logits(this.#decode(active)), succeeded);
    }
    return succeeded;
  }

  #evaluate(active: readonly number[], constants: Float64Array): Promise<LossGradient> {
    const { classifier, criterion } = this.#context;
    return classifier.lossGradient(this.#hinge, this.#decode(active), [
      oneHotReferences(criterion, active, classifier.classCount),
      Float32Array.from(active, row => constants[row] as number),
    ]);
  }

  /** The present inputs of the active samples. */
  #decode(active: readonly number[]): Batch {
    active.forEach((row, position) => {
      this.#box.decode(
        this.#starts.row(row),
        this.#offsets.row(row),
        this.#points.row(position),
        this.#slopes.row(position),
      );
    });
    return firstRows(this.#points, active.length);
  }

  #keepSuccesses(active: readonly number[], logits: Batch, succeeded: Uint8Array): void {
    active.forEach((row, position) => {
      if (this.#nearest.offer(row, this.#points.row(position), logits.row(position))) {
        succeeded[row] = 1;
      }
    });
  }

  /** One step for one sample. Says whether it stays in the round. */
  #descend(
    row: number,
    position: number,
    step: number,
    evaluation: LossGradient,
    stall: StallDetector,
  ): boolean {
    this.findings.steps[row] = (this.findings.steps[row] as number) + 1;
    const hinge = evaluation.losses[position] as number;
    const hingeGradient = evaluation.gradient.row(position);
    if (hinge !== 0 && !isUsableGradient(hingeGradient)) {
      this.findings.gradientUnavailable[row] = 1;
      return false;
    }
    const loss = hinge + this.#addDistanceTerm(row, position, hingeGradient);
    if (stall.hasStalled(row, step, loss)) return false;
    const { iterations, learningRate, learningRateDecay } = this.#settings;
    const rate = cosineAnnealing(learningRate, learningRate * learningRateDecay, step, iterations);
    this.#adam.descend(row, step, rate, this.#gradient, this.#offsets.row(row));
    return true;
  }

  /**
   * Writes the gradient of the whole loss by w to `#gradient`.
   *
   * @returns ‖x(w) − x(w₀)‖², in widths of the box
   */
  #addDistanceTerm(row: number, position: number, hingeGradient: Float32Array): number {
    const { inputs, classifier } = this.#context;
    const width = classifier.bounds.upper - classifier.bounds.lower;
    const clean = inputs.row(row);
    const point = this.#points.row(position);
    const slopes = this.#slopes.row(position);
    let squaredDistance = 0;
    for (let i = 0; i < clean.length; i++) {
      const change = ((point[i] as number) - this.#box.anchor(clean[i] as number)) / width;
      squaredDistance += change * change;
      this.#gradient[i] =
        (slopes[i] as number) * ((2 * change) / width + (hingeGradient[i] as number));
    }
    return squaredDistance;
  }
}
