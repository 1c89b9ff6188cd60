import { cpus } from 'node:os';
import { exactMcNemar, mean, proportion } from '../../src/report/statistics.ts';
import type { StudyPicture } from './study-pictures.ts';
import {
  type CorrectedSet,
  correctedAccuracy,
  refinements,
  type StudyResults,
  type StudySet,
} from './study-run.ts';
import { manifoldLabels, manifoldNames } from './study-subject.ts';

/** The study's own figures, by our name of the set. */
const studyFigures: Readonly<
  Record<string, { accuracy: string; mi: string; smv: string; relMi: string; relSmv: string }>
> = {
  Clean: { accuracy: '98.0%', mi: '0.0245', smv: '6.80e-4', relMi: '0.695', relSmv: '0.670' },
  'FGSM ε 0.3': { accuracy: '9.0%', mi: '0.0972', smv: '3.09e-3', relMi: '2.76', relSmv: '3.04' },
  'C&W κ 0': { accuracy: '5.0%', mi: '0.0385', smv: '1.00e-3', relMi: '1.09', relSmv: '0.983' },
  'NA, black box': { accuracy: '5.0%', mi: '0.203', smv: '6.41e-3', relMi: '5.76', relSmv: '6.31' },
};

const studyCorrections: Readonly<Record<string, string>> = {
  Clean: '97.0% → 94.0%',
  'FGSM ε 0.3': '11.0% → 79.0%',
  'C&W κ 0': '2.0% → 93.0%',
  'NA, black box': '3.0% → 27.0%',
};

/** How the page was made. */
export interface StudyEffort {
  readonly wallSeconds: number;
  readonly threadSeconds: number;
  readonly threads: number;
  /** Answers computed in this run; the others were kept from an interrupted one. */
  readonly computed: number;
  readonly engine: string;
}

/** The page `docs/reproduction.md`. */
export function describeStudy(
  results: StudyResults,
  pictures: readonly StudyPicture[],
  effort: StudyEffort,
): string {
  return [
    '# The founding study, repeated',
    '',
    'Written by `npm run reproduce`; do not edit by hand. The question: do adversarial examples lie off the manifold of natural data, so that a measure of uncertainty notices them and a projection onto the manifold corrects them? MNIST, the model `examples/digits/models/digits-cnn`, intervals of 95% (Wilson).',
    '',
    ...findings(results),
    '## 1. Uncertainty',
    '',
    `MC-dropout with ${results.sizes.passes} passes. MI: mean mutual information in nats. SMV: mean variance of the softmax, averaged over the classes. Relative: divided by the mean of a separate clean set (test digits ${results.sizes.samples} to ${2 * results.sizes.samples - 1}). The study's figures stand in brackets; it does not say its κ. Means alone are no evidence of detection: see the audit's detection table for AUROC.`,
    '',
    ...uncertaintyTable(results),
    '',
    '## 2. Correction',
    '',
    `Accuracy of the model on what the correction returns. The recipe and the refinement were chosen on test digits ${10_000 - results.sizes.validation} to 9999 and is reported on others (from 0 on). Chosen: ${manifoldLabels[results.chosen.manifold]}, ${results.chosen.refinement} refining steps on z. Static: the adversary does not know of the correction.`,
    '',
    ...correctionTable(results),
    '',
    'The corrections without a model cost nothing, and on black and white digits most of what the manifold achieves is theirs: ε = 0.3 cannot move a black pixel over the middle, so that a threshold undoes it. The manifold does more where the perturbation is large (C&W at κ = 15). On natural adversaries no correction means much: they lie on the boundary, and any change turns about half of them back.',
    '',
    '### Fixed and broken',
    '',
    'Samples that the correction by the chosen recipe turned from wrong to right and from right to wrong, with the exact two-sided test of McNemar.',
    '',
    ...fixedTable(results),
    '',
    '### An adversary who knows of the correction',
    '',
    'The same attacks through the whole composition f(G(I(x))), without refinement. Without a squeeze, PGD leaves nothing of the correction. With it the adversary mostly fails at ε = 0.3 for a reason that has nothing to do with the manifold: the squeeze maps everything below 0.3 to black and above 0.7 to white, so that this ε cannot change a black or white pixel at all, and gradients there are zero. Its constants suit this ε and these digits. The rows at ε = 0.4 were added after those at 0.3 had been seen: this ε goes beyond them, and what is lost there between static and adaptive is what the adversary did not know. An adversary that replaces the zero gradients of the squeeze (Athalye 2018) was not tried.',
    '',
    ...adaptiveTable(results),
    '',
    '### The choice',
    '',
    'Accuracy on the validation split after correction.',
    '',
    ...validationTable(results),
    '',
    '## 3. Natural adversaries',
    '',
    ...naturalTable(results),
    '',
    'The two searches look for the nearest latent vector that changes the answer. The random search reports about twice the smallest distance in 64 dimensions; it is the study’s. `reconstruction-misclassified`: the model is wrong on G(I(x)) already, so nothing was searched; these samples and those already wrong count as clean inputs in the tables above.',
    '',
    '## 4. Pictures',
    '',
    ...pictures.flatMap(({ file, title, description }) => [
      `### ${title}`,
      '',
      `![${title}](reproduction/${file})`,
      '',
      description,
      '',
    ]),
    '## 5. How it was made',
    '',
    ...howItWasMade(results, effort),
    '',
  ].join('\n');
}

