import { allRows } from './active-rows.ts';
import { cosineAnnealing } from './annealing.ts';
import type { Attack, AttackContext } from './attack.ts';
import { displaceWithin } from './box.ts';
import { walkAlongGradients } from './gradient-walk.ts';
import { NearestSuccesses } from './nearest-successes.ts';
import { lengthOf } from './norms.ts';
import { crossEntropyObjective } from './objective.ts';
import { requireCount, requirePositive } from './setting-ranges.ts';
import { type Findings, discardingAttempts, runVerified } from './verification.ts';

/** Settings of the decoupling direction and norm attack. Its norm is L2. */
export interface DdnSettings {
  readonly attack: 'ddn';
  /** Number of steps. Default 100. */
  readonly steps?: number;
  /** First radius ε₀ of the sphere, in widths of the box. Default 1. */
  readonly initialRadius?: number;
  /** γ: part by which the radius grows or shrinks at each step, below 1. Default 0.05. */
  readonly radiusChange?: number;
}

/** As in the paper, and in Foolbox. */
const STEPS = 100;
const INITIAL_RADIUS = 1;
const RADIUS_CHANGE = 0.05;

/** Length α of the first and of the last step, in widths of the box. */
const FIRST_STEP = 1;
const LAST_STEP = 0.01;

/**
 * Decoupling direction and norm: the gradient decides about the direction of the perturbation, and
 * whether the last point was an adversary about its length.
 *
 * Rony et al.: Decoupling direction and norm for efficient gradient-based L2 adversarial attacks and
 * defenses (2019).
 *
 *     ε ← (1 − γ)·ε if x + δ is an adversary, (1 + γ)·ε otherwise
 *     δ ← δ + α·g / ‖g‖₂,   δ ← ε·δ / ‖δ‖₂,   clipped to the box
 *
 * @throws AttackError `attack/invalid-setting`
 */
export function ddn(settings: DdnSettings): Attack {
  const { steps = STEPS, initialRadius = INITIAL_RADIUS, radiusChange = RADIUS_CHANGE } = settings;
  requireCount('steps', steps);
  requirePositive('initialRadius', initialRadius);
  requirePositive('radiusChange', radiusChange);
  return {
    kind: 'minimum-norm',
    name: 'ddn',
    norm: 'L2',
    settings: { steps, initialRadius, radiusChange },
    run: context =>
      runVerified(context, discardingAttempts, attacked =>
        nearestOnSpheres(attacked, { steps, initialRadius, radiusChange }),
      ),
  };
}

/** The search itself: the nearest adversary that it came across, for each sample. */
export async function nearestOnSpheres(
  context: AttackContext,
  {
    steps = STEPS,
    initialRadius = INITIAL_RADIUS,
    radiusChange = RADIUS_CHANGE,
  }: Omit<DdnSettings, 'attack'>,
): Promise<Findings> {
  const { inputs, classifier, criterion, onProgress } = context;
  const { bounds } = classifier;
  const width = bounds.upper - bounds.lower;
  const nearest = new NearestSuccesses(context, 'L2');
  const points = inputs.clone();
  const radii = new Float64Array(inputs.count).fill(initialRadius * width);
  const perturbation = new Float64Array(inputs.sampleSize);

  await walkAlongGradients(context, allRows(inputs.count), {
    objective: crossEntropyObjective(criterion, classifier.classCount),
    steps,
    points,
    findings: nearest.findings,
    look: (row, logits) => {
      const isAdversary = nearest.offer(row, points.row(row), logits);
      const factor = isAdversary ? 1 - radiusChange : 1 + radiusChange;
      radii[row] = (radii[row] as number) * factor;
      return true;
    },
    move: (row, step, { gradient }) => {
      const point = points.row(row);
      const clean = inputs.row(row);
      const length =
        (width * cosineAnnealing(FIRST_STEP, LAST_STEP, step, steps)) / lengthOf(gradient, 'L2');
      for (let i = 0; i < point.length; i++) {
        const moved = (point[i] as number) + length * (gradient[i] as number);
        perturbation[i] = moved - (clean[i] as number);
      }
      const reached = lengthOf(perturbation, 'L2');
      const scale = reached === 0 ? 0 : (radii[row] as number) / reached;
      displaceWithin(bounds, clean, perturbation, scale, point);
    },
    onStep: step => onProgress?.({ completed: step, total: steps }),
  });
  return nearest.findings;
}
