import { Batch } from '../arrays/batch.ts';
import { logitCombination } from '../model/losses.ts';
import { allRows, gatherInto } from './active-rows.ts';
import type { Attack, AttackContext, Norm } from './attack.ts';
import { candidateClasses, candidateMinusRival, rivalClass } from './class-candidates.ts';
import { HyperplaneStep } from './hyperplane.ts';
import { NearestSuccesses } from './nearest-successes.ts';
import { distanceBetween, lengthOf } from './norms.ts';
import { requireAtLeast, requireCount } from './setting-ranges.ts';
import { isUsableGradient } from './steepest-ascent.ts';
import { type Findings, discardingAttempts, runVerified } from './verification.ts';

/** Settings of the targeted fast adaptive boundary attack. */
export interface FabSettings {
  readonly attack: 'fab';
  readonly norm: Norm;
  /** Steps for each class that is aimed at. Default 100. */
  readonly steps?: number;
  /** How many classes are aimed at, the likeliest first. Default 9. */
  readonly targets?: number;
}

/** As in AutoAttack (fra31/auto-attack). */
const STEPS = 100;
const TARGETS = 9;

/** α_max: how much of each step starts from the clean input. */
const LARGEST_PULL = 0.1;
/** η: overshoot beyond the linearised boundary. */
const OVERSHOOT = 1.05;
/** β: part of the perturbation that is kept when stepping back from an adversary. */
const STEP_BACK = 0.9;

/**
 * Fast adaptive boundary attack, targeted at one class after another (FAB-T): walks along the
 * boundary towards the clean input, by shortest steps onto its linearisation inside the box.
 *
 * Croce, Hein: Minimally distorted adversarial examples with a fast adaptive boundary attack (2020).
 *
 *     d₁, d₂ = shortest steps from x, x₀ onto the linearised boundary {z_t = z_y}
 *     α = min(‖d₁‖ / (‖d₁‖ + ‖d₂‖), α_max)
 *     x ← clip((1 − α)·(x + η·d₁) + α·(x₀ + η·d₂)),   then x ← x₀ + β·(x − x₀) if x is an adversary
 *
 * With a targeted criterion its target is the only t, and y is whichever other class is the likeliest
 * at the moment.
 *
 * @throws AttackError `attack/invalid-setting`
 */
export function fab(settings: FabSettings): Attack {
  const resolved = resolve(settings);
  return {
    kind: 'minimum-norm',
    name: 'fab',
    norm: resolved.norm,
    settings: resolved,
    run: context =>
      runVerified(context, discardingAttempts, attacked => walkBoundaries(attacked, resolved, 0)),
  };
}

/**
 * FAB-T as an attack with a fixed budget, as AutoAttack uses it: only adversaries within epsilon
 * count, and a sample is done with its first.
 *
 * @throws AttackError `attack/invalid-setting`
 */
export function fabWithin(settings: FabSettings, epsilon: number): Attack {
  const resolved = resolve(settings);
  requireAtLeast('epsilon', epsilon, 0);
  return {
    kind: 'fixed-budget',
    name: 'fab',
    norm: resolved.norm,
    settings: { ...resolved, epsilon },
    run: context =>
      runVerified(context, discardingAttempts, async attacked => {
        const { inputs } = attacked;
        const findings = await walkBoundaries(attacked, resolved, epsilon);
        for (const row of allRows(inputs.count)) {
          const candidate = findings.candidates.row(row);
          const distance = distanceBetween(inputs.row(row), candidate, resolved.norm);
          if (distance <= epsilon) continue;
          candidate.set(inputs.row(row));
          findings.seenSuccess[row] = 0;
        }
        return findings;
      }),
  };
}

function resolve({ norm, steps = STEPS, targets = TARGETS }: FabSettings): Resolved {
  requireCount('steps', steps);
  requireCount('targets', targets);
  return { norm, steps, targets };
}

type Resolved = Required<Omit<FabSettings, 'attack'>>;

/**
 * @param nearEnough a sample whose adversary is as near as this takes no part in further classes
 */
async function walkBoundaries(
  context: AttackContext,
  { norm, steps, targets }: Resolved,
  nearEnough: number,
): Promise<Findings> {
  const { inputs, classifier, criterion, onProgress } = context;
  const nearest = new NearestSuccesses(context, norm);
  const cleanLogits = await classifier.logits(inputs);
  const candidates = candidateClasses(criterion, cleanLogits, targets);
  const classes = [...(candidates[0] as Int32Array).keys()];
  const total = classes.length * steps;
  for (const nth of classes) {
    const walk = new BoundaryWalk(
      context,
      norm,
      nearest,
      row => candidates[row]?.[nth] as number,
      cleanLogits,
    );
    const rows = allRows(inputs.count);
    let active: readonly number[] = rows.filter(
      row => (nearest.distances[row] as number) > nearEnough,
    );
    for (let step = 1; step <= steps && active.length > 0; step++) {
      active = (await walk.step(active)).filter(
        row => (nearest.distances[row] as number) > nearEnough,
      );
      onProgress?.({ completed: nth * steps + step, total });
    }
  }
  return nearest.findings;
}

