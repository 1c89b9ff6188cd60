import type { Batch } from '../arrays/batch.ts';
import { negativeMargin } from '../model/losses.ts';
import { allRows } from './active-rows.ts';
import type { AttackContext } from './attack.ts';
import { nearestOnSpheres } from './ddn.ts';
import { oneHotReferences } from './objective.ts';

/** Where the attack of Carlini and Wagner starts when it is not to start from the clean inputs. */
export interface WarmStart {
  /** Adversaries near the clean inputs; the clean input itself where none was found. */
  readonly points: Batch;
  /** First constant c of each sample, for distances in widths of the box. */
  readonly constants: Float64Array;
  /** Steps that each sample took. */
  readonly steps: Int32Array;
}

/**
 * How far above the multiplier the first constant lies. The hinge is an exact penalty: every constant
 * above the multiplier has the same minimum, one below has none near the boundary. Twice it, and the
 * second constant of the bisection is the multiplier itself.
 */
const ABOVE_MULTIPLIER = 2;

/**
 * Finds adversaries by DDN, and from each the constant that suits it.
 *
 * Carlini and Wagner start their L0 and L∞ attacks from what the search before has found (2017, VI-B
 * and VI-C: a warm start); here it is the L2 attack, and the search before is that of Rony et al. (2019).
 *
 * At the nearest adversary x + δ the gradient of the whole loss is zero, 2δ + c·∇f = 0 wherever x + δ
 * is off the bounds. That gives c, the Lagrange multiplier of the boundary: c = 2·‖δ‖² / |⟨δ, ∇f⟩|.
 *
 * @param steps of DDN
 * @param fallbackConstant where no adversary was found
 */
export async function warmStart(
  context: AttackContext,
  steps: number,
  fallbackConstant: number,
): Promise<WarmStart> {
  const { inputs, classifier, criterion } = context;
  const { lower, upper } = classifier.bounds;
  const found = await nearestOnSpheres(context, { steps });
  const rows = allRows(inputs.count);
  const { gradient } = await classifier.lossGradient(negativeMargin, found.candidates, [
    oneHotReferences(criterion, rows, classifier.classCount),
  ]);
  const constants = Float64Array.from(rows, row => {
    const [clean, point] = [inputs.row(row), found.candidates.row(row)];
    const multiplier = multiplierOf(clean, point, gradient.row(row), upper - lower);
    return multiplier === undefined ? fallbackConstant : ABOVE_MULTIPLIER * multiplier;
  });
  return { points: found.candidates, constants, steps: found.steps };
}

/** Undefined where the input has not moved, or not along the gradient. */
function multiplierOf(
  clean: Float32Array,
  point: Float32Array,
  gradient: Float32Array,
  width: number,
): number | undefined {
  let square = 0;
  let along = 0;
  for (let i = 0; i < clean.length; i++) {
    const change = (point[i] as number) - (clean[i] as number);
    square += change * change;
    along += change * (gradient[i] as number);
  }
  const multiplier = (2 * square) / (width * width * Math.abs(along));
  return Number.isFinite(multiplier) && multiplier > 0 ? multiplier : undefined;
}
