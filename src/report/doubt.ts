import type { Condition, Flag } from './audit-report.ts';

/**
 * The first error flag that keeps the accuracy under an attack from being read as robustness: one of
 * the attack itself, or one of the model, if the attack follows the model's gradients.
 */
export function doubtOf(condition: Condition, flags: readonly Flag[]): Flag | undefined {
  if (!followsGradients(condition)) return undefined;
  return flags.find(
    flag =>
      flag.severity === 'error' &&
      (flag.condition === undefined || flag.condition === condition.id),
  );
}

/** Square, or the ensemble that ends with it: what they cannot break does not hang on gradients. */
export function searchesWithoutGradients({ attack }: Condition): boolean {
  return attack?.name === 'square' || attack?.name === 'autoattack';
}

function followsGradients(condition: Condition): boolean {
  const { attack, kind } = condition;
  if (kind === 'natural') return true;
  if (attack === undefined || attack.name === 'noise' || 'madeOn' in attack.settings) return false;
  return !searchesWithoutGradients(condition);
}