function uncertaintyTable({ sets, scores, baselineScores }: StudyResults): string[] {
  const base = {
    mi: mean([...baselineScores.mutualInformation]) ?? NaN,
    smv: mean([...baselineScores.softmaxVariance]) ?? NaN,
  };
  const rows = sets.map(set => {
    const own = scores.get(set.id);
    const mi = mean([...(own?.mutualInformation ?? [])]) ?? NaN;
    const smv = mean([...(own?.softmaxVariance ?? [])]) ?? NaN;
    const study = studyFigures[set.id];
    const beside = (text: string, theirs: string | undefined): string =>
      theirs === undefined ? text : `${text} (${theirs})`;
    return [
      set.label,
      String(set.indices.length),
      beside(share(accuracyOf(set)), study?.accuracy),
      beside(significant(mi), study?.mi),
      beside(smv.toExponential(2), study?.smv),
      beside(significant(mi / base.mi), study?.relMi),
      beside(significant(smv / base.smv), study?.relSmv),
    ];
  });
  return [
    ...table(['set', 'n', 'accuracy', 'MI', 'SMV', 'relative MI', 'relative SMV'], rows),
    '',
    `The separate clean set: MI ${significant(base.mi)}, SMV ${base.smv.toExponential(2)}.`,
  ];
}

function correctionTable(results: StudyResults): string[] {
  const { chosen, sets, corrected } = results;
  const own = corrected.filter(
    ({ manifold, set }) => manifold === chosen.manifold && sets.includes(set),
  );
  const modelFree = Object.keys(own[0]?.corrected.predictions ?? {}).filter(
    name => !name.endsWith(' steps'),
  );
  const refined = refinements.filter(steps => steps > 0);
  const rows = sets.map(set => {
    const ours = own.find(one => one.set === set);
    const study = corrected.find(
      one => one.manifold === 'study' && (one.set === set || isNaturalOf(one.set, set)),
    );
    const cell = (one: CorrectedSet | undefined, name: string): string =>
      one === undefined ? '—' : shareWithInterval(one, name);
    return [
      set.label,
      String(set.indices.length),
      share(accuracyOf(set)),
      cell(ours, '0 steps'),
      ...refined.map(steps => cell(ours, `${steps} steps`)),
      cell(study, '0 steps'),
      ...modelFree.map(name => (ours === undefined ? '—' : share(correctedAccuracy(ours, name)))),
      studyCorrections[set.id] ?? '—',
    ];
  });
  return table(
    [
      'set',
      'n',
      'before',
      'G(I(x)), chosen',
      ...refined.map(steps => `${steps} steps on z`),
      'plain objective of the study',
      ...modelFree,
      'the study',
    ],
    rows,
  );
}

