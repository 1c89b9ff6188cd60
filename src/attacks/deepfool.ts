import { Batch } from '../arrays/batch.ts';
import { logitCombination } from '../model/losses.ts';
import { allRows, gatherInto } from './active-rows.ts';
import type { Attack, AttackContext } from './attack.ts';
import { displaceWithin } from './box.ts';
import { candidateClasses, candidateMinusRival, rivalClass } from './class-candidates.ts';
import { NearestSuccesses } from './nearest-successes.ts';
import { dualNorm, lengthOf } from './norms.ts';
import { requireAtLeast, requireCount } from './setting-ranges.ts';
import { isUsableGradient, steepestAscent } from './steepest-ascent.ts';
import { type Findings, discardingAttempts, runVerified } from './verification.ts';

/** Settings of DeepFool. */
export interface DeepFoolSettings {
  readonly attack: 'deepfool';
  readonly norm: 'L2' | 'Linf';
  /** Number of steps at most. Default 50. */
  readonly steps?: number;
  /** Part by which the sum of all steps is lengthened, so that it ends beyond the boundary. Default 0.02. */
  readonly overshoot?: number;
  /** How many classes besides the label are considered, the likeliest first. Default 9. */
  readonly candidates?: number;
}

/** As in the paper; candidates as in Foolbox, whose 10 count the label too. */
const STEPS = 50;
const OVERSHOOT = 0.02;
const CANDIDATES = 9;

/** Added to the distance of each step, as a part of the width of the box, as in Foolbox. */
const EXTRA_DISTANCE = 1e-4;

/**
 * DeepFool: steps to the nearest of the linearised boundaries to other classes, until one is crossed.
 *
 * Moosavi-Dezfooli, Fawzi, Frossard: DeepFool: a simple and accurate method to fool deep neural
 * networks (2016).
 *
 *     w_k = ∇z_k − ∇z_y,  f_k = z_k − z_y,  k = argmin |f_k| / ‖w_k‖_q
 *     r ← r + (|f_k| / ‖w_k‖_q) · steepest_p(w_k),   x = clip(x₀ + (1 + overshoot)·r)
 *
 * Targeted, the target is the only k, and y is whichever other class is the likeliest at the moment.
 *
 * @throws AttackError `attack/invalid-setting`
 */
export function deepFool(settings: DeepFoolSettings): Attack {
  const { norm, steps = STEPS, overshoot = OVERSHOOT, candidates = CANDIDATES } = settings;
  requireCount('steps', steps);
  requireAtLeast('overshoot', overshoot, 0);
  requireCount('candidates', candidates);
  const resolved = { norm, steps, overshoot, candidates };
  return {
    kind: 'minimum-norm',
    name: 'deepfool',
    norm,
    settings: resolved,
    run: context =>
      runVerified(context, discardingAttempts, attacked => crossBoundaries(attacked, resolved)),
  };
}

type Resolved = Required<Omit<DeepFoolSettings, 'attack'>>;

/** The nearest linearised boundary of one sample. */
interface Boundary {
  distance: number;
  /** Towards the boundary, of length 1. */
  readonly direction: Float64Array;
}

async function crossBoundaries(context: AttackContext, settings: Resolved): Promise<Findings> {
  const { inputs, classifier, criterion, signal, onProgress } = context;
  const { norm, steps, overshoot } = settings;
  const { bounds } = classifier;
  const rows = allRows(inputs.count);
  const nearest = new NearestSuccesses(context, norm);
  const { findings } = nearest;
  const points = inputs.clone();
  const gathered = Batch.zeros(inputs.count, inputs.shape);
  const sums = rows.map(() => new Float64Array(inputs.sampleSize));
  const boundaries = rows.map((): Boundary => ({
    distance: Infinity,
    direction: new Float64Array(inputs.sampleSize),
  }));
  const cleanLogits = await classifier.logits(inputs);
  const candidates = candidateClasses(criterion, cleanLogits, settings.candidates);
  const rivals = Int32Array.from(rows, row => rivalClass(criterion, row, cleanLogits.row(row)));
  const extraDistance = EXTRA_DISTANCE * (bounds.upper - bounds.lower);

  const findBoundaries = async (active: readonly number[], nth: number): Promise<void> => {
    signal?.throwIfAborted();
    const candidateOf = (row: number): number => candidates[row]?.[nth] as number;
    const { losses, gradient } = await classifier.lossGradient(
      logitCombination,
      gatherInto(gathered, points, active),
      [candidateMinusRival(active, candidateOf, rivals, classifier.classCount)],
    );
    active.forEach((row, position) => {
      findings.steps[row] = (findings.steps[row] as number) + 1;
      const slope = gradient.row(position);
      if (!isUsableGradient(slope)) return;
      const distance = Math.abs(losses[position] as number) / lengthOf(slope, dualNorm(norm));
      const boundary = boundaries[row] as Boundary;
      if (distance >= boundary.distance) return;
      boundary.distance = distance;
      steepestAscent(slope, norm, boundary.direction);
    });
  };

  const stepAcross = (row: number): boolean => {
    const { distance, direction } = boundaries[row] as Boundary;
    if (distance === Infinity) {
      findings.gradientUnavailable[row] = 1;
      return false;
    }
    const sum = sums[row] as Float64Array;
    for (let i = 0; i < sum.length; i++) {
      sum[i] = (sum[i] as number) + (distance + extraDistance) * (direction[i] as number);
    }
    displaceWithin(bounds, inputs.row(row), sum, 1 + overshoot, points.row(row));
    return true;
  };

  let active: readonly number[] = rows;
  for (let step = 1; step <= steps && active.length > 0; step++) {
    for (const row of active) (boundaries[row] as Boundary).distance = Infinity;
    for (const nth of (candidates[0] as Int32Array).keys()) await findBoundaries(active, nth);
    active = active.filter(stepAcross);
    const logits = await classifier.logits(gatherInto(gathered, points, active));
    active = active.filter((row, position) => {
      rivals[row] = rivalClass(criterion, row, logits.row(position));
      return !nearest.offer(row, points.row(row), logits.row(position));
    });
    onProgress?.({ completed: step, total: steps });
  }
  return findings;
}
