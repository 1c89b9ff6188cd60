import { apgd } from './apgd.ts';
import type { Attack } from './attack.ts';
import { runEnsemble } from './ensemble.ts';
import { fabWithin } from './fab.ts';
import { requireAtLeast } from './setting-ranges.ts';
import { square } from './square.ts';

/** Settings of AutoAttack, version `standard`. Everything else is fixed: that is its point. */
export interface AutoAttackSettings {
  readonly attack: 'autoattack';
  readonly norm: 'Linf' | 'L2';
  /** Radius of the ball, in input units, at least 0. */
  readonly epsilon: number;
}

/**
 * AutoAttack: APGD on the cross-entropy, APGD towards nine classes, FAB-T towards nine classes,
 * Square with 5000 queries; each on the samples that still stand.
 *
 * Croce, Hein: Reliable evaluation of adversarial robustness with an ensemble of diverse
 * parameter-free attacks (2020); version `standard` of fra31/auto-attack.
 *
 * @throws AttackError `attack/invalid-setting`
 */
export function autoAttack(settings: AutoAttackSettings): Attack {
  const { norm, epsilon } = settings;
  requireAtLeast('epsilon', epsilon, 0);
  const stages = autoAttackStages(settings);
  return {
    kind: 'fixed-budget',
    name: 'autoattack',
    norm,
    settings: { norm, epsilon, version: 'standard', stages: stages.map(describeStage).join('; ') },
    run: async context => (await runEnsemble(stages, context)).result,
  };
}

/** The attacks of AutoAttack in their order, for an ensemble that is to be stopped and resumed. */
export function autoAttackStages({ norm, epsilon }: AutoAttackSettings): readonly Attack[] {
  return [
    apgd({ attack: 'apgd', norm, epsilon, loss: 'cross-entropy' }),
    apgd({ attack: 'apgd', norm, epsilon, loss: 'targeted-dlr' }),
    fabWithin({ attack: 'fab', norm }, epsilon),
    square({ attack: 'square', norm, epsilon }),
  ];
}

function describeStage({ name, settings }: Attack): string {
  const shown = Object.entries(settings).filter(([key]) => key !== 'norm' && key !== 'epsilon');
  return `${name} (${shown.map(([key, value]) => `${key} ${value}`).join(', ')})`;
}
