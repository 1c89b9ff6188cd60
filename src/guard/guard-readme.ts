import type { AuditReport } from '../report/audit-report.ts';
import { renderMarkdown, type ConditionTable } from '../report/condition-table.ts';
import type { Proportion } from '../report/proportion-record.ts';
import { percentWithInterval } from '../report/wording.ts';
import type { GuardSettings } from './guard-module.ts';

/** What was measured of a guard besides its thresholds. */
export interface GuardMeasurements {
  /** Right answers on clean inputs that the thresholds were not set on, without and with correction. */
  readonly before: Proportion;
  readonly after: Proportion;
  /** The latest complete audit with this manifold; undefined when there is none. */
  readonly report: AuditReport | undefined;
}

/** README.md of an exported guard: how to use it, what it holds and what it does not. */
export function describeGuard(settings: GuardSettings, measured: GuardMeasurements): string {
  const { model, manifold, data, seed, assay, engine, inputShape, calibrationCount } = settings;
  return `${[
    '# A guard for a model',
    `Exported by Assay ${assay} for the model with fingerprint \`${model.slice(0, 16)}\`, from the manifold \`${manifold}\` (seed ${seed}, ${engine}). It scores an input, refuses it, or corrects it, in a browser or in Node.js; the module imports nothing.`,
    '- `inverter/`, `generator/`: layers models of TensorFlow.js, I and G. Both work in network units; `guard.js` does the rest.\n- `guard.json`: thresholds, units, fingerprints, versions, seed.\n- `guard.js`, `guard.d.ts`, `guard.ts`: the module as JavaScript (ESM) with types, and as TypeScript source.',
    '## Use',
    usage(settings),
    `Inputs are numbers one after another, of shape [${inputShape.join(', ')}] and between ${settings.bounds.lower} and ${settings.bounds.upper}, any number of inputs at a time. \`classify\` gets a tensor of them and does what the application does before its model; it must answer with ${answerWords[settings.answers]}.`,
    '## What it holds',
    `An input is refused when its reconstruction error ‖G(I(x)) − x‖₂, or the divergence of the model’s answers on x and G(I(x)), is above a threshold. Each threshold is set at half of the false-positive rate on ${calibrationCount} clean samples (data \`${data.slice(0, 16)}\`); the realised rate is of other clean samples, with an interval of 95%.`,
    renderMarkdown(levelTable(settings)),
    ...(calibrationCount * Math.min(...settings.levels.map(level => level.falsePositiveRate)) < 2
      ? ['There are too few samples to tell the smallest rates apart.']
      : []),
    `Correction costs clean accuracy: ${percentWithInterval(measured.before)} right without it, ${percentWithInterval(measured.after)} with it, on the samples of the realised rate.`,
    ...auditedFigures(measured.report),
    '## What it does not hold',
    '- **An adversary who knows of it.** G∘I is one more network: an adversary can attack model, guard and correction together. The figures above, but for those that say “who knows of it”, are of adversaries who do not know. A squeeze hides gradients and stops no adversary for good.\n- **Other data.** Thresholds and figures are of samples like those they were set on. After a change of camera, preprocessing or model, export again.\n- **Natural adversaries.** They lie on or near the manifold and next to a boundary; that correction turns some of them back is mostly chance.\n- Refinement of the latent vector, which an audit measures too, is not part of it: correction is one pass.',
  ].join('\n\n')}\n`;
}

const answerWords: Readonly<Record<GuardSettings['answers'], string>> = {
  probabilities: 'a probability for each class, as the audited model does',
  logits: 'a logit for each class, as the audited model does',
  sigmoids: 'a sigmoid for each class, as the audited model does',
  'binary-probability': 'the probability of the second class, as the audited model does',
  'binary-logit': 'the logit of the second class, as the audited model does',
};

function usage({ levels }: GuardSettings): string {
  const rates = levels.map(({ falsePositiveRate }) => falsePositiveRate).join(', ');
  return `\`\`\`js
import * as tf from '@tensorflow/tfjs';
import { Guard } from './guard/guard.js';

const guard = new Guard({
  tf,
  settings: await (await fetch('guard/guard.json')).json(),
  inverter: await tf.loadLayersModel('guard/inverter/model.json'),
  generator: await tf.loadLayersModel('guard/generator/model.json'),
  classify: inputs => model.predict(inputs), // the application's own model
  falsePositiveRate: 0.05, // one of ${rates}
});

const { reconstructionErrors, divergences, refused } = await guard.score(input); // a Float32Array
const corrected = await guard.correct(input); // to be classified in its place
\`\`\`

In Node.js with \`@tensorflow/tfjs-node\` the models load from \`file://…/inverter/model.json\`. Without it,
read the files and give them to \`tf.io.fromMemory\`:

\`\`\`js
const read = async name => {
  const { modelTopology, weightsManifest } = JSON.parse(await readFile(\`guard/\${name}/model.json\`, 'utf8'));
  const [{ paths, weights: weightSpecs }] = weightsManifest;
  const shards = await Promise.all(paths.map(path => readFile(\`guard/\${name}/\${path}\`)));
  const weightData = new Uint8Array(Buffer.concat(shards)).buffer;
  return await tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
};
\`\`\``;
}

