import type { Requirement } from '../config/audit-config.ts';
import type { Check, Condition, Flag } from './audit-report.ts';

/** What verdicts rest on. */
export interface TrustEvidence {
  readonly conditions: readonly Condition[];
  readonly flags: readonly Flag[];
}

/**
 * Takes back verdicts that rest on attacks which an error flag says cannot be believed: a model must
 * not pass because its gradients vanished or were wrong. Such a requirement is not measured; one that
 * is missed stays missed, since what an attack did find is real. Attacks that follow no gradient of the
 * model keep their verdicts, and so does the worst case of a suite that has Square among them.
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
    const doubt = doubtOf(requirement, evidence);
    if (doubt === undefined) return check;
    return {
      ...check,
      verdict: 'unknown',
      explanation: `Not to be relied upon. ${doubt.message} ${doubt.remedy}`,
    };
  });
}

/** Whether a requirement of level `warn` is below its minimum. */
function isMissed({ measured, required, verdict }: Check): boolean {
  return verdict === 'warn' && measured !== null && measured < required;
}

/** The first flag that makes a requirement meaningless. */
function doubtOf(requirement: Requirement, { conditions, flags }: TrustEvidence): Flag | undefined {
  if (requirement.check === 'clean-accuracy') return undefined;
  const attacks = conditions.filter(({ id, kind }) =>
    requirement.attack === undefined
      ? kind === 'attack'
      : id === requirement.attack && (kind === 'attack' || kind === 'natural'),
  );
  if (attacks.length === 0) return undefined;
  const blind = attacks.filter(attack => !followsGradients(attack));
  // Square decides the worst case where gradients do not: noise and other models are too weak for it.
  const isDecided =
    requirement.attack === undefined ? blind.some(searchesWithoutGradients) : blind.length > 0;
  if (isDecided) return undefined;
  const ids = new Set(attacks.map(({ id }) => id));
  return flags.find(
    ({ severity, condition }) =>
      severity === 'error' && (condition === undefined || ids.has(condition)),
  );
}

function followsGradients(condition: Condition): boolean {
  const { attack } = condition;
  if (attack === undefined || attack.name === 'noise' || 'madeOn' in attack.settings) return false;
  return !searchesWithoutGradients(condition);
}

/** Square, or the ensemble that ends with it. */
function searchesWithoutGradients({ attack }: Condition): boolean {
  return attack?.name === 'square' || attack?.name === 'autoattack';
}
