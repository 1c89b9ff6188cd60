import { Batch } from '../arrays/batch.ts';
import { Random } from '../random/random.ts';
import { allRows } from './active-rows.ts';
import type { AttackContext, Norm } from './attack.ts';
import { drawFromBall } from './ball.ts';
import { BallStep } from './ball-step.ts';
import { displaceWithin } from './box.ts';
import { leaveOnSuccess, walkAlongGradients } from './gradient-walk.ts';
import { lengthOf } from './norms.ts';
import { crossEntropyObjective } from './objective.ts';
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
  const { inputs, classifier, criterion, onProgress } = context;
  const { steps, restarts } = plan;
  const objective = crossEntropyObjective(criterion, classifier.classCount);
  const findings = noFindings(inputs);
  const points = findings.candidates;
  const steepest = new SteepestStep(context, plan);

  let standing = allRows(inputs.count);
  for (let restart = 0; restart < restarts && standing.length > 0; restart++) {
    for (const row of standing) startRun(context, plan, restart, row, points.row(row));
    steepest.forget();
    const succeeded = new Set<number>();
    await walkAlongGradients(context, standing, {
      objective,
      steps,
      points,
      findings,
      look: leaveOnSuccess(criterion, findings, succeeded),
      move: (row, _step, { gradient }) => steepest.take(row, gradient, points.row(row)),
      onStep: step => onProgress?.({ completed: restart * steps + step, total: restarts * steps }),
    });
    standing = standing.filter(row => !succeeded.has(row));
  }
  return findings;
}

function startRun(
  { inputs, classifier, seed, sampleIndices }: AttackContext,
  { start, norm, epsilon }: AscentPlan,
  restart: number,
  row: number,
  point: Float32Array,
): void {
  const perturbation = new Float64Array(point.length);
  if (start === 'random') {
    const random = new Random(seed, ['random start', sampleIndices[row] as number, restart]);
    drawFromBall(random, norm, epsilon, perturbation);
  }
  displaceWithin(classifier.bounds, inputs.row(row), perturbation, 1, point);
}

/** The steps of an attack, with momentum where it has some. */
class SteepestStep {
  readonly #context: AttackContext;
  readonly #plan: AscentPlan;
  readonly #step: BallStep;
  /** Decaying sums of gradients, one a sample; none without momentum. */
  readonly #velocities: Batch;
  readonly #direction: Float64Array;

  constructor(context: AttackContext, plan: AscentPlan) {
    const { inputs, classifier } = context;
    this.#context = context;
    this.#plan = plan;
    this.#step = new BallStep(plan.norm, classifier.bounds, inputs.sampleSize);
    this.#velocities = Batch.zeros(plan.momentum === 0 ? 0 : inputs.count, inputs.shape);
    this.#direction = new Float64Array(inputs.sampleSize);
  }

  /** Starts without momentum. */
  forget(): void {
    this.#velocities.values.fill(0);
  }

  /** Moves the point of one sample, in place. */
  take(row: number, gradient: Float32Array, point: Float32Array): void {
    const { inputs } = this.#context;
    const { epsilon, stepSize, momentum } = this.#plan;
    const direction = this.#direction;
    if (momentum === 0) direction.set(gradient);
    else this.#accumulate(row, gradient);
    this.#step.take(point, direction, stepSize, inputs.row(row), epsilon);
  }

  /** Adds the gradient, at L1 length 1, to the sample's velocity, which is the direction. */
  #accumulate(row: number, gradient: Float32Array): void {
    const velocity = this.#velocities.row(row);
    const length = lengthOf(gradient, 'L1');
    for (let i = 0; i < velocity.length; i++) {
      const kept = this.#plan.momentum * (velocity[i] as number);
      velocity[i] = kept + (gradient[i] as number) / length;
    }
    this.#direction.set(velocity);
  }
}
