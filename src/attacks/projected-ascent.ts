import { Batch } from '../arrays/batch.ts';
import { type LossGradient } from '../model/classifier.ts';
import { Random } from '../random/random.ts';
import { allRows, gatherInto } from './active-rows.ts';
import { type AttackContext, type Norm } from './attack.ts';
import { BallInBox, drawFromBall } from './ball.ts';
import { displaceWithin, removeBlockedDirections } from './box.ts';
import { isSafelyMet } from './criterion.ts';
import { lengthOf } from './norms.ts';
import { crossEntropyObjective, objectiveGradient, type Objective } from './objective.ts';
import { isUsableGradient, steepestAscent } from './steepest-ascent.ts';
import { type Findings, noFindings } from './verification.ts';

/** How an attack of the family of projected gradient descent goes about it. */
export interface AscentPlan {
  readonly norm: Norm;
  /** Radius of the ball, in input units. */
  readonly epsilon: number;
  /** Length of a step in the norm, in input units. */
  readonly stepSize: number;
  readonly steps: number;
  /** Where a run starts: at the clean input, or uniformly in the ball. */
  readonly start: 'clean' | 'random';
  /** How many runs. A sample that has succeeded in one takes no part in the next. */
  readonly restarts: number;
  /** Part of the direction of the steps before that is kept, μ of Dong; 0 for none. */
  readonly momentum: number;
}

/**
 * The iteration that BIM, PGD and MI-FGSM share, on the cross-entropy J:
 *
 *     x ← P(x + α · steepest_p(g)),   g = ∇J(x), or with momentum  g ← μ·g + ∇J(x) / ‖∇J(x)‖₁
 *
 * where P is the projection onto ball and box, and directions in which the box lets nothing move do
 * not count for the steepest. Every point on the way is looked at: the first that succeeds is kept,
 * and its sample leaves.
 */
export async function projectedAscent(context: AttackContext, plan: AscentPlan): Promise<Findings> {
  const ascent = new ProjectedAscent(context, plan);
  let standing = allRows(context.inputs.count);
  for (let restart = 0; restart < plan.restarts && standing.length > 0; restart++) {
    standing = await ascent.run(restart, standing);
  }
  return ascent.findings;
}

class ProjectedAscent {
  readonly findings: Findings;
  readonly #context: AttackContext;
  readonly #plan: AscentPlan;
  readonly #objective: Objective;
  readonly #ball: BallInBox;
  readonly #velocities: Batch;
  readonly #gathered: Batch;
  readonly #gradient: Float64Array;
  readonly #perturbation: Float64Array;

  constructor(context: AttackContext, plan: AscentPlan) {
    const { inputs, classifier, criterion } = context;
    this.findings = noFindings(inputs);
    this.#context = context;
    this.#plan = plan;
    this.#objective = crossEntropyObjective(criterion, classifier.classCount);
    this.#ball = new BallInBox(plan.norm, plan.epsilon, classifier.bounds, inputs.sampleSize);
    this.#velocities = Batch.zeros(plan.momentum === 0 ? 0 : inputs.count, inputs.shape);
    this.#gathered = Batch.zeros(inputs.count, inputs.shape);
    this.#gradient = new Float64Array(inputs.sampleSize);
    this.#perturbation = new Float64Array(inputs.sampleSize);
  }

  /** One run for the samples at `rows`; returns those that have not succeeded. */
  async run(restart: number, rows: readonly number[]): Promise<readonly number[]> {
    const { classifier, signal, onProgress } = this.#context;
    const { steps, restarts } = this.#plan;
    this.#velocities.values.fill(0);
    for (const row of rows) this.#start(row, restart);

    let active = rows;
    const standing = new Set(rows);
    const leaveIfSuccessful = (logits: Batch): void => {
      active.forEach((row, position) => {
        if (isSafelyMet(this.#context.criterion, row, logits.row(position))) standing.delete(row);
      });
    };

    for (let step = 1; step <= steps && active.length > 0; step++) {
      signal?.throwIfAborted();
      const evaluation = await objectiveGradient(
        classifier,
        this.#objective,
        gatherInto(this.#gathered, this.findings.candidates, active),
        active,
      );
      leaveIfSuccessful(evaluation.logits);
      active = active.filter(
        (row, position) => standing.has(row) && this.#step(row, position, evaluation),
      );
      onProgress?.({ completed: restart * steps + step, total: restarts * steps });
    }
    if (active.length > 0) {
      signal?.throwIfAborted();
      leaveIfSuccessful(
        await classifier.logits(gatherInto(this.#gathered, this.findings.candidates, active)),
      );
    }
    return rows.filter(row => standing.has(row));
  }

  #start(row: number, restart: number): void {
    const { inputs, seed, sampleIndices, classifier } = this.#context;
    const point = this.findings.candidates.row(row);
    if (this.#plan.start === 'clean') {
      point.set(inputs.row(row));
      return;
    }
    const random = new Random(seed, ['random start', sampleIndices[row] as number, restart]);
    drawFromBall(random, this.#plan.norm, this.#plan.epsilon, this.#perturbation);
    displaceWithin(classifier.bounds, inputs.row(row), this.#perturbation, 1, point);
  }

  /** Moves one sample. Says whether it stays in the run. */
  #step(row: number, position: number, evaluation: LossGradient): boolean {
    const { inputs, classifier } = this.#context;
    const { norm, stepSize } = this.#plan;
    const point = this.findings.candidates.row(row);
    const clean = inputs.row(row);
    const gradient = this.#gradient;
    const perturbation = this.#perturbation;

    this.findings.steps[row] = (this.findings.steps[row] as number) + 1;
    if (!isUsableGradient(evaluation.gradient.row(position))) {
      this.findings.gradientUnavailable[row] = 1;
      return false;
    }
    gradient.set(evaluation.gradient.row(position));
    for (let i = 0; i < gradient.length; i++) {
      gradient[i] = this.#objective.direction * (gradient[i] as number);
    }
    if (this.#plan.momentum > 0) this.#accumulate(row);
    removeBlockedDirections(classifier.bounds, point, gradient);
    steepestAscent(gradient, norm, gradient);
    for (let i = 0; i < clean.length; i++) {
      perturbation[i] =
        (point[i] as number) - (clean[i] as number) + stepSize * (gradient[i] as number);
    }
    this.#ball.project(perturbation, clean);
    displaceWithin(classifier.bounds, clean, perturbation, 1, point);
    return true;
  }

  /** Adds the gradient, at L1 length 1, to the sample's velocity, which then takes its place. */
  #accumulate(row: number): void {
    const velocity = this.#velocities.row(row);
    const gradient = this.#gradient;
    const length = lengthOf(gradient, 'L1');
    for (let i = 0; i < velocity.length; i++) {
      const kept = this.#plan.momentum * (velocity[i] as number);
      velocity[i] = kept + (gradient[i] as number) / length;
    }
    gradient.set(velocity);
  }
}
