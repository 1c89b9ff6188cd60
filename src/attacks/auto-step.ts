import { Batch } from '../arrays/batch.ts';
import type { AttackContext } from './attack.ts';
import { BallInBox } from './ball.ts';
import { displaceWithin } from './box.ts';
import type { PointEvaluation } from './gradient-walk.ts';
import { steepestAscent } from './steepest-ascent.ts';

/** a: how much of a step is new; the rest is the step before. */
const NEW_PART = 0.75;
/** ρ: with fewer steps than this part upward since the last checkpoint, the step size halves. */
const PART_UPWARD = 0.75;

/** What {@link AutoStep} has to know. */
export interface AutoStepPlan {
  readonly norm: 'Linf' | 'L2';
  readonly epsilon: number;
  /** Steps of the whole run: checkpoints are laid out over them. */
  readonly steps: number;
}

/**
 * The step of APGD, with step size, best point and memory of each sample by itself:
 *
 *     z = P(x_k + η·steepest(∇f)),   x_{k+1} = P(x_k + a·(z − x_k) + (1 − a)·(x_k − x_{k−1}))
 *
 * from η = 2ε, with P onto ball and box. At a checkpoint η halves, and x goes back to the best point,
 * when too few steps since the last one went up, or when neither η nor the best value have changed
 * since then.
 */
export class AutoStep {
  readonly #context: AttackContext;
  readonly #plan: AutoStepPlan;
  readonly #ball: BallInBox;
  readonly #checkpoints: ReadonlyMap<number, number>;
  readonly #points: Batch;
  readonly #previousPoints: Batch;
  readonly #bestPoints: Batch;
  readonly #bestGradients: Batch;
  readonly #stepSizes: Float64Array;
  readonly #lastValues: Float64Array;
  readonly #bestValues: Float64Array;
  readonly #bestValuesAtCheckpoint: Float64Array;
  /** Steps upward of each sample since the last checkpoint. */
  readonly #upward: Int32Array;
  /** 1 where the step size was halved at the last checkpoint. */
  readonly #halved: Uint8Array;
  readonly #direction: Float64Array;
  readonly #perturbation: Float64Array;

  /** @param points of all samples; steps are written to them */
  constructor(context: AttackContext, plan: AutoStepPlan, points: Batch) {
    const { count, shape, sampleSize } = context.inputs;
    this.#context = context;
    this.#plan = plan;
    this.#ball = new BallInBox(plan.norm, context.classifier.bounds, sampleSize);
    this.#checkpoints = checkpoints(plan.steps);
    this.#points = points;
    this.#previousPoints = points.clone();
    this.#bestPoints = points.clone();
    this.#bestGradients = Batch.zeros(count, shape);
    this.#stepSizes = new Float64Array(count).fill(2 * plan.epsilon);
    this.#lastValues = new Float64Array(count);
    this.#bestValues = new Float64Array(count).fill(-Infinity);
    this.#bestValuesAtCheckpoint = new Float64Array(count).fill(-Infinity);
    this.#upward = new Int32Array(count);
    this.#halved = new Uint8Array(count).fill(1);
    this.#direction = new Float64Array(sampleSize);
    this.#perturbation = new Float64Array(sampleSize);
  }

  /** @param step number of the step, from 1 */
  take(row: number, step: number, { value, gradient }: PointEvaluation): void {
    if (step > 1 && value > (this.#lastValues[row] as number)) {
      this.#upward[row] = (this.#upward[row] as number) + 1;
    }
    this.#lastValues[row] = value;
    if (value > (this.#bestValues[row] as number)) {
      this.#bestValues[row] = value;
      this.#bestPoints.row(row).set(this.#points.row(row));
      this.#bestGradients.row(row).set(gradient);
    }
    if (step === 1) this.#bestValuesAtCheckpoint[row] = value;
    const wentBack = this.#checkProgress(row, step - 1);
    this.#move(row, step, wentBack ? this.#bestGradients.row(row) : gradient);
  }

  /** Halves the step size of a sample if it is time to. Says whether it went back to its best point. */
  #checkProgress(row: number, stepsTaken: number): boolean {
    const interval = this.#checkpoints.get(stepsTaken);
    if (interval === undefined) return false;
    const bestValue = this.#bestValues[row] as number;
    const oscillates = (this.#upward[row] as number) <= PART_UPWARD * interval;
    const isStuck =
      this.#halved[row] === 0 && (this.#bestValuesAtCheckpoint[row] as number) >= bestValue;
    this.#upward[row] = 0;
    this.#bestValuesAtCheckpoint[row] = bestValue;
    this.#halved[row] = oscillates || isStuck ? 1 : 0;
    if (this.#halved[row] === 0) return false;
    this.#stepSizes[row] = (this.#stepSizes[row] as number) / 2;
    this.#lastValues[row] = bestValue;
    this.#points.row(row).set(this.#bestPoints.row(row));
    return true;
  }

  #move(row: number, step: number, gradient: Float32Array): void {
    const { inputs, classifier } = this.#context;
    const { norm, epsilon } = this.#plan;
    const clean = inputs.row(row);
    const point = this.#points.row(row);
    const previous = this.#previousPoints.row(row);
    const stepSize = this.#stepSizes[row] as number;
    const newPart = step === 1 ? 1 : NEW_PART;
    const direction = this.#direction;
    const perturbation = this.#perturbation;

    steepestAscent(gradient, norm, direction);
    for (let i = 0; i < clean.length; i++) {
      const moved = (point[i] as number) + stepSize * (direction[i] as number);
      perturbation[i] = moved - (clean[i] as number);
    }
    this.#ball.project(perturbation, clean, epsilon);
    for (let i = 0; i < clean.length; i++) {
      const start = clean[i] as number;
      const here = point[i] as number;
      const ahead = start + (perturbation[i] as number) - here;
      const inertia = here - (previous[i] as number);
      perturbation[i] = here - start + newPart * ahead + (1 - newPart) * inertia;
    }
    this.#ball.project(perturbation, clean, epsilon);
    previous.set(point);
    displaceWithin(classifier.bounds, clean, perturbation, 1, point);
  }
}

/**
 * Numbers of steps after which progress is checked, with the steps since the check before: first 22%
 * of all steps, then each time 3% less, down to 6%.
 */
export function checkpoints(steps: number): ReadonlyMap<number, number> {
  const first = Math.max(Math.floor(0.22 * steps), 1);
  const shortest = Math.max(Math.floor(0.06 * steps), 1);
  const decrease = Math.max(Math.floor(0.03 * steps), 1);
  const result = new Map<number, number>();
  for (let interval = first, at = first; at <= steps;) {
    result.set(at, interval);
    interval = Math.max(interval - decrease, shortest);
    at += interval;
  }
  return result;
}
