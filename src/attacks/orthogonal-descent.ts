import type { Batch } from '../arrays/batch.ts';
import { cosineAnnealing } from './annealing.ts';
import type { AttackContext, AttackResult, Norm } from './attack.ts';
import { BallStep } from './ball-step.ts';
import { isMet, isSafelyMet } from './criterion.ts';
import { distanceBetween } from './norms.ts';
import { marginObjective, objectiveGradient } from './objective.ts';
import { isUsableGradient } from './steepest-ascent.ts';

/** What a detector makes of inputs, higher for what it would flag, and its gradient by each input. */
export interface DetectorScores {
  readonly scores: Float32Array;
  readonly gradient: Batch;
}

/** How an adversary goes unnoticed. */
export interface DescentPlan {
  readonly norm: Norm;
  /** Radius of the ball in input units; left out, each adversary stays as near as it is. */
  readonly epsilon?: number;
  readonly steps: number;
  /** Asks the detector. */
  readonly detector: (inputs: Batch) => Promise<DetectorScores>;
}

/** Part of the steps that first lead away from the boundary, where detectors of doubt are surest. */
const DEEPENING = 0.2;
/** Length of the first and of the last step, as parts of the radius. */
const FIRST_STEP = 0.2;
const LAST_STEP = 0.002;

/**
 * Lowers what a detector says of successes that an attack has found, and keeps them successes:
 * projected gradient descent on the score, in turn without the part of the direction that would lose
 * the margin and as it is (orthogonal and selective PGD of Bryniarski et al. 2021, "Evading adversarial
 * example detection defenses with orthogonal projected gradient descent", arXiv:2106.15023). The first
 * gets far along the boundary, the second near it where the score is lower there; a point that has
 * crossed it goes back by the gradient of the margin. Of all points on the way, the first included, the
 * one of the lowest score that still succeeds is kept.
 *
 * @param context the model as it is, which decides about success, and what was attacked
 * @param found what the attack has found; samples without a success stay as they are
 */
export async function descendUnnoticed(
  context: AttackContext,
  found: AttackResult,
  plan: DescentPlan,
): Promise<AttackResult> {
  const rows = found.outcomes.flatMap((outcome, row) => (outcome === 'succeeded' ? [row] : []));
  if (rows.length === 0 || plan.steps === 0) return found;
  const best = await new Descent(context, found, rows, plan).run();
  const logits = await context.classifier.logits(best);
  const result = {
    ...found,
    adversaries: found.adversaries.clone(),
    logits: found.logits.clone(),
    steps: found.steps.slice(),
  };
  rows.forEach((row, position) => {
    result.steps[row] = (found.steps[row] as number) + plan.steps;
    if (!isMet(context.criterion, row, logits.row(position))) return;
    result.adversaries.row(row).set(best.row(position));
    result.logits.row(row).set(logits.row(position));
  });
  return result;
}

/** The walks of all successes, side by side. */
class Descent {
  readonly #context: AttackContext;
  readonly #plan: DescentPlan;
  readonly #rows: readonly number[];
  readonly #points: Batch;
  readonly #best: Batch;
  readonly #bestScores: Float64Array;
  readonly #radii: readonly number[];
  readonly #step: BallStep;
  readonly #direction: Float64Array;

  constructor(
    context: AttackContext,
    found: AttackResult,
    rows: readonly number[],
    plan: DescentPlan,
  ) {
    const { inputs, classifier } = context;
    this.#context = context;
    this.#plan = plan;
    this.#rows = rows;
    this.#points = found.adversaries.gather(rows);
    this.#best = this.#points.clone();
    this.#bestScores = new Float64Array(rows.length).fill(Infinity);
    this.#radii = rows.map(
      row =>
        plan.epsilon ?? distanceBetween(inputs.row(row), found.adversaries.row(row), plan.norm),
    );
    this.#step = new BallStep(plan.norm, classifier.bounds, inputs.sampleSize);
    this.#direction = new Float64Array(inputs.sampleSize);
  }

  /** @returns for each success the input of the lowest score, or what it was */
  async run(): Promise<Batch> {
    const { classifier, criterion, signal, onProgress } = this.#context;
    const { steps, detector } = this.#plan;
    const objective = marginObjective(criterion, classifier.classCount);
    for (let step = 1; step <= steps + 1; step++) {
      signal?.throwIfAborted();
      const points = this.#points;
      const margin = await objectiveGradient(classifier, objective, points, this.#rows);
      const { scores, gradient } = await detector(points);
      this.#rows.forEach((row, position) => {
        const fools = isSafelyMet(criterion, row, margin.logits.row(position));
        if (fools) this.#keepIfLower(position, scores[position] as number);
        if (step > steps) return;
        if (!fools || step <= DEEPENING * steps) {
          this.#aimDeeper(margin.gradient.row(position), objective.direction);
        } else {
          this.#aimLower(gradient.row(position));
          if (step % 2 === 0) this.#spare(margin.gradient.row(position), objective.direction);
        }
        if (isUsableGradient(this.#direction)) this.#move(position, step);
      });
      onProgress?.({ completed: Math.min(step, steps), total: steps });
    }
    return this.#best;
  }

  #keepIfLower(position: number, score: number): void {
    if (!(score < (this.#bestScores[position] as number))) return;
    this.#bestScores[position] = score;
    this.#best.row(position).set(this.#points.row(position));
  }

  /** Towards a larger margin. */
  #aimDeeper(margin: Float32Array, sign: 1 | -1): void {
    for (let i = 0; i < margin.length; i++) this.#direction[i] = sign * (margin[i] as number);
  }

  /** Down the score. */
  #aimLower(score: Float32Array): void {
    for (let i = 0; i < score.length; i++) this.#direction[i] = -(score[i] as number);
  }

  /** Takes out of the direction what would lose margin. */
  #spare(margin: Float32Array, sign: 1 | -1): void {
    const direction = this.#direction;
    let [along, squares] = [0, 0];
    for (let i = 0; i < direction.length; i++) {
      const uphill = sign * (margin[i] as number);
      along += (direction[i] as number) * uphill;
      squares += uphill * uphill;
    }
    if (along >= 0 || squares === 0) return;
    for (let i = 0; i < direction.length; i++) {
      direction[i] = (direction[i] as number) - (along / squares) * sign * (margin[i] as number);
    }
  }

  #move(position: number, step: number): void {
    const { steps } = this.#plan;
    const { inputs } = this.#context;
    const point = this.#points.row(position);
    const clean = inputs.row(this.#rows[position] as number);
    const radius = this.#radii[position] as number;
    const length = radius * cosineAnnealing(FIRST_STEP, LAST_STEP, step, steps);
    this.#step.take(point, this.#direction, length, clean, radius);
  }
}
