import type { Batch } from '../arrays/batch.ts';
import { sameLogits } from '../model/pass-difference.ts';
import type { AttackOutcome } from './attack.ts';
import { attackSuccess, robustAccuracy } from './robust-accuracy.ts';
import { counted } from '../wording/counted.ts';

/** Names of the findings, stable: reports and documentation refer to them. */
export type SanityFlagId =
  | 'gradient-unavailable'
  | 'single-step-stronger'
  | 'non-monotone'
  | 'unbounded-fails'
  | 'blackbox-stronger'
  | 'noise-stronger'
  | 'smaller-changes-known'
  | 'not-converged'
  | 'lost-success'
  | 'noisy-landscape'
  | 'stochastic-model'
  | 'probabilities-as-logits'
  | 'non-finite-logits';

/** A reason to trust a number less, and what to do about it. */
export interface SanityFlag {
  readonly id: SanityFlagId;
  readonly severity: 'warning' | 'error';
  /** What was seen and what it means. */
  readonly message: string;
  /** One sentence in the imperative. */
  readonly remedy: string;
}

/** One attack as the checks see it. All runs that are compared are of the same samples, in order. */
export interface SanityRun {
  /** As the report calls the attack. */
  readonly label: string;
  readonly outcomes: readonly AttackOutcome[];
}

/** Part of all samples by which a black box may be ahead (AutoAttack's check_square_sr). */
const BLACK_BOX_LEAD = 0.002;
/** Part of the attacked samples by which success may grow when the steps are doubled. */
const CONVERGENCE_TOLERANCE = 0.01;
/** Part by which the median of the sizes may shrink when the steps are doubled. */
const DISTANCE_TOLERANCE = 0.05;
/**
 * Passes that attacks must average for their result to be read as robustness of a model that draws
 * random numbers: as many as AutoAttack takes for such models (Croce, Hein 2020, version `rand`).
 */
const TELLING_PASSES = 20;
/** Mean relative change of the log-odds by tiny noise, beyond the slope, above which the landscape is called noisy. */
const NOISE_TOLERANCE = 0.1;
/** How far the sum of probabilities in float32 may be from 1. */
const SUM_TOLERANCE = 1e-4;

/** Some samples had no gradient to follow: their survival is no evidence of robustness. */
export function checkGradients({ label, outcomes }: SanityRun): SanityFlag | undefined {
  const blind = outcomes.filter(outcome => outcome === 'gradient-unavailable').length;
  if (blind === 0) return undefined;
  const { total } = attackSuccess(outcomes);
  return {
    id: 'gradient-unavailable',
    severity: 'error',
    message: `${label} found gradients of zeros, or that are not finite, on ${blind} of ${counted(total, 'attacked sample')}. To stand without a gradient says nothing about robustness.`,
    remedy:
      'Look for rounding, saturation or NaN in the model, and add Square with 1000 queries or more, which needs no gradients.',
  };
}

/** One step of the same size must not fool more than many: then the many lose their way. */
export function checkSingleStep(single: SanityRun, many: SanityRun): SanityFlag | undefined {
  const [one, more] = [successes(single), successes(many)];
  if (one <= more) return undefined;
  return {
    id: 'single-step-stronger',
    severity: 'warning',
    message: `${single.label} fools ${counted(one, 'sample')}, but ${many.label} only ${more} at the same size. Many steps cannot be weaker than one unless gradients mislead.`,
    remedy: 'Add restarts and Square, and do not read the result as robustness.',
  };
}

/** A larger ball contains the smaller one, so success cannot fall as it grows. */
export function checkMonotone(runsByEpsilon: readonly SanityRun[]): SanityFlag | undefined {
  for (const [position, larger] of runsByEpsilon.entries()) {
    const smaller = runsByEpsilon[position - 1];
    if (smaller === undefined || successes(larger) >= successes(smaller)) continue;
    return {
      id: 'non-monotone',
      severity: 'warning',
      message: `${smaller.label} fools ${counted(successes(smaller), 'sample')}, but ${larger.label} only ${successes(larger)} in a larger ball.`,
      remedy: 'Give the attack more steps and restarts at the larger size.',
    };
  }
  return undefined;
}

/**
 * With the whole box allowed, every classifier can be brought down to guessing; an attack that cannot
 * is broken.
 */
