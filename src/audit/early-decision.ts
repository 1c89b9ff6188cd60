import { attackNorm } from '../attacks/attack-names.ts';
import type { Requirement } from '../config/audit-config.ts';
import type { Check } from '../report/audit-report.ts';
import { confidenceSequence } from '../report/confidence-sequence.ts';
import { percent } from '../report/wording.ts';
import type { ConditionResults } from './condition-results.ts';
import { counted } from '../wording/counted.ts';

/** A requirement as a question about a chance: is it at least so much? */
interface Question {
  /** Ids of the conditions that it is about. */
  readonly conditions: readonly string[];
  readonly minimum: number;
  /** Answers of the samples in the order of the plan, up to the first that is not known. */
  readonly answers: readonly boolean[];
}

/**
 * Decides requirements while an audit runs, for those who only ask whether a model is below a
 * threshold. The answers are taken in the order of the plan, whichever piece was finished first, so
 * that stopping does not depend on what is being measured; the bounds hold at whatever time one
 * stops. A requirement that is not decided at the end stays uncertain.
 */
export class EarlyDecision {
  readonly #requirements: readonly Requirement[];
  readonly #conditions: readonly ConditionResults[];

  constructor(requirements: readonly Requirement[], conditions: readonly ConditionResults[]) {
    this.#requirements = requirements;
    this.#conditions = conditions;
  }

  /** Ids of the conditions that a requirement still waits for. */
  needed(): ReadonlySet<string> {
    const open = this.#requirements
      .map(requirement => this.#question(requirement))
      .filter(question => decide(question).verdict === undefined);
    return new Set(open.flatMap(({ conditions }) => conditions));
  }

  /** @param checks one for each requirement, in order, for their names */
  checks(checks: readonly Check[]): Check[] {
    return checks.map((check, i) => {
      const requirement = this.#requirements[i];
      if (requirement === undefined)
        throw new RangeError('There are more checks than requirements');
      const question = this.#question(requirement);
      const { lower, upper, verdict } = decide(question);
      const { minimum, answers } = question;
      if (answers.length === 0) return check;
      const base = {
        id: check.id,
        label: check.label,
        required: minimum,
        measured: answers.filter(Boolean).length / answers.length,
        lower,
        upper,
      };
      const after = `after ${counted(answers.length, 'sample')}`;
      const what =
        requirement.check === 'median-distance'
          ? ` of the distances reach ${requirement.minimum}; the median needs 50%`
          : ` is required`;
      switch (verdict) {
        case 'met':
          return {
            ...base,
            verdict: 'pass',
            explanation: `Decided ${after}: at least ${percent(lower)}${metBy(requirement, what)}.`,
          };
        case 'missed':
          return {
            ...base,
            verdict: requirement.level,
            explanation: `Decided ${after}: at most ${percent(upper)}${requirement.check === 'median-distance' ? what : `, ${percent(minimum)}${what}`}.`,
          };
        case undefined:
          return {
            ...base,
            verdict: 'warn',
            explanation: `Not decided ${after}: between ${percent(lower)} and ${percent(upper)}.`,
          };
      }
    });
  }

  #question(requirement: Requirement): Question {
    switch (requirement.check) {
      case 'clean-accuracy':
        return this.#rightUnder(['clean'], requirement.minimum);
      case 'robust-accuracy': {
        const attacks = this.#conditions.filter(({ plan }) => plan.kind === 'attack');
        const all = attacks.map(({ plan }) => plan.id);
        const { attack, minimum } = requirement;
        return this.#rightUnder(attack === undefined ? all : [attack], minimum);
      }
      case 'median-distance':
        return this.#farEnough(requirement.attack, requirement.minimum);
    }
  }

  /** Whether each sample is right under all of these conditions; one error settles it. */
  #rightUnder(ids: readonly string[], minimum: number): Question {
    const conditions = this.#named(ids);
    const answers: boolean[] = [];
    for (let position = 0; conditions.length > 0; position++) {
      const known = conditions.map(results => results.isRight(position));
      if (known.includes(false)) answers.push(false);
      else if (known.includes(undefined)) break;
      else answers.push(true);
    }
    return { conditions: ids, minimum, answers };
  }

  /** Whether the median is at least `distance`: whether half of the changes are. */
  #farEnough(id: string, distance: number): Question {
    const [results] = this.#named([id]);
    const attack = results?.plan.attack;
    if (results === undefined || attack === undefined) {
      return { conditions: [id], minimum: 0.5, answers: [] };
    }
    // The distances of an attack with a budget decide nothing: there is no need to wait for it.
    if ('epsilon' in attack.settings) return { conditions: [], minimum: 0.5, answers: [] };
    const norm = attackNorm(attack.settings);
    const answers: boolean[] = [];
    for (let position = 0; ; position++) {
      const sample = results.sample(position);
      if (sample === undefined) break;
      const { outcome } = sample;
      if (outcome === 'already-wrong' || outcome === 'not-run') continue;
      answers.push(outcome !== 'succeeded' || (sample.distance?.[norm] ?? Infinity) >= distance);
    }
    return { conditions: [id], minimum: 0.5, answers };
  }

  #named(ids: readonly string[]): readonly ConditionResults[] {
    return this.#conditions.filter(({ plan }) => ids.includes(plan.id));
  }
}

/** What has met a requirement: attacks, unless it is of clean samples. */
function metBy({ check }: Requirement, distances: string): string {
  switch (check) {
    case 'clean-accuracy':
      return '';
    case 'robust-accuracy':
      return ' against these attacks';
    case 'median-distance':
      return distances;
  }
}

function decide({ answers, minimum }: Question): {
  readonly lower: number;
  readonly upper: number;
  readonly verdict: 'met' | 'missed' | undefined;
} {
  const [lower, upper] = confidenceSequence(answers.filter(Boolean).length, answers.length);
  const verdict = lower >= minimum ? 'met' : upper < minimum ? 'missed' : undefined;
  return { lower, upper, verdict };
}
