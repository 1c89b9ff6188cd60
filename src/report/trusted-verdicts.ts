import type { Requirement } from '../config/audit-config.ts';
import type { Check, Condition, Flag } from './audit-report.ts';
import { doubtOf, doubtOfSuite } from './doubt.ts';

/** What verdicts rest on. */
export interface TrustEvidence {
  readonly conditions: readonly Condition[];
  readonly flags: readonly Flag[];
  /** What makes attacks too weak to tell of robustness, as a clause, by id of the condition. */
  readonly weaknesses: ReadonlyMap<string, string>;
}

/**
 * Takes back verdicts that rest on attacks which an error flag says cannot be believed: a model must
 * not pass because its gradients vanished or were wrong. Such a requirement is not measured; one that
 * is missed stays missed, since what an attack did find is real. Square named by itself keeps its
 * verdict, and where it stands in for the doubtful attacks, the worst case does too, unless the
 * gradients of the model as such are wrong or missing, the model draws random numbers, or no attack is
 * strong enough.
 *
 * A requirement on an attack that is weak by itself is met in the letter only: a warning, which says
 * so.
 *
 * @param checks one for each requirement, in order
 */
export function trustedVerdicts(
  checks: readonly Check[],
  requirements: readonly Requirement[],
  evidence: TrustEvidence,
): Check[] {
  return checks.map((check, position) => {
    const requirement = requirements[position];
    if (requirement === undefined) throw new RangeError('There are more checks than requirements');
    if (check.verdict === 'fail' || check.verdict === 'unknown' || isMissed(check)) return check;
    const doubt = doubtOfRequirement(requirement, evidence);
    if (doubt === undefined) return warnOfWeakness(check, requirement, evidence);
    return {
      ...check,
      verdict: 'unknown',
      explanation: `Not to be relied upon. ${doubt.message} ${doubt.remedy}`,
    };
  });
}

function warnOfWeakness(
  check: Check,
  requirement: Requirement,
  { weaknesses }: TrustEvidence,
): Check {
  if (requirement.check === 'clean-accuracy' || requirement.attack === undefined) return check;
  const weakness = weaknesses.get(requirement.attack);
  if (weakness === undefined || check.verdict !== 'pass') return check;
  return {
    ...check,
    verdict: 'warn',
    explanation: `${check.explanation} That says little of robustness: ${weakness}.`,
  };
}

/** Whether a requirement of level `warn` is below its minimum. */
function isMissed({ measured, required, verdict }: Check): boolean {
  return verdict === 'warn' && measured !== null && measured < required;
}

/** The first flag that makes a requirement meaningless. */
function doubtOfRequirement(
  requirement: Requirement,
  { conditions, flags }: TrustEvidence,
): Flag | undefined {
  if (requirement.check === 'clean-accuracy') return undefined;
  const { attack } = requirement;
  if (attack === undefined) {
    return doubtOfSuite(
      conditions.filter(({ kind }) => kind === 'attack'),
      flags,
    );
  }
  return conditions
    .filter(({ id }) => id === attack)
    .map(condition => doubtOf(condition, flags))
    .find(flag => flag !== undefined);
}