/** One walk of each sample along its boundary to one class. */
class BoundaryWalk {
  readonly #context: AttackContext;
  readonly #norm: Norm;
  readonly #nearest: NearestSuccesses;
  readonly #targetOf: (row: number) => number;
  readonly #rivals: Int32Array;
  readonly #hyperplane: HyperplaneStep;
  readonly #points: Batch;
  readonly #gathered: Batch;
  readonly #fromPoint: Float64Array;
  readonly #fromClean: Float64Array;

  constructor(
    context: AttackContext,
    norm: Norm,
    nearest: NearestSuccesses,
    targetOf: (row: number) => number,
    cleanLogits: Batch,
  ) {
    const { inputs, classifier } = context;
    this.#context = context;
    this.#norm = norm;
    this.#nearest = nearest;
    this.#targetOf = targetOf;
    this.#hyperplane = new HyperplaneStep(norm, classifier.bounds, inputs.sampleSize);
    this.#rivals = Int32Array.from(allRows(inputs.count), row =>
      rivalClass(context.criterion, row, cleanLogits.row(row)),
    );
    this.#points = inputs.clone();
    this.#gathered = Batch.zeros(inputs.count, inputs.shape);
    this.#fromPoint = new Float64Array(inputs.sampleSize);
    this.#fromClean = new Float64Array(inputs.sampleSize);
  }

  /** One step of the samples at `active`; returns those that go on. */
  async step(active: readonly number[]): Promise<readonly number[]> {
    const { classifier, criterion, signal } = this.#context;
    const { findings } = this.#nearest;
    signal?.throwIfAborted();
    const { losses, gradient } = await classifier.lossGradient(
      logitCombination,
      gatherInto(this.#gathered, this.#points, active),
      [candidateMinusRival(active, this.#targetOf, this.#rivals, classifier.classCount)],
    );
    const moved = active.filter((row, position) => {
      findings.steps[row] = (findings.steps[row] as number) + 1;
      if (isUsableGradient(gradient.row(position))) {
        this.#move(row, gradient.row(position), losses[position] as number);
        return true;
      }
      findings.gradientUnavailable[row] = 1;
      return false;
    });
    const logits = await classifier.logits(gatherInto(this.#gathered, this.#points, moved));
    moved.forEach((row, position) => {
      const point = this.#points.row(row);
      this.#rivals[row] = rivalClass(criterion, row, logits.row(position));
      if (this.#nearest.offer(row, point, logits.row(position))) this.#stepBack(row, point);
    });
    return moved;
  }

  /**
   * @param slope gradient of z_target − z_rival at the point of the sample
   * @param value z_target − z_rival there
   */
  #move(row: number, slope: Float32Array, value: number): void {
    const { inputs, classifier } = this.#context;
    const { lower, upper } = classifier.bounds;
    const point = this.#points.row(row);
    const clean = inputs.row(row);
    let cleanValue = value;
    for (let i = 0; i < point.length; i++) {
      cleanValue += (slope[i] as number) * ((clean[i] as number) - (point[i] as number));
    }
    this.#hyperplane.write(point, slope, value, this.#fromPoint);
    this.#hyperplane.write(clean, slope, cleanValue, this.#fromClean);

    const pointDistance = lengthOf(this.#fromPoint, this.#norm);
    const cleanDistance = lengthOf(this.#fromClean, this.#norm);
    const both = pointDistance + cleanDistance;
    const pull = both === 0 ? 0 : Math.min(pointDistance / both, LARGEST_PULL);
    for (let i = 0; i < point.length; i++) {
      const free = (point[i] as number) + OVERSHOOT * (this.#fromPoint[i] as number);
      const pulled = (clean[i] as number) + OVERSHOOT * (this.#fromClean[i] as number);
      point[i] = Math.min(Math.max((1 - pull) * free + pull * pulled, lower), upper);
    }
  }

  #stepBack(row: number, point: Float32Array): void {
    const clean = this.#context.inputs.row(row);
    for (let i = 0; i < point.length; i++) {
      const start = clean[i] as number;
      point[i] = start + STEP_BACK * ((point[i] as number) - start);
    }
  }
}
