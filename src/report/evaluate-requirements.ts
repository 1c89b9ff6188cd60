import type { Requirement } from '../config/audit-config.ts';
import type { Check, Condition, Proportion } from './audit-report.ts';
import { proportion } from './statistics.ts';
import { distance, percent } from './wording.ts';

/** What a requirement is held against. */
export interface Measured {
  readonly conditions: readonly Condition[];
  /**
   * Samples still right under every attack (the worst case for each sample), or undefined while an
   * attack is not finished.
   */
  readonly worstCase: Proportion | undefined;
  /** Interval of the median distance by condition id; null is +∞. */
  readonly medianIntervals: ReadonlyMap<string, readonly [number | null, number | null]>;
}

/**
 * Holds each requirement against what was measured. A requirement is met when the whole 95%
 * interval is above it, missed when the value is below it, and in between it is a warning: the
 * sample is too small to tell.
 */
export function evaluateRequirements(
  requirements: readonly Requirement[],
  measured: Measured,
): Check[] {
  return requirements.map(requirement => {
    const missing = missingAttack(requirement, measured);
    if (missing !== undefined) return missing;
    switch (requirement.check) {
      case 'clean-accuracy':
        return checkProportion(
          requirement,
          'clean-accuracy',
          'Accuracy on clean samples',
          finished(measured, 'clean')?.accuracy,
        );
      case 'robust-accuracy': {
        const { attack } = requirement;
        return attack === undefined
          ? checkProportion(
              requirement,
              'robust-accuracy',
              'Accuracy under the worst attack for each sample',
              measured.worstCase,
            )
          : checkProportion(
              requirement,
              `robust-accuracy:${attack}`,
              `Accuracy under ${labelOf(measured, attack)}`,
              finished(measured, attack)?.accuracy,
            );
      }
      case 'median-distance':
        return checkMedian(requirement, measured);
    }
  });
}

/** The check of a requirement that names an attack which the audit does not have. */
function missingAttack(requirement: Requirement, { conditions }: Measured): Check | undefined {
  if (requirement.check === 'clean-accuracy') return undefined;
  const { check, attack, minimum } = requirement;
  if (attack === undefined || conditions.some(({ id }) => id === attack)) return undefined;
  const attacks = conditions.filter(({ kind }) => kind === 'attack').map(({ id }) => id);
  const known = attacks.length === 0 ? 'It has none.' : `It has ${attacks.join(', ')}.`;
  return unknown(
    `${check}:${attack}`,
    attack,
    minimum,
    `Not measured: the audit has no attack "${attack}". ${known}`,
  );
}

function finished({ conditions }: Measured, id: string): Condition | undefined {
  return conditions.find(condition => condition.id === id && condition.state === 'finished');
}

/**
 * Whether an attack has an ε. Its successes lie at ε even where a smaller change would do, and what
 * it leaves right may break just beyond, so a median over them is no distance to an error.
 */
function hasBudget({ conditions }: Measured, id: string): boolean {
  return conditions.find(condition => condition.id === id)?.attack?.kind === 'fixed-budget';
}

function labelOf({ conditions }: Measured, id: string): string {
  return conditions.find(condition => condition.id === id)?.label ?? id;
}

/**
 * Attacks find what they find: what they leave right is no more than an upper bound of what every attack
 * would leave, and the interval is that of the samples alone (Carlini et al. 2019).
 */
const againstThese = ' against these attacks,';

function checkProportion(
  {
    check,
    minimum,
    level,
  }: { check: Requirement['check']; minimum: number; level: 'fail' | 'warn' },
  id: string,
  label: string,
  measured: Proportion | null | undefined,
): Check {
  const { value, lower, upper } = measured ?? proportion(0, 0);
  if (value === null) return unknown(id, label, minimum);
  const base = { id, label, required: minimum, measured: value, lower, upper };
  if (lower >= minimum) {
    return {
      ...base,
      verdict: 'pass',
      explanation: `At least ${percent(lower)}${check === 'clean-accuracy' ? '' : againstThese} with 95% confidence.`,
    };
  }
  if (value >= minimum) {
    return {
      ...base,
      verdict: 'warn',
      explanation: `${percent(value)} meets ${percent(minimum)}, but the interval starts at ${percent(lower)}: audit more samples to tell.`,
    };
  }
  return {
    ...base,
    verdict: level,
    explanation: `${percent(value)} is below the required ${percent(minimum)}.`,
  };
}

function checkMedian(
  { attack, minimum, level }: { attack: string; minimum: number; level: 'fail' | 'warn' },
  measured: Measured,
): Check {
  const condition = finished(measured, attack);
  const id = `median-distance:${attack}`;
  const label = `Median perturbation of ${labelOf(measured, attack)}`;
  if (hasBudget(measured, attack)) {
    return unknown(
      id,
      label,
      minimum,
      `Not measured: ${labelOf(measured, attack)} uses up its ε and does not look for the smallest change. Name carlini-wagner, ddn, fmn, deepfool or fab, or require robust accuracy.`,
    );
  }
  const value = condition?.distance?.median;
  if (value === undefined) return unknown(id, label, minimum);
  const [lower, upper] = measured.medianIntervals.get(attack) ?? [0, null];
  const base = { id, label, required: minimum, measured: value, lower, upper };
  const size = (bound: number | null) => bound ?? Infinity;
  if (size(lower) >= minimum) {
    return {
      ...base,
      verdict: 'pass',
      explanation: `At least ${distance(lower)} as this attack finds it, with 95% confidence.`,
    };
  }
  if (size(value) >= minimum) {
    return {
      ...base,
      verdict: 'warn',
      explanation: `${distance(value)} meets ${distance(minimum)}, but the interval starts at ${distance(lower)}: audit more samples to tell.`,
    };
  }
  return {
    ...base,
    verdict: level,
    explanation: `${distance(value)} is below the required ${distance(minimum)}.`,
  };
}

function unknown(
  id: string,
  label: string,
  required: number,
  explanation = 'Not measured: the condition has not finished.',
): Check {
  return {
    id,
    label,
    verdict: 'unknown',
    required,
    measured: null,
    lower: null,
    upper: null,
    explanation,
  };
}
