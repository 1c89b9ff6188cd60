import { allRows } from './active-rows.ts';
import { cosineAnnealing } from './annealing.ts';
import type { Attack, AttackContext, Norm } from './attack.ts';
import { BallInBox } from './ball.ts';
import { displaceWithin } from './box.ts';
import { walkAlongGradients } from './gradient-walk.ts';
import { NearestSuccesses } from './nearest-successes.ts';
import { distanceBetween, dualNorm, lengthOf } from './norms.ts';
import { marginObjective } from './objective.ts';
import { requireCount, requirePositive } from './setting-ranges.ts';
import { type Findings, discardingAttempts, runVerified } from './verification.ts';

/** Settings of the fast minimum-norm attack. */
export interface FmnSettings {
  readonly attack: 'fmn';
  readonly norm: Norm;
  /** Number of steps. Default 100. */
  readonly steps?: number;
  /** Length of the first step (in L2), in widths of the box. Default 1. */
  readonly firstStep?: number;
  /** γ: part by which the radius changes at the first step, below 1. Default 0.05. */
  readonly radiusChange?: number;
}

/** As in the paper, and in Foolbox. */
const STEPS = 100;
const FIRST_STEP = 1;
const RADIUS_CHANGE = 0.05;

/** What step and change of the radius come down to one step after the last: the step as a part of the first. */
const LAST_STEP = 0.01;
const LAST_RADIUS_CHANGE = 0.001;

/**
 * Fast minimum-norm attack: DDN for every norm. Until the first adversary the radius is a little
 * beyond where the linearised margin m(x) = z_y − max_{i≠y} z_i vanishes; from then on it breathes by
 * a shrinking γ.
 *
 * Pintor, Roli, Brendel, Biggio: Fast minimum-norm adversarial attacks through adaptive norm
 * constraints (2021).
 *
 *     ε ← min((1 − γ)·ε, ‖δ*‖_p)        if x + δ is an adversary, δ* the nearest so far
 *     ε ← (1 + γ)·ε                     if it is not, but one was seen
 *     ε ← ‖δ‖_p + max(γ·‖δ‖_p, (1 + γ)·m / ‖∇m‖_q)       otherwise
 *     δ ← P_ε(δ + α·g / ‖g‖₂)           P onto ball and box
 *
 * The paper has ε ← ‖δ‖_p + m / ‖∇m‖_q in the third case: on a model that is linear the points then come
 * nearer and nearer to the boundary and never cross it, since the box holds some numbers back. But for that,
 * all points in L∞ are those of Foolbox 3.3.4, whose annealing this is.
 *
 * @throws AttackError `attack/invalid-setting`
 */
export function fmn(settings: FmnSettings): Attack {
  const { norm, steps = STEPS, firstStep = FIRST_STEP, radiusChange = RADIUS_CHANGE } = settings;
  requireCount('steps', steps);
  requirePositive('firstStep', firstStep);
  requirePositive('radiusChange', radiusChange);
  return {
    kind: 'minimum-norm',
    name: 'fmn',
    norm,
    settings: { norm, steps, firstStep, radiusChange },
    run: context =>
      runVerified(context, discardingAttempts, attacked =>
        searchBalls(attacked, { norm, steps, firstStep, radiusChange }),
      ),
  };
}

type Resolved = Required<Omit<FmnSettings, 'attack'>>;

async function searchBalls(context: AttackContext, settings: Resolved): Promise<Findings> {
  const { norm, steps, firstStep, radiusChange } = settings;
  const { inputs, classifier, criterion, onProgress } = context;
  const { bounds } = classifier;
  const width = bounds.upper - bounds.lower;
  const nearest = new NearestSuccesses(context, norm);
  const points = inputs.clone();
  const radii = new Float64Array(inputs.count).fill(Infinity);
  const isAdversary = new Uint8Array(inputs.count);
  const ball = new BallInBox(norm, bounds, inputs.sampleSize);
  const perturbation = new Float64Array(inputs.sampleSize);

  const updateRadius = (row: number, step: number, linearDistance: number): number => {
    const change = cosineAnnealing(radiusChange, LAST_RADIUS_CHANGE, step, steps + 1);
    const radius = radii[row] as number;
    const best = nearest.distances[row] as number;
    if (isAdversary[row]) return Math.min(radius * (1 - change), best);
    if (best < Infinity) return radius * (1 + change);
    const travelled = distanceBetween(inputs.row(row), points.row(row), norm);
    return travelled + Math.max(travelled * change, linearDistance * (1 + change));
  };

  await walkAlongGradients(context, allRows(inputs.count), {
    objective: marginObjective(criterion, classifier.classCount),
    steps,
    points,
    findings: nearest.findings,
    look: (row, logits) => {
      isAdversary[row] = nearest.offer(row, points.row(row), logits) ? 1 : 0;
      return true;
    },
    move: (row, step, { gradient, value }) => {
      const point = points.row(row);
      const clean = inputs.row(row);
      const radius = updateRadius(row, step, -value / lengthOf(gradient, dualNorm(norm)));
      radii[row] = radius;
      const length =
        (width * cosineAnnealing(firstStep, firstStep * LAST_STEP, step, steps + 1)) /
        lengthOf(gradient, 'L2');
      for (let i = 0; i < point.length; i++) {
        const moved = (point[i] as number) + length * (gradient[i] as number);
        perturbation[i] = moved - (clean[i] as number);
      }
      ball.project(perturbation, clean, radius);
      displaceWithin(bounds, clean, perturbation, 1, point);
    },
    onStep: step => onProgress?.({ completed: step, total: steps }),
  });
  return nearest.findings;
}
