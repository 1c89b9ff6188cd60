import { basename, dirname, resolve } from 'node:path';
import { attackNorm } from '../attacks/attack-names.ts';
import type { ConditionConfig } from '../config/condition-config.ts';
import type { Severity } from '../data/corruption.ts';
import { Random } from '../random/random.ts';
import { AuditError } from './audit-error.ts';
import { attackCondition, type PlannedCondition } from './planned-condition.ts';
import type { AuditSubject, SubjectRecord } from './subject.ts';

/** What further conditions are laid out from. */
export interface ConditionBasis {
  readonly samples: readonly number[];
  readonly attacks: readonly PlannedCondition[];
  readonly record: SubjectRecord;
  readonly subject: AuditSubject;
}

/** A condition that a model cannot be put under. */
export interface SkippedCondition {
  readonly label: string;
  readonly reason: string;
  readonly remedy: string;
}

export interface FurtherConditions {
  readonly conditions: readonly PlannedCondition[];
  readonly skipped: readonly SkippedCondition[];
}

/**
 * The conditions beside clean samples and attacks. Without any in the configuration each attack gets
 * its control, noise of the same size, where samples are scored.
 *
 * @throws AuditError `audit/unknown-attack`
 */
export function furtherConditions(
  configured: readonly ConditionConfig[] | undefined,
  basis: ConditionBasis,
): FurtherConditions {
  const standard: readonly ConditionConfig[] = basis.record.scored
    ? [{ condition: 'matched-noise' }]
    : [];
  const laidOut = (configured ?? standard).flatMap(condition => layOut(condition, basis));
  return {
    conditions: laidOut.filter(condition => 'id' in condition),
    skipped: laidOut.filter(condition => 'reason' in condition),
  };
}

function layOut(
  condition: ConditionConfig,
  basis: ConditionBasis,
): (PlannedCondition | SkippedCondition)[] {
  switch (condition.condition) {
    case 'matched-noise':
      return matchedAttacks(condition.attack, basis).map(attack => control(attack, basis));
    case 'corruption': {
      const { corruption, severity } = condition;
      const settings = { corruption, severity: severity as Severity };
      const words = corruption.replace('-', ' ');
      return [
        {
          id: `${corruption}-${severity}`,
          label: `${words.charAt(0).toUpperCase()}${words.slice(1)}, severity ${severity}`,
          kind: 'corruption',
          indices: basis.samples,
          attack: undefined,
          step: { kind: 'corrupt', settings },
        },
      ];
    }
    case 'out-of-distribution': {
      const { name } = condition;
      return [
        {
          id: `outside-${name.toLowerCase().replaceAll(' ', '-')}`,
          label: name,
          kind: 'out-of-distribution',
          indices: outsideIndices(name, basis),
          attack: undefined,
          step: { kind: 'outside', source: name },
        },
      ];
    }
    case 'evasion':
      return [evasion(condition, basis)];
    case 'transfer':
      return [transfer(condition, basis)];
  }
}

function transfer(
  { from, attack }: Extract<ConditionConfig, { condition: 'transfer' }>,
  { samples, subject }: ConditionBasis,
): PlannedCondition | SkippedCondition {
  const plain = attackCondition(attack, samples);
  const path = resolve(subject.folder, from);
  const name = basename(dirname(path));
  const label = `${plain.label} from ${name}`;
  if (path === subject.modelPath) {
    return {
      label,
      reason: 'It is this model itself.',
      remedy: 'Nothing needs to be done: the condition is for the other models.',
    };
  }
  if (plain.attack === undefined) throw new RangeError(`${plain.id} is no attack`);
  return {
    ...plain,
    id: `transfer-${name}-${plain.id}`,
    label,
    attack: { ...plain.attack, madeOn: path },
    step: { kind: 'transfer', ...plain.attack, from },
  };
}

/** The attack of an id, or all of them. */
function matchedAttacks(
  id: string | undefined,
  { attacks }: ConditionBasis,
): readonly PlannedCondition[] {
  // Noise is no attack that needs a control.
  if (id === undefined) return attacks.filter(({ attack }) => attack?.settings.attack !== 'noise');
  const found = attacks.filter(attack => attack.id === id);
  if (found.length > 0) return found;
  throw new AuditError('audit/unknown-attack', `There is no attack "${id}" to match noise with.`, {
    remedy: `Name one of these: ${attacks.map(attack => attack.id).join(', ')}.`,
  });
}

function control(
  { id, label, attack }: PlannedCondition,
  { samples }: ConditionBasis,
): PlannedCondition {
  if (attack === undefined) throw new RangeError(`${id} is no attack`);
  return {
    id: `noise-like-${id}`,
    label: `Noise as large as ${label}`,
    kind: 'control',
    indices: samples,
    attack: undefined,
    step: { kind: 'match-noise', norm: attackNorm(attack.settings) },
    basedOn: id,
  };
}

/** As many as are audited, chosen by the seed. */
function outsideIndices(
  name: string,
  { samples, record, subject }: ConditionBasis,
): readonly number[] {
  const source = record.outside.find(candidate => candidate.name === name);
  if (source === undefined) throw new RangeError(`the source ${name} was not opened`);
  const random = new Random(subject.seed, ['outside-selection', source.fingerprint]);
  return [...random.permutation(source.count).subarray(0, samples.length)];
}

/** An adversary who knows of the posterior, where there is one. */
function evasion(
  { attack, weight, passes, steps }: Extract<ConditionConfig, { condition: 'evasion' }>,
  { samples, record }: ConditionBasis,
): PlannedCondition | SkippedCondition {
  const plain = attackCondition(attack, samples);
  const { posterior } = record;
  const label = `${plain.label}, evading the detector (λ=${weight})`;
  if (!posterior.applicable) return { label, ...posterior };
  if (plain.attack === undefined) throw new RangeError(`${plain.id} is no attack`);
  const { settings, target } = plain.attack;
  // The members of an ensemble are all the passes that there are.
  const all = posterior.method === 'ensemble' ? posterior.passes : passes;
  const known = { weight, passes: all, steps };
  return {
    ...plain,
    id: `evasive-${weight}-${plain.id}`,
    label,
    attack: { settings, target, evasion: known },
    step: { kind: 'evade', settings, target, evasion: known },
  };
}
