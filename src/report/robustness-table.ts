import type { AuditReport, Condition } from './audit-report.ts';
import type { ConditionTable } from './condition-table.ts';
import { classAccuracies } from './confusion.ts';
import { doubtMark, doubtOf, doubtOfSuite, doubtRemark } from './doubt.ts';
import { className } from './prediction-record.ts';
import type { RobustnessCurve } from './robustness-record.ts';
import { distance, norm, percent, percentWithInterval, scientific } from './wording.ts';

/** What tables are made from: the report, or the part of it that the panel has. */
type Reported = Pick<AuditReport, 'conditions' | 'robustness' | 'model' | 'flags'>;

/** What robust accuracy is that attacks have measured, whichever they were (Carlini et al. 2019). */
const boundRemark =
  'Robust accuracy is an upper bound: what these attacks left right, others may break.';

/** Robust accuracy at each size, the worst of each sample over all attacks. */
export function worstCaseTable(report: Reported): ConditionTable | undefined {
  const cases = report.robustness?.worstCases ?? [];
  if (cases.length === 0) return undefined;
  const mark = markOfSuite(report);
  return {
    header: ['all attacks together', 'robust accuracy (95%)', 'attacks that found errors'],
    rows: cases.map(({ norm: kind, epsilon, accuracy, attacks }) => [
      `${norm(kind)} ≤ ${distance(epsilon)}`,
      `${percentWithInterval(accuracy)}${mark}`,
      String(attacks.length),
    ]),
    remarks: [boundRemark, ...(mark === '' ? [] : [doubtRemark])],
  };
}

/** Each curve in one number, and whether its adversaries survive being saved as pictures. */
export function smallestChangeTable(report: Reported): ConditionTable | undefined {
  const curves = report.robustness?.curves ?? [];
  if (curves.length === 0) return undefined;
  return {
    header: ['smallest change', 'ε at 50% accuracy', 'median distance', 'found', 'after 8 bits'],
    rows: curves.map(curve => {
      const condition = conditionOf(report, curve);
      const { attackSuccess, survival } = condition ?? {};
      return [
        `${curveName(report, curve)} ${condition === undefined ? norm(curve.norm) : ''}`.trim(),
        `${distance(curve.epsilonAtHalfAccuracy)}${markOf(report, curve)}`,
        condition?.distance === undefined ? '' : distance(condition.distance.median),
        attackSuccess === undefined ? '' : `${attackSuccess.count}/${attackSuccess.total}`,
        survival === undefined ? '' : `${survival.count}/${survival.total}`,
      ];
    }),
    remarks: [],
  };
}

/** Accuracy against size, a column for each attack; one table for each norm. */
export function curveTables(report: Reported): ConditionTable[] {
  const curves = report.robustness?.curves ?? [];
  return [...new Set(curves.map(curve => curve.norm))].map(kind => {
    const own = curves.filter(curve => curve.norm === kind);
    const [first] = own;
    return {
      header: [
        `${norm(kind)} ≤`,
        ...own.map(curve => `${curveName(report, curve)}${markOf(report, curve)}`),
      ],
      rows: (first?.points ?? []).map(({ epsilon }, i) => [
        scientific(epsilon),
        ...own.map(({ points }) => percent(points[i]?.accuracy.value ?? null)),
      ]),
      remarks: [],
    };
  });
}

/** What is proved of the model averaged over noise, whoever attacks. */
export function certifiedTable({
  certified,
}: Pick<AuditReport, 'certified'>): ConditionTable | undefined {
  if (certified === undefined) return undefined;
  const { deviation, draws, alpha, abstained, points } = certified;
  return {
    header: [`proved, averaged over noise of ${scientific(deviation)}`, 'certified accuracy (95%)'],
    rows: points.map(({ radius, accuracy }) => [
      `L2 < ${distance(radius)}`,
      percentWithInterval(accuracy),
    ]),
    remarks: [
      `Randomised smoothing: ${draws} noisy copies of each sample, α = ${alpha}; ${abstained} abstentions count as wrong. It says nothing of the model without noise.`,
    ],
  };
}

/** Accuracy of each class under a condition, and what it is taken for. */
export function classTable(report: Reported, condition: Condition): ConditionTable | undefined {
  if (condition.confusion === undefined) return undefined;
  const { classNames } = report.model;
  const name = (index: number) => className(index, classNames);
  return {
    header: [condition.label, 'accuracy (95%)', 'right', 'mostly taken for'],
    rows: classAccuracies(condition.confusion).map(({ label, accuracy, mostlyTakenFor }) => [
      name(label),
      percentWithInterval(accuracy),
      `${accuracy.count}/${accuracy.total}`,
      mostlyTakenFor === undefined ? '' : name(mostlyTakenFor),
    ]),
    remarks: [],
  };
}

/** `C&W L2 (quick): preset quick, confidence 0, …`: every setting of every attack. */
export function settingLines({ conditions }: Reported): string[] {
  return conditions.flatMap(({ label, attack }) =>
    attack === undefined ? [] : [`${label}: ${settingWords(attack.settings)}`],
  );
}

/** Settings as words, `stepSize` as `step size`. */
export function settingWords(settings: NonNullable<Condition['attack']>['settings']): string {
  return Object.entries(settings)
    .map(([key, value]) => {
      const name = key.replace(/[A-Z]/g, capital => ` ${capital.toLowerCase()}`);
      return `${name} ${String(value)}`;
    })
    .join(', ');
}

/** What a curve is of: an attack, or all of them. */
export function curveName(report: Reported, curve: RobustnessCurve): string {
  return conditionOf(report, curve)?.label ?? 'All attacks together';
}

/** The mark of doubt where the attack of a curve, or all of them together, cannot be believed. */
function markOf(report: Reported, curve: RobustnessCurve): string {
  const condition = conditionOf(report, curve);
  if (condition === undefined) return markOfSuite(report);
  return doubtOf(condition, report.flags) === undefined ? '' : doubtMark;
}

/** The mark of doubt where all attacks together cannot be read as robustness. */
export function markOfSuite({ conditions, flags }: Pick<Reported, 'conditions' | 'flags'>): string {
  const attacks = conditions.filter(({ kind }) => kind === 'attack');
  return doubtOfSuite(attacks, flags) === undefined ? '' : doubtMark;
}

function conditionOf({ conditions }: Reported, curve: RobustnessCurve): Condition | undefined {
  return conditions.find(({ id }) => id === curve.condition);
}
