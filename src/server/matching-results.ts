import type { AttackConfig } from '../config/attack-config.ts';
import type { Requirement } from '../config/audit-config.ts';
import type { AuditReport, Check, Condition } from '../report/audit-report.ts';

/**
 * The condition of a report in which this attack ran, with all of its settings; undefined when it
 * ran with others, or not at all. The position in the list says nothing: the file may be in the
 * middle of being edited.
 */
export function conditionOfAttack(
  { conditions }: AuditReport,
  attack: AttackConfig,
): Condition | undefined {
  return conditions.find(condition => ranAs(condition, attack));
}

function ranAs({ attack: ran }: Condition, { attack: name, ...wanted }: AttackConfig): boolean {
  if (ran?.name !== name) return false;
  const settings: Readonly<Record<string, unknown>> = { target: undefined, ...ran.settings };
  const all = { target: undefined, ...wanted };
  return Object.entries(all).every(([key, value]) =>
    key === 'norm' ? ran.norm === value : settings[key] === value,
  );
}

/** The check of a report that measured this requirement. */
export function checkOfRequirement(
  { checks }: AuditReport,
  requirement: Requirement,
): Check | undefined {
  const attack = 'attack' in requirement ? requirement.attack : undefined;
  const id = attack === undefined ? requirement.check : `${requirement.check}:${attack}`;
  return checks.find(check => check.id === id && check.required === requirement.minimum);
}
