import { createAttack } from '../attacks/create-attack.ts';
import type { ResolvedConfig } from '../config/resolve-config.ts';
import type { Condition } from '../report/audit-report.ts';
import { portablePath } from '../report/report-files.ts';
import type { PlannedCondition } from './planned-condition.ts';

/** What the report says of an attack: what it is, and every setting that its numbers depend on. */
export function attackRecord(
  attack: NonNullable<PlannedCondition['attack']>,
  { folder, config: { averagedPasses } }: ResolvedConfig,
): NonNullable<Condition['attack']> {
  const { name, kind, norm, settings } = createAttack(attack.settings);
  const { target, evasion, madeOn } = attack;
  const further = {
    ...(target === undefined ? {} : { target }),
    ...(evasion === undefined
      ? {}
      : {
          evasionWeight: evasion.weight,
          evasionPasses: evasion.passes,
          evasionSteps: evasion.steps,
        }),
    ...(madeOn === undefined ? {} : { madeOn: portablePath(folder, madeOn) }),
    ...(averagedPasses === 1 ? {} : { averagedPasses }),
  };
  return { name, kind, norm, settings: { ...settings, ...further } };
}
