import { type AttackConfig, type Requirement } from '../config/audit-config.ts';
import { type Check, type Condition } from '../report/audit-report.ts';
import { age, distance, percentWithInterval, summaryLine } from '../report/wording.ts';
import { type AuditedModel } from './audited-models.ts';
import { checkOfRequirement, conditionOfAttack } from './matching-results.ts';

/** One line on a model: accuracy clean and under attack, age of the report, stale or not. */
export function modelTitle(model: AuditedModel, now: Date): string {
  const { report, problem, configPath } = model;
  if (problem !== undefined) return `$(error) ${problem}`;
  if (report === undefined) {
    return configPath === undefined
      ? 'Not audited yet: there is no assay.config.json'
      : 'Not audited yet';
  }
  const line = summaryLine(report);
  const parts = [
    line === '' ? 'No results yet' : line,
    ...(report.state === 'complete' || model.isRunning ? [] : ['incomplete']),
    `audited ${age(report.updatedAt, now)}`,
    ...(model.staleness === undefined ? [] : [`$(warning) stale: ${model.staleness}`]),
  ];
  return parts.join(' · ');
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
      return `$(error) ${error ?? 'failed'}`;
    case 'running':
    case 'cancelled':
    case 'finished': {
      const median =
        size !== undefined && attack?.kind === 'minimum-norm'
          ? [`median ${size.norm.replace('Linf', 'L∞')} ${distance(size.median)}`]
          : [];
      const progress =
        state === 'finished' ? [] : [`${condition.finished} of ${condition.total} samples`];
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
  return `${verdictIcons[check.verdict]} ${report.model.name}: ${check.explanation}`;
}

const verdictIcons: Readonly<Record<Check['verdict'], string>> = {
  pass: '$(pass)',
  warn: '$(warning)',
  fail: '$(error)',
  unknown: '$(question)',
};
