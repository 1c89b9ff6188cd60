import { attackId, attackLabel } from '../attacks/attack-names.ts';
import type { AttackSettings } from '../attacks/attack-settings.ts';
import type { AttackConfig } from '../config/attack-config.ts';
import type { ConditionKind } from '../report/audit-report.ts';
import type { AttackTarget, EvasionStep, PieceStep } from './piece.ts';

/** One condition: what the model meets, and how it is made. */
export interface PlannedCondition {
  readonly id: string;
  readonly label: string;
  readonly kind: ConditionKind;
  /** Indices in the data set, or in the source that the step names. */
  readonly indices: readonly number[];
  readonly attack:
    | {
        readonly settings: AttackSettings;
        readonly target: AttackTarget | undefined;
        /** Of an adversary who knows of the detector. */
        readonly evasion?: EvasionStep;
        /** Absolute path of the model that was attacked, where it is another one. */
        readonly madeOn?: string;
      }
    | undefined;
  /** What makes its inputs and asks the model. */
  readonly step: PieceStep;
  /** Condition that it is made from, beside the clean samples. */
  readonly basedOn?: string;
}

/** An attack of the configuration on the samples. */
export function attackCondition(
  { target, ...settings }: AttackConfig,
  indices: readonly number[],
): PlannedCondition {
  const targetId = target === undefined ? '' : `-target-${target}`;
  const targetLabel =
    target === undefined ? '' : ` → ${target === 'next' ? 'next class' : `class ${target}`}`;
  return {
    id: `${attackId(settings)}${targetId}`,
    label: `${attackLabel(settings)}${targetLabel}`,
    kind: 'attack',
    indices,
    attack: { settings, target },
    step: { kind: 'attack', settings, target },
  };
}