/** The study's own manifold corrects its own natural adversaries, not ours. */
function isNaturalOf(studySet: StudySet, set: StudySet): boolean {
  return studySet.id === 'NA of the study’s manifold' && set.id === 'NA, gradient search';
}

function fixedTable({ chosen, sets, corrected }: StudyResults): string[] {
  const name = `${chosen.refinement} steps`;
  const rows = sets.flatMap(set => {
    const one = corrected.find(
      ({ manifold, set: other }) => manifold === chosen.manifold && other === set,
    );
    if (one === undefined) return [];
    const { labels, predictions } = set.classified;
    const after = one.corrected.predictions[name] ?? new Int32Array(0);
    let [fixed, broken, right, wrong] = [0, 0, 0, 0];
    labels.forEach((label, row) => {
      const [was, is] = [predictions[row] === label, after[row] === label];
      if (was && is) right++;
      else if (was) broken++;
      else if (is) fixed++;
      else wrong++;
    });
    return [
      [
        set.label,
        String(fixed),
        String(broken),
        String(right),
        String(wrong),
        significant(exactMcNemar(fixed, broken)),
      ],
    ];
  });
  return table(
    ['set', 'fixed', 'broken', 'right before and after', 'wrong before and after', 'p'],
    rows,
  );
}

function adaptiveTable({ adaptive, corrected, sets }: StudyResults): string[] {
  const rows = adaptive.map(one => {
    const id = one.set.id.replace(', adaptive', '');
    const set = sets.find(other => other.id === id);
    const unaware = corrected.find(
      ({ manifold, set: other }) => manifold === one.manifold && other === set,
    );
    return [
      id,
      manifoldLabels[one.manifold],
      String(one.set.indices.length),
      unaware === undefined ? '—' : share(correctedAccuracy(unaware, '0 steps')),
      shareWithInterval(one, '0 steps'),
    ];
  });
  return table(['attack', 'manifold', 'n', 'corrected, static', 'corrected, adaptive'], rows);
}

function validationTable({ validation }: StudyResults): string[] {
  return table(
    ['manifold', 'steps on z', 'clean', 'FGSM', 'C&W κ 0'],
    validation.map(({ manifold, refinement, accuracies }) => [
      manifoldLabels[manifold],
      String(refinement),
      ...accuracies.map(share),
    ]),
  );
}

function naturalTable({ sets }: StudyResults): string[] {
  const rows = sets
    .filter(({ id }) => id.startsWith('NA'))
    .map(({ label, classified }) => {
      const { outcomes, latentDistances, distances, queries } = classified;
      const succeeded = [...outcomes.keys()].filter(row => outcomes[row] === 'succeeded');
      const count = (outcome: string): string =>
        String(outcomes.filter(one => one === outcome).length);
      const meanOf = (values: ArrayLike<number>): string =>
        significant(mean(succeeded.map(row => values[row] as number)) ?? NaN);
      return [
        label,
        String(outcomes.length),
        count('succeeded'),
        count('failed'),
        count('reconstruction-misclassified'),
        count('already-wrong'),
        meanOf(latentDistances),
        meanOf(distances),
        meanOf(queries),
      ];
    });
  return table(
    [
      'search',
      'n',
      'succeeded',
      'failed',
      'reconstruction misclassified',
      'already wrong',
      'mean Δz',
      'mean ‖x* − x‖₂',
      'mean queries',
    ],
    rows,
  );
}