function levelTable({ levels }: GuardSettings): ConditionTable {
  return {
    header: ['false-positive rate', 'reconstruction error', 'divergence', 'clean inputs refused'],
    rows: levels.map(({ falsePositiveRate, thresholds, realised }) => [
      String(falsePositiveRate),
      thresholds.reconstructionError.toPrecision(4),
      thresholds.divergence.toPrecision(4),
      percentWithInterval({
        count: realised.refused,
        total: realised.count,
        value: realised.rate,
        lower: realised.lower,
        upper: realised.upper,
      }),
    ]),
    remarks: [],
  };
}

/** Detection and correction under the conditions of the latest audit. */
function auditedFigures(report: AuditReport | undefined): string[] {
  const missing =
    'There is no audit with this manifold, so detection and correction under attack were not measured: run one, and export again.';
  if (report?.manifold?.trained !== true) return [missing];
  const labels = new Map(report.conditions.map(({ id, label }) => [id, label]));
  const scores = ['reconstruction-error', 'reconstruction-divergence'];
  const detected = (report.detection?.rows ?? []).filter(
    ({ score, condition, separation }) =>
      scores.includes(score) && condition !== 'clean' && separation !== null,
  );
  const detection: ConditionTable = {
    header: ['condition', 'samples', 'score', 'AUROC', 'found at 1%', 'found at 5%'],
    rows: detected.map(({ condition, subset, score, separation }) => [
      labels.get(condition) ?? condition,
      subset,
      score,
      separation?.auroc.value.toFixed(3) ?? '',
      share(separation?.tprAt1Fpr),
      share(separation?.tprAt5Fpr),
    ]),
    remarks: [],
  };
  const correction: ConditionTable = {
    header: ['condition', 'correction', 'right before', 'right after', 'fixed', 'broken'],
    rows: report.manifold.corrections
      .filter(({ method }) => /^(adaptive-)?reconstruction/.test(method))
      .map(({ condition, label, before, after, fixed, broken }) => [
        labels.get(condition) ?? condition,
        label,
        percentWithInterval(before),
        percentWithInterval(after),
        String(fixed),
        String(broken),
      ]),
    remarks: [],
  };
  return [
    `In the latest audit (${report.data.samples} samples, seed ${report.seed}), each score by itself at a false-positive rate of 1% and 5% of that audit:`,
    ...(detected.length === 0 ? [] : [renderMarkdown(detection)]),
    'Right answers without and with the correction:',
    renderMarkdown(correction),
  ];
}

function share(value: number | undefined): string {
  return value === undefined ? '' : `${(100 * value).toFixed(1)}%`;
}
