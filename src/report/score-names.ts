/** What people call a score, and what it is. */
interface ScoreTitle {
  /** For a table's head. */
  readonly title: string;
  readonly explanation: string;
}

const titles: ReadonlyMap<string, ScoreTitle> = new Map([
  ['mutual-information', { title: 'MI', explanation: 'Mutual information, nats' }],
  ['softmax-variance', { title: 'SMV', explanation: 'Softmax variance, mean over classes' }],
  [
    'predictive-entropy',
    { title: 'Predictive entropy', explanation: 'Of the mean prediction, nats' },
  ],
  ['expected-entropy', { title: 'Expected entropy', explanation: 'Mean over passes, nats' }],
  ['maximum-probability', { title: 'MSP', explanation: 'Maximum softmax probability, negated' }],
  [
    'entropy',
    { title: 'Entropy', explanation: 'Of the one prediction of the model as saved, nats' },
  ],
  ['maximum-logit', { title: 'Max logit', explanation: 'Largest logit, negated' }],
  ['energy', { title: 'Energy', explanation: 'Free energy, Liu 2020' }],
  ['generalised-entropy', { title: 'GEN', explanation: 'Generalised entropy, Liu 2023' }],
  ['odin', { title: 'ODIN', explanation: 'Temperature and a step towards certainty, Liang 2018' }],
  ['feature-norm', { title: 'Feature norm', explanation: 'Length of the features, negated' }],
  ['mahalanobis', { title: 'Mahalanobis', explanation: 'To the nearest class, Lee 2018' }],
  [
    'relative-mahalanobis',
    { title: 'Rel. Mahalanobis', explanation: 'Less the distance to all data, Ren 2021' },
  ],
  ['nearest-neighbour', { title: 'kNN', explanation: 'To a near clean feature, Sun 2022' }],
  ['virtual-logit', { title: 'ViM', explanation: 'Virtual-logit matching, Wang 2022' }],
  ['rectified-activations', { title: 'ReAct', explanation: 'Energy of cut features, Sun 2021' }],
]);

/** A score in a few letters; one that is not known here is called by its name. */
export function scoreTitle(name: string): string {
  return titles.get(name)?.title ?? name.replaceAll('-', ' ');
}

/** A score in a few words. */
export function scoreExplanation(name: string): string {
  return titles.get(name)?.explanation ?? name.replaceAll('-', ' ');
}
