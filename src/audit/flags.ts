import { checkDeterminism } from '../attacks/sanity-checks.ts';
import type { Flag, GradientCheckRecord } from '../report/audit-report.ts';
import { checkAttacks } from './attack-sanity.ts';
import type { ConditionResults } from './condition-results.ts';
import type { SkippedCondition } from './further-conditions.ts';
import { checkTrust } from './model-sanity.ts';
import type { ProbeResult } from './probes.ts';
import { checkSearches } from './search-sanity.ts';
import { checkSuite, lostSearches } from './weak-suite.ts';
import { counted } from '../wording/counted.ts';

/** What the flags are raised from. */
export interface FlagEvidence {
  readonly conditions: readonly ConditionResults[];
  readonly gradientCheck: GradientCheckRecord | null;
  readonly probes: readonly ProbeResult[];
  readonly classCount: number;
  /** Passes whose mean attacks follow. */
  readonly averagedPasses: number;
  /** What makes attacks too weak to tell of robustness, by id of the condition. */
  readonly weaknesses: ReadonlyMap<string, string>;
  readonly samples: number;
  readonly baselineSamples: number;
  readonly skipped: readonly SkippedCondition[];
  /** Raised where samples are there more than once. */
  readonly copied: readonly Flag[];
}

/**
 * Findings that make a number less trustworthy, printed beside it: a model must never be called
 * robust because its gradients vanished or were wrong.
 */
export function raiseFlags({
  conditions,
  gradientCheck,
  probes,
  classCount,
  averagedPasses,
  weaknesses,
  samples,
  baselineSamples,
  skipped,
  copied,
}: FlagEvidence): Flag[] {
  const plans = conditions.map(({ plan }) => plan);
  const randomness = checkDeterminism(passDifference(gradientCheck, probes), averagedPasses);
  const weakSuite = checkSuite(
    plans,
    randomness === undefined ? weaknesses : new Map([...lostSearches(plans), ...weaknesses]),
  );
  return [
    ...(randomness === undefined ? [] : [randomness]),
    ...gradientFlags(gradientCheck),
    ...checkTrust({ conditions, probes, classCount }),
    ...checkAttacks(conditions),
    ...checkSearches({ conditions, classCount, weaknesses }),
    ...(weakSuite === undefined ? [] : [weakSuite]),
    ...skipped.map(({ label, reason, remedy }) => ({
      id: 'condition-skipped',
      severity: 'info' as const,
      message: `${label} was left out. ${reason}`,
      remedy,
    })),
    ...copied,
    ...(baselineSamples >= samples
      ? []
      : [
          {
            id: 'small-baseline',
            severity: 'info' as const,
            message: `The separate clean set has only ${counted(baselineSamples, 'sample')}, against ${samples} audited: relative scores are uncertain.`,
            remedy: 'Give more data, or audit fewer samples.',
          },
        ]),
  ];
}

/** Seen by the check of the gradient already, in case the probe of the model is never run or fails. */
function passDifference(check: GradientCheckRecord | null, probes: readonly ProbeResult[]): number {
  const probed = probes.flatMap(({ output }) =>
    output.kind === 'probe' ? [output.passDifference] : [],
  );
  const checked = check?.passDifference === null ? Infinity : (check?.passDifference ?? 0);
  return Math.max(checked, ...probed);
}

function gradientFlags(check: GradientCheckRecord | null): Flag[] {
  if (check === null || check.verdict === 'agrees') return [];
  return [
    {
      id: check.verdict === 'disagrees' ? 'gradient-wrong' : 'gradient-unavailable',
      severity: 'error',
      message: check.explanation,
      remedy:
        check.passDifference === undefined
          ? 'Do not read success rates of gradient attacks as robustness: try another engine, or attacks without gradients.'
          : 'Do not read success rates of any attack as robustness: look for what hides the gradients in the model, and try another engine.',
    },
  ];
}