export function checkUnbounded(
  { label, outcomes }: SanityRun,
  classCount: number,
): SanityFlag | undefined {
  const { count, total } = robustAccuracy(outcomes);
  if (count <= total / classCount) return undefined;
  return {
    id: 'unbounded-fails',
    severity: 'error',
    message: `${label} may change inputs without limit, and still the model answers ${count} of ${counted(total, 'sample')} correctly, more than by guessing.`,
    remedy:
      'Treat every robust accuracy of this audit as unknown until the gradients are understood.',
  };
}

/** A search without gradients must not break what attacks with gradients could not. */
export function checkBlackBox(
  whiteBoxes: readonly SanityRun[],
  blackBox: SanityRun,
): SanityFlag | undefined {
  const extra = onlyBrokenBy(blackBox, whiteBoxes);
  if (extra <= BLACK_BOX_LEAD * blackBox.outcomes.length) return undefined;
  return {
    id: 'blackbox-stronger',
    severity: 'error',
    message: `${blackBox.label}, which sees no gradients, breaks ${counted(extra, 'sample')} that no attack with gradients broke. Gradients are probably masked.`,
    remedy: 'Trust the black box, and look for what hides the gradients.',
  };
}

/** Nor may random noise of the same size. */
export function checkNoise(
  whiteBoxes: readonly SanityRun[],
  noise: SanityRun,
): SanityFlag | undefined {
  const extra = onlyBrokenBy(noise, whiteBoxes);
  if (extra === 0) return undefined;
  return {
    id: 'noise-stronger',
    severity: 'error',
    message: `${noise.label} breaks ${counted(extra, 'sample')} that no attack with gradients broke.`,
    remedy:
      'Do not read the result as robustness: check the gradients and the bounds of the input.',
  };
}

/**
 * An attack that finds its successes late has probably not found them all.
 *
 * @param late samples that fell in the second half of the steps
 */
export function checkLateSuccesses(
  { label, outcomes }: SanityRun,
  late: number,
): SanityFlag | undefined {
  if (late < 2 || late <= CONVERGENCE_TOLERANCE * attackSuccess(outcomes).total) return undefined;
  return {
    id: 'not-converged',
    severity: 'warning',
    message: `${label} fools ${counted(late, 'sample')} only in the second half of its steps: with more of them it would probably fool more.`,
    remedy: 'Raise the number of steps or restarts until the result stays.',
  };
}

/**
 * A search for the smallest change that finds much smaller ones with twice the steps is not done.
 *
 * @param sizes of the changes that it found on a few samples, +∞ where it found none
 * @param doubled the same samples with twice the steps
 */
export function checkSmallestChange(
  label: string,
  sizes: readonly number[],
  doubled: readonly number[],
): SanityFlag | undefined {
  const gains = sizes.map((size, i) => gain(size, doubled[i] as number)).sort((a, b) => a - b);
  const middle = gains[Math.floor((gains.length - 1) / 2)] ?? 0;
  if (middle <= DISTANCE_TOLERANCE) return undefined;
  return {
    id: 'not-converged',
    severity: 'warning',
    message: Number.isFinite(middle)
      ? `${label} finds changes that are ${Math.round(100 * middle)}% smaller when its steps are doubled.`
      : `${label} finds changes where it found none when its steps are doubled.`,
    remedy: 'Raise the number of steps until the distances stay.',
  };
}

/** Part by which the second size is smaller; infinite where the first is. */
function gain(size: number, doubled: number): number {
  if (size === doubled) return 0;
  return Number.isFinite(size) ? (size - doubled) / size : Infinity;
}

/** An attack that still gains when its steps are doubled has not shown what it can do. */
export function checkConvergence(run: SanityRun, doubled: SanityRun): SanityFlag | undefined {
  const gain = successes(doubled) - successes(run);
  if (gain <= CONVERGENCE_TOLERANCE * attackSuccess(run.outcomes).total) return undefined;
  return {
    id: 'not-converged',
    severity: 'warning',
    message: `${run.label} fools ${counted(gain, 'more sample')} when its steps are doubled.`,
    remedy: 'Raise the number of steps until the result stays.',
  };
}

/**
 * What succeeded on the way has to succeed when it is looked at again.
 *
 * @param lost 1 for each sample whose success was not confirmed, `AttackResult.lostSuccess`
 */
