import type { AttackConfig } from '../config/attack-config.ts';
import type { Requirement } from '../config/audit-config.ts';
import type { Check, Condition } from '../report/audit-report.ts';
import { age, distance, percentWithInterval, summaryLine } from '../report/wording.ts';
import type { AuditedModel } from './audited-models.ts';
import { checkOfRequirement, conditionOfAttack } from './matching-results.ts';
import { counted } from '../wording/counted.ts';

/** Between an icon and its text: the editor drops an ordinary space. */
const space = '\u00a0';

/**
 * One line on a model: age of the report, stale or not, accuracy clean and under each attack. What
 * is short and decides how to read the rest comes first, since a narrow window cuts the line off.
 */
export function modelTitle(model: AuditedModel, now: Date): string {
  const state = stateTitle(model, now);
  if (model.report === undefined) return state;
  const numbers = summaryLine(model.report);
  return `${state} · ${numbers === '' ? 'no results yet' : numbers}`;
}

/** As {@link modelTitle}, without the numbers. */
export function stateTitle(model: AuditedModel, now: Date): string {
  const { report, problem, configPath } = model;
  if (problem !== undefined) return `$(error)${space}${problem}`;
  if (report === undefined) {
    return configPath === undefined
      ? 'Not audited yet: there is no assay.config.json'
      : 'Not audited yet';
  }
  return [
    `Audited ${age(report.updatedAt, now)}`,
    ...(report.state === 'complete' || model.isRunning ? [] : ['incomplete']),
    ...(model.staleness === undefined ? [] : [`$(warning)${space}stale: ${model.staleness}`]),
  ].join(' · ');
}

/** What an attack did to the model, as its last audit has it; undefined when it did not run. */
export function attackTitle({ report }: AuditedModel, attack: AttackConfig): string | undefined {
  if (report === undefined) return undefined;
  const condition = conditionOfAttack(report, attack);
  if (condition === undefined) return undefined;
  return `${report.model.name}: ${describeCondition(condition)}`;
}

function describeCondition(condition: Condition): string {
  const { state, error, accuracy, attack, distance: size } = condition;
  switch (state) {
    case 'waiting':
      return 'waiting';
    case 'failed':
      return `$(error)${space}${error ?? 'failed'}`;
    case 'running':
    case 'cancelled':
    case 'finished': {
      const median =
        size !== undefined && attack?.kind === 'minimum-norm'
          ? [`median ${size.norm.replace('Linf', 'L∞')} ${distance(size.median)}`]
          : [];
      const progress =
        state === 'finished'
          ? []
          : [`${condition.finished} of ${counted(condition.total, 'sample')}`];
      return [`accuracy ${percentWithInterval(accuracy)}`, ...median, ...progress].join(' · ');
    }
  }
}

/** Whether the model meets a requirement; undefined when that was not measured. */
export function requirementTitle(
  { report }: AuditedModel,
  requirement: Requirement,
): string | undefined {
  if (report === undefined) return undefined;
  const check = checkOfRequirement(report, requirement);
  if (check === undefined) return undefined;
  return `${verdictIcons[check.verdict]}${space}${report.model.name}: ${check.explanation}`;
}

const verdictIcons: Readonly<Record<Check['verdict'], string>> = {
  pass: '$(pass)',
  warn: '$(warning)',
  fail: '$(error)',
  unknown: '$(question)',
};
