import type { Criterion } from '../attacks/attack.ts';
import type { AttackTarget } from './piece.ts';

/**
 * When an attack on samples has succeeded: as soon as the model is wrong, or once it names the target.
 * A targeted attack never aims at the label itself: there it takes the class after it.
 */
export function attackCriterion(
  labels: Int32Array,
  target: AttackTarget | undefined,
  classCount: number,
): Criterion {
  if (target === undefined) return { kind: 'misclassified', labels };
  const targets = labels.map(label =>
    target === 'next' || target === label ? (label + 1) % classCount : target,
  );
  return { kind: 'classified-as', labels, targets };
}