function howItWasMade({ manifolds, sizes }: StudyResults, effort: StudyEffort): string[] {
  const { wallSeconds, threadSeconds, threads, computed, engine } = effort;
  const rows = manifoldNames.map(name => {
    const { steps, seconds, heldOutError, errorOfMean } = manifolds[name];
    return [
      manifoldLabels[name],
      String(steps),
      `${Math.round(seconds)} s`,
      significant(heldOutError),
      significant(errorOfMean),
    ];
  });
  return [
    ...table(
      [
        'manifold',
        'steps of 64',
        'time of one thread',
        'held-out ‖G(I(x)) − x‖²',
        'of the mean image',
      ],
      rows,
    ),
    '',
    `Manifolds learn from the 60,000 training digits without labels. FGSM and PGD: L∞, ε = 0.3. C&W: 5 constants × 200 steps, at κ = 0, 5 and 15. Sizes: ${sizes.samples} samples, ${sizes.fewer} for C&W at κ > 0, PGD and the adaptive rows, ${sizes.blackBox} for the black-box search. Seed 0.`,
    '',
    `${engine}, ${threads} threads on ${cpus()[0]?.model ?? 'an unknown processor'}. All parts took ${minutes(threadSeconds)} of one thread; this run took ${minutes(wallSeconds)}${computed === 0 ? ', with all parts kept from an earlier run' : ''}. Times were taken on a machine that did other work too.`,
  ];
}

/** What holds and what does not, from the numbers of this run. */
function findings(results: StudyResults): string[] {
  const { scores, baselineScores, chosen, corrected, sets } = results;
  const base = mean([...baselineScores.mutualInformation]) ?? NaN;
  const relative = (id: string): number =>
    (mean([...(scores.get(id)?.mutualInformation ?? [])]) ?? NaN) / base;
  const after = (id: string): number => {
    const one = corrected.find(
      ({ manifold, set }) => manifold === chosen.manifold && set.id === id,
    );
    return one === undefined ? NaN : correctedAccuracy(one, `${chosen.refinement} steps`);
  };
  const orderHolds = (kappa: string, natural: string): boolean =>
    relative(natural) > relative('FGSM ε 0.3') && relative('FGSM ε 0.3') > relative(kappa);
  const verdict = (holds: boolean): string => (holds ? 'holds' : 'does not hold');
  const kappas = sets.map(({ id }) => id).filter(id => id.startsWith('C&W'));
  const targets: readonly (readonly [string, number])[] = [
    ['Clean', 0.96],
    ['FGSM ε 0.3', 0.87],
    ['C&W κ 0', 0.95],
    ['NA, black box', 0.35],
    ['NA, gradient search', 0.35],
  ];
  return [
    '## What holds',
    '',
    ...kappas.map(
      kappa =>
        `- Relative MI, NA > FGSM > ${kappa}: ${verdict(orderHolds(kappa, 'NA, black box'))} with the black-box NA (${['NA, black box', 'FGSM ε 0.3', kappa].map(id => significant(relative(id))).join(', ')}), ${verdict(orderHolds(kappa, 'NA, gradient search'))} with those of the gradient search (${significant(relative('NA, gradient search'))}).`,
    ),
    '- These orders compare means, without intervals and over sets of different sizes: where two differ by a few per cent, as FGSM and C&W κ 5 may, their order is not established.',
    `- Correction, C&W > FGSM > NA: ${verdict(after('C&W κ 0') > after('FGSM ε 0.3') && after('FGSM ε 0.3') > after('NA, black box'))} (${['C&W κ 0', 'FGSM ε 0.3', 'NA, black box'].map(id => share(after(id))).join(', ')}).`,
    ...targets.map(
      ([id, target]) =>
        `- Correction of ${id} of at least ${share(target)}: ${after(id) >= target ? 'reached' : 'not reached'}, ${share(after(id))}.`,
    ),
    '',
  ];
}

function accuracyOf({ classified }: StudySet): number {
  const { predictions, labels } = classified;
  return predictions.filter((prediction, row) => prediction === labels[row]).length / labels.length;
}

function shareWithInterval(one: CorrectedSet, name: string): string {
  const total = one.set.indices.length;
  const { value, lower, upper } = proportion(
    Math.round(correctedAccuracy(one, name) * total),
    total,
  );
  return `${share(value ?? NaN)} [${(100 * lower).toFixed(1)}, ${(100 * upper).toFixed(1)}]`;
}

function share(value: number): string {
  return `${(100 * value).toFixed(1)}%`;
}

function significant(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : '—';
}

function minutes(seconds: number): string {
  return `${(seconds / 60).toFixed(1)} minutes`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
