import { mean } from '../../src/report/statistics.ts';
import { type CorrectedSet, correctedAccuracy, type StudyResults } from './study-run.ts';
import { accuracyOf, share, shareWithInterval, significant } from './study-words.ts';

/** The study's accuracy under an attack, and what correction is to reach. */
const targets: readonly {
  readonly id: string;
  readonly before: string;
  readonly after: number;
}[] = [
  { id: 'Clean', before: '97%', after: 0.96 },
  { id: 'FGSM ε 0.3', before: '11%', after: 0.87 },
  { id: 'C&W κ 0', before: '2%', after: 0.95 },
  { id: 'NA, black box', before: '3%', after: 0.35 },
  { id: 'NA, gradient search', before: '3%', after: 0.35 },
];

/** What holds and what does not, from the numbers of this run. */
export function findings(results: StudyResults): string[] {
  const { chosen, corrected, sets } = results;
  const correctedOf = (id: string): CorrectedSet | undefined =>
    corrected.find(({ manifold, set }) => manifold === chosen.manifold && set.id === id);
  const name = `${chosen.refinement} steps`;
  const after = (id: string): number => {
    const one = correctedOf(id);
    return one === undefined ? NaN : correctedAccuracy(one, name);
  };
  const kappas = sets.map(({ id }) => id).filter(id => id.startsWith('C&W'));
  const natural = ['NA, black box', 'NA, gradient search'];
  const holds =
    after('C&W κ 0') > after('FGSM ε 0.3') && after('FGSM ε 0.3') > after('NA, black box');
  return [
    '## What holds',
    '',
    summaryOfOrders(natural, kappas, results),
    ...kappas.flatMap(kappa =>
      natural.map(search => orderOf([search, 'FGSM ε 0.3', kappa, 'Clean'], results)),
    ),
    `- Correction, C&W > FGSM > NA: ${holds ? 'holds' : 'does not hold'} (${['C&W κ 0', 'FGSM ε 0.3', 'NA, black box'].map(id => share(after(id))).join(', ')}).`,
    ...targets.map(({ id, before, after: target }) => {
      const one = correctedOf(id);
      const reached = after(id) >= target;
      return `- Correction of ${id} of at least ${share(target)}: ${reached ? 'reached' : 'not reached'}, ${one === undefined ? '—' : shareWithInterval(one, name)}. Accuracy without it ${one === undefined ? '—' : share(accuracyOf(one.set))} (the study ${before}).${reached ? '' : ` ${shortfall(id, results)}`}`;
    }),
    '',
    'An order “holds” when the means are in it, and is established when each is apart from the next by more than the 95% interval of their difference (normal, as if the sets were independent).',
    '',
  ];
}

/** Whether means of MI fall in this order, and which steps are beyond chance. */
function orderOf(ids: readonly string[], results: StudyResults): string {
  const { means, steps } = stepsOf(ids, results);
  const base = mean([...results.baselineScores.mutualInformation]) ?? NaN;
  const holds = steps.every(({ falls }) => falls);
  const wrong = steps.filter(({ falls }) => !falls).map(({ id }) => `not above ${id}`);
  const open = steps.filter(({ established }) => !established).map(({ id }) => `that above ${id}`);
  return `- Relative MI, ${ids.join(' > ')}: ${holds ? 'holds' : `does not hold (${wrong.join(', ')})`}: ${means.map(value => significant(value / base)).join(', ')}. ${open.length === 0 ? 'Every step is established.' : `Not established: ${open.join(', ')}.`}`;
}

/** At which κ the whole order holds beyond chance, with both searches for natural adversaries. */
function summaryOfOrders(
  natural: readonly string[],
  kappas: readonly string[],
  results: StudyResults,
): string {
  const verdicts = kappas.map(kappa => {
    const steps = natural.flatMap(
      search => stepsOf([search, 'FGSM ε 0.3', kappa, 'Clean'], results).steps,
    );
    if (!steps.every(({ falls }) => falls)) return { kappa, verdict: 'no' };
    return { kappa, verdict: steps.every(({ established }) => established) ? 'yes' : 'means' };
  });
  const named = (verdict: string): string => {
    const ids = verdicts.filter(one => one.verdict === verdict).map(({ kappa }) => kappa);
    return ids.length === 0 ? 'none' : ids.join(', ');
  };
  return `- **Relative MI, NA > FGSM > C&W > Clean**, beyond chance at: ${named('yes')}. By the means alone, which chance may have put in order, at: ${named('means')}. Not at: ${named('no')}. Line by line:`;
}

/** Whether a mean of MI is above the next, and whether that is beyond chance. */
interface Step {
  /** The lower of the two. */
  readonly id: string;
  readonly falls: boolean;
  readonly established: boolean;
}

/** Mean MI of each set, and the step from each to the next. */
function stepsOf(
  ids: readonly string[],
  { scores }: StudyResults,
): { readonly means: readonly number[]; readonly steps: readonly Step[] } {
  const values = ids.map(id => [...(scores.get(id)?.mutualInformation ?? [])]);
  const means = values.map(list => mean(list) ?? NaN);
  const errors = values.map((list, i) => {
    const squares = list.map(value => (value - (means[i] ?? NaN)) ** 2);
    return Math.sqrt((mean(squares) ?? NaN) / list.length);
  });
  const steps = ids.slice(1).map((id, i): Step => {
    const difference = (means[i] ?? NaN) - (means[i + 1] ?? NaN);
    const width = 1.96 * Math.hypot(errors[i] ?? NaN, errors[i + 1] ?? NaN);
    return { id, falls: difference > 0, established: Math.abs(difference) > width };
  });
  return { means, steps };
}

/** Why a target was missed, as far as the numbers of this run tell. */
function shortfall(id: string, { corrected, chosen, validation }: StudyResults): string {
  const one = corrected.find(({ manifold, set }) => manifold === chosen.manifold && set.id === id);
  if (one === undefined) return '';
  const unrefined = share(correctedAccuracy(one, '0 steps'));
  if (id.startsWith('NA')) {
    return `Natural adversaries lie on the generator's own manifold next to a boundary, where a more exact inverter returns them as they are (${unrefined} without refinement); the choice was made on clean, FGSM and C&W alone.`;
  }
  const best = Math.max(
    ...validation.map(
      ({ accuracies }) => accuracies[id === 'Clean' ? 0 : id.startsWith('F') ? 1 : 2] ?? NaN,
    ),
  );
  return `Without refinement it is ${unrefined}; the best of all recipes on the validation split was ${share(best)}.`;
}
