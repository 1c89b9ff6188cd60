import { differenceOfLogitsRatio, targetedDifferenceOfLogitsRatio } from '../model/losses.ts';
import { Random } from '../random/random.ts';
import { allRows } from './active-rows.ts';
import type { Attack, AttackContext } from './attack.ts';
import { AutoStep } from './auto-step.ts';
import { drawFromBall } from './ball.ts';
import { displaceWithin } from './box.ts';
import { candidateClasses } from './class-candidates.ts';
import { leaveOnSuccess, walkAlongGradients } from './gradient-walk.ts';
import { lengthOf } from './norms.ts';
import { crossEntropyObjective, oneHot, type Objective, referenceObjective } from './objective.ts';
import { requireAtLeast, requireCount } from './setting-ranges.ts';
import { type Findings, noFindings, keepingAttempts, runVerified } from './verification.ts';

/**
 * What APGD raises. `cross-entropy`: with the label. `dlr`: the difference of logits ratio, which does
 * not change with the scale of the logits. `targeted-dlr`: the ratio towards one other class after
 * another.
 */
export type ApgdLoss = 'cross-entropy' | 'dlr' | 'targeted-dlr';

/** Settings of Auto-PGD. */
export interface ApgdSettings {
  readonly attack: 'apgd';
  readonly norm: 'Linf' | 'L2';
  /** Radius of the ball, in input units, at least 0. */
  readonly epsilon: number;
  readonly loss: ApgdLoss;
  /** Number of steps of one run. Default 100. */
  readonly steps?: number;
  /** How many runs (for each target), each from another random start. Default 1. */
  readonly restarts?: number;
  /** With `targeted-dlr`: how many classes are aimed at, the likeliest first. Default 9. */
  readonly targets?: number;
}

/** As in AutoAttack (fra31/auto-attack). */
const STEPS = 100;
const TARGETS = 9;

/**
 * Auto-PGD: projected gradient ascent with momentum, whose step size halves by itself for each
 * sample when progress stalls, and which then goes on from the best point.
 *
 * Croce, Hein: Reliable evaluation of adversarial robustness with an ensemble of diverse
 * parameter-free attacks (2020).
 *
 * @throws AttackError `attack/invalid-setting`
 */
export function apgd(settings: ApgdSettings): Attack {
  const { norm, epsilon, loss, steps = STEPS, restarts = 1, targets = TARGETS } = settings;
  requireAtLeast('epsilon', epsilon, 0);
  requireCount('steps', steps);
  requireCount('restarts', restarts);
  requireCount('targets', targets);
  const resolved = { norm, epsilon, loss, steps, restarts, targets };
  return {
    kind: 'fixed-budget',
    name: 'apgd',
    norm,
    settings: {
      norm,
      epsilon,
      loss,
      steps,
      restarts,
      ...(loss === 'targeted-dlr' ? { targets } : {}),
    },
    run: context =>
      runVerified(context, keepingAttempts, attacked => ascendAll(attacked, resolved)),
  };
}

type Resolved = Required<Omit<ApgdSettings, 'attack'>>;

/** One run for each objective and restart, on the samples that are still standing. */
async function ascendAll(context: AttackContext, settings: Resolved): Promise<Findings> {
  const { inputs, criterion, onProgress } = context;
  const { steps, restarts } = settings;
  const findings = noFindings(inputs);
  const points = findings.candidates;
  const objectives = await objectivesOf(context, settings);
  const total = objectives.length * restarts * steps;
  let completed = 0;
  let standing = allRows(inputs.count);
  for (const [nth, objective] of objectives.entries()) {
    for (let restart = 0; restart < restarts && standing.length > 0; restart++) {
      const run = nth * restarts + restart;
      for (const row of standing) drawStart(context, settings, run, row, points.row(row));
      const ascent = new AutoStep(context, settings, points);
      const succeeded = new Set<number>();
      const before = completed;
      await walkAlongGradients(context, standing, {
        objective,
        steps,
        points,
        findings,
        look: leaveOnSuccess(criterion, findings, succeeded),
        move: (row, step, evaluation) => ascent.take(row, step, evaluation),
        onStep: step => onProgress?.({ completed: before + step, total }),
      });
      completed += steps;
      standing = standing.filter(row => !succeeded.has(row));
    }
  }
  return findings;
}

/** What is raised, one after another. */
async function objectivesOf(
  { classifier, inputs, criterion }: AttackContext,
  { loss, targets }: Resolved,
): Promise<readonly Objective[]> {
  const { classCount } = classifier;
  switch (loss) {
    case 'cross-entropy':
      return [crossEntropyObjective(criterion, classCount)];
    case 'dlr':
      return [referenceObjective(differenceOfLogitsRatio, criterion, classCount)];
    case 'targeted-dlr': {
      const candidates = candidateClasses(criterion, await classifier.logits(inputs), targets);
      const count = candidates[0]?.length ?? 0;
      return Array.from({ length: count }, (_, nth) => ({
        loss: targetedDifferenceOfLogitsRatio,
        direction: 1,
        parameters: rows => [
          oneHot(rows, row => criterion.labels[row] as number, classCount),
          oneHot(rows, row => candidates[row]?.[nth] as number, classCount),
        ],
      }));
    }
  }
}

/** Puts the point of a sample somewhere on the sphere of radius ε, clipped to the box. */
function drawStart(
  { inputs, classifier, seed, sampleIndices }: AttackContext,
  { norm, epsilon, loss }: Resolved,
  run: number,
  row: number,
  point: Float32Array,
): void {
  const random = new Random(seed, ['apgd start', loss, sampleIndices[row] as number, run]);
  const perturbation = new Float64Array(point.length);
  drawFromBall(random, norm, 1, perturbation);
  const scale = epsilon / lengthOf(perturbation, norm);
  displaceWithin(classifier.bounds, inputs.row(row), perturbation, scale, point);
}