export function checkLostSuccess(label: string, lost: Uint8Array): SanityFlag | undefined {
  const count = lost.filter(value => value === 1).length;
  if (count === 0) return undefined;
  return {
    id: 'lost-success',
    severity: 'warning',
    message: `${label} saw ${counted(count, 'success', 'successes')} that a second forward pass on the same inputs did not confirm.`,
    remedy:
      'Look for randomness in the model; the true robust accuracy is lower than the one shown.',
  };
}

/** @param changes mean relative change of each sample's log-odds, from `landscapeNoise` */
export function checkLandscape(changes: Float64Array): SanityFlag | undefined {
  const mean = changes.reduce((sum, change) => sum + change, 0) / Math.max(changes.length, 1);
  if (!(mean > NOISE_TOLERANCE)) return undefined;
  return {
    id: 'noisy-landscape',
    severity: 'warning',
    message: `Noise too small to see changes the log-odds by ${Math.round(100 * mean)}% on average beyond what gradients foretell: they tell little about the surroundings of a sample.`,
    remedy: 'Average gradients over several passes, and add Square.',
  };
}

/**
 * Two passes over the same inputs have to agree. Where they do not, an attack that follows one draw, or
 * the mean of a few, is misled by chance: what it leaves standing is no evidence of robustness.
 *
 * @param largest difference of a logit between them
 * @param averagedPasses passes whose mean the attacks follow
 */
export function checkDeterminism(largest: number, averagedPasses: number): SanityFlag | undefined {
  if (largest <= sameLogits) return undefined;
  const seen = `Two passes over the same inputs differ by up to ${largest.toPrecision(2)} logits: the model draws random numbers`;
  if (averagedPasses >= TELLING_PASSES) {
    return {
      id: 'stochastic-model',
      severity: 'warning',
      message: `${seen}. Its attacks follow the mean of ${averagedPasses} passes, which does not rule out that more would break more.`,
      remedy: 'Raise "averagedPasses" until the robust accuracy stays.',
    };
  }
  const few = averagedPasses === 1 ? 'one draw alone' : `the mean of only ${averagedPasses} passes`;
  return {
    id: 'stochastic-model',
    severity: 'error',
    message: `${seen}, and attacks that follow ${few} say little of its robustness.`,
    remedy: `Attack the mean of many passes: set "averagedPasses" to ${TELLING_PASSES} or more (expectation over transformation).`,
  };
}

/**
 * A model without an answer to a sample is wrong on it, and its gradients there are of no use.
 *
 * @param label of the condition
 * @param unanswered samples by index in the data set
 * @param total samples of the condition
 */
export function checkAnswers(
  label: string,
  unanswered: readonly number[],
  total: number,
): SanityFlag | undefined {
  const count = unanswered.length;
  if (count === 0) return undefined;
  const shown = unanswered.slice(0, 3).join(', ') + (count > 3 ? ', …' : '');
  return {
    id: 'non-finite-logits',
    severity: 'error',
    message: `${label}: the model gives no answer to ${count} of ${counted(total, 'sample')} (${shown}), since logits are infinite or not numbers. They count as wrong.`,
    remedy:
      'Look for a division by zero, a logarithm of zero or an overflow in the model, and check the range of its input.',
  };
}

/** Outputs that are never negative and sum to 1 have been through a softmax already. */
export function checkLogits(logits: Batch): SanityFlag | undefined {
  for (let row = 0; row < logits.count; row++) {
    const outputs = logits.row(row);
    const sum = outputs.reduce((total, value) => total + value, 0);
    if (outputs.some(value => !(value >= 0)) || Math.abs(sum - 1) > SUM_TOLERANCE) return undefined;
  }
  if (logits.count === 0) return undefined;
  return {
    id: 'probabilities-as-logits',
    severity: 'error',
    message:
      'The outputs taken for logits are probabilities. Their gradients vanish where the model is sure.',
    remedy: 'Name the output before the softmax in the configuration.',
  };
}

function successes({ outcomes }: SanityRun): number {
  return attackSuccess(outcomes).count;
}

/** Samples that fell to `run` and to none of the others. */
function onlyBrokenBy(run: SanityRun, others: readonly SanityRun[]): number {
  return run.outcomes.filter(
    (outcome, row) =>
      outcome === 'succeeded' && others.every(other => other.outcomes[row] !== 'succeeded'),
  ).length;
}
