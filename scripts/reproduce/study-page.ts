import { cpus } from 'node:os';
import { exactMcNemar, mean } from '../../src/report/statistics.ts';
import { findings } from './study-findings.ts';
import type { StudyPicture } from './study-pictures.ts';
import {
  type CorrectedSet,
  correctedAccuracy,
  refinements,
  type StudyResults,
  type StudySet,
} from './study-run.ts';
import { manifoldLabels, manifoldNames } from './study-subject.ts';
import {
  accuracyOf,
  countWithInterval,
  minutes,
  share,
  shareWithInterval,
  significant,
  table,
} from './study-words.ts';

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
  /** Answers that were needed, and those computed in this run; the others were kept from earlier ones. */
  readonly asked: number;
  readonly computed: number;
  /** Mean number of processes that wanted to run, over the last quarter of an hour. */
  readonly load: number;
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
    `Accuracy of the model on what the correction returns. The recipe and the refinement were chosen on test digits ${10_000 - results.sizes.validation} to 9999, and figures are of others (from 0 on). Chosen: ${manifoldLabels[results.chosen.manifold]}, ${results.chosen.refinement} refining steps on z. Static: the adversary does not know of the correction.`,
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
    'The same attacks through the whole composition f(G(I(x))), without refinement, once with its own gradient and, where there is a squeeze, once more with the squeeze replaced by its linear middle in the backward pass (BPDA, Athalye et al. 2018); the last column counts a sample only when both leave it right. The first alone is no evidence of robustness: the squeeze maps everything below 0.3 to black and above 0.7 to white, and gradients there are zero. Nor is what is left at ε = 0.3 the merit of the manifold: this ε cannot move a black or white pixel past the squeeze at all, whose constants suit it and these digits, so that only grey pixels count. The rows at ε = 0.4 go beyond them; what is lost there between static and worst is what the adversary of the static rows did not know.',
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
  const rows = adaptive.map(({ attack, manifold, exact, straightThrough }) => {
    const set = sets.find(({ id }) => id === attack);
    const unaware = corrected.find(one => one.manifold === manifold && one.set === set);
    const few = exact.set.indices.length;
    return [
      attack,
      manifoldLabels[manifold],
      String(few),
      unaware === undefined ? '—' : share(rightIn([unaware], few) / few),
      shareWithInterval(exact, '0 steps'),
      straightThrough === undefined ? '—' : shareWithInterval(straightThrough, '0 steps'),
      countWithInterval(
        rightIn(straightThrough === undefined ? [exact] : [exact, straightThrough], few),
        few,
      ),
    ];
  });
  return table(
    ['attack', 'manifold', 'n', 'static', 'its own gradient', 'BPDA', 'worst of both'],
    rows,
  );
}

/** How many of the first samples are right after correction in every one of the sets. */
function rightIn(all: readonly CorrectedSet[], count: number): number {
  return Array.from({ length: count }, (_, row) => row).filter(row =>
    all.every(
      ({ set, corrected }) =>
        corrected.predictions['0 steps']?.[row] === set.classified.labels[row],
    ),
  ).length;
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
  const { wallSeconds, threadSeconds, threads, asked, computed, load, engine } = effort;
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
    `Manifolds learn from the 60,000 training digits without labels. FGSM and PGD: L∞, ε = 0.3. C&W: 5 constants × 200 steps, at κ = 0, 5, 10 and 15. Sizes: ${sizes.samples} samples, ${sizes.fewer} for C&W at κ > 0, PGD and the adaptive rows, ${sizes.blackBox} for the black-box search. Seed 0.`,
    '',
    `${engine}, ${threads} threads on ${cpus()[0]?.model ?? 'an unknown processor'}. ${
      computed === asked
        ? `All ${asked} parts, trainings included, were computed in one run, which took ${minutes(wallSeconds)} (${minutes(threadSeconds)} of one thread)`
        : `${asked - computed} of ${asked} parts were kept from earlier runs; all took ${minutes(threadSeconds)} of one thread, the last run ${minutes(wallSeconds)}`
    }. Mean load of the machine in the last 15 minutes: ${load.toFixed(1)} processes.`,
  ];
}
