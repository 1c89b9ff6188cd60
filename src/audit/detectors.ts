import { Batch } from '../arrays/batch.ts';
import { describeError } from '../errors/assay-error.ts';
import type { Classifier } from '../model/classifier.ts';
import { energy } from '../uncertainty/baselines/energy.ts';
import { featureNorm } from '../uncertainty/baselines/feature-norm.ts';
import { generalisedEntropy } from '../uncertainty/baselines/generalised-entropy.ts';
import { mahalanobis } from '../uncertainty/baselines/mahalanobis.ts';
import { maximumLogit } from '../uncertainty/baselines/maximum-logit.ts';
import { maximumProbability } from '../uncertainty/baselines/maximum-probability.ts';
import { nearestNeighbour } from '../uncertainty/baselines/nearest-neighbour.ts';
import { odin } from '../uncertainty/baselines/odin.ts';
import type {
  LabelledObservations,
  Observations,
  OutlierScore,
} from '../uncertainty/baselines/outlier-score.ts';
import { predictionEntropy } from '../uncertainty/baselines/prediction-entropy.ts';
import { rectifiedActivations } from '../uncertainty/baselines/rectified-activations.ts';
import { relativeMahalanobis } from '../uncertainty/baselines/relative-mahalanobis.ts';
import { virtualLogit } from '../uncertainty/baselines/virtual-logit.ts';
import type { LastLayer } from '../uncertainty/last-layer.ts';
import type { NotApplicable } from '../uncertainty/posterior.ts';
import { UncertaintyError } from '../uncertainty/uncertainty-error.ts';
import type { DetectorRecord } from './piece.ts';

/** The scores that a model can be given without a posterior, and what is missing why. */
export interface Detectors {
  readonly scores: readonly OutlierScore[];
  readonly missing: readonly MissingScore[];
}

export interface MissingScore {
  readonly name: string;
  readonly reason: string;
}

/** Labelled samples in parts, so that they need not be held at once. */
export type FittingSamples = AsyncIterable<{
  readonly inputs: Batch;
  readonly labels: Int32Array;
}>;

/** ODIN's step for inputs in [0, 1]. */
const odinStep = 0.0014;
/** Neighbour whose distance counts, with enough samples to fit on. */
const neighbour = 50;

/**
 * Fits all scores that apply. Those of the logits always do; those of the features need a linear
 * last layer, and most of them clean samples to fit on.
 *
 * @throws UncertaintyError never for too few samples: such a score is listed as missing
 */
export async function fitDetectors(
  classifier: Classifier,
  layer: LastLayer | NotApplicable,
  samples: FittingSamples,
): Promise<Detectors> {
  const { lower, upper } = classifier.bounds;
  const ofLogits = [
    maximumProbability,
    predictionEntropy,
    maximumLogit,
    energy(),
    generalisedEntropy(),
    odin(classifier, 1000, odinStep * (upper - lower)),
  ];
  if (!layer.applicable) {
    const missing = Object.keys(ofFeatures).map(name => ({ name, reason: layer.reason }));
    return { scores: ofLogits, missing };
  }
  const clean = await observeAll(layer, samples);
  const scores: OutlierScore[] = [...ofLogits];
  const missing: MissingScore[] = [];
  for (const [name, fit] of Object.entries(ofFeatures)) {
    try {
      scores.push(fit(clean, layer));
    } catch (error) {
      if (!(error instanceof UncertaintyError)) throw error;
      missing.push({ name, reason: describeError(error) });
    }
  }
  return { scores, missing };
}

const ofFeatures: Readonly<
  Record<string, (clean: LabelledObservations, layer: LastLayer) => OutlierScore>
> = {
  'feature norm': () => featureNorm,
  Mahalanobis: mahalanobis,
  'relative Mahalanobis': relativeMahalanobis,
  'nearest neighbour': clean =>
    // Of few samples, the fiftieth nearest is one of another class.
    nearestNeighbour(
      clean,
      Math.max(1, Math.min(neighbour, Math.floor(clean.features.count / 20))),
    ),
  'virtual logit': virtualLogit,
  'rectified activations': (clean, layer) =>
    rectifiedActivations(clean, features => layer.logits(features)),
};

/** Features and logits of some inputs. */
export async function observe(layer: LastLayer, inputs: Batch): Promise<Observations> {
  const features = await layer.features(inputs);
  const logits = Batch.zeros(inputs.count, [layer.classCount]);
  for (let row = 0; row < inputs.count; row++) {
    logits.row(row).set(layer.logits(features.row(row)));
  }
  return { inputs, features, logits };
}

async function observeAll(
  layer: LastLayer,
  samples: FittingSamples,
): Promise<LabelledObservations> {
  const features: Batch[] = [];
  const logits: Batch[] = [];
  const labels: number[] = [];
  for await (const part of samples) {
    const observed = await observe(layer, part.inputs);
    features.push(observed.features);
    logits.push(observed.logits);
    labels.push(...part.labels);
  }
  return {
    features: Batch.concat(features, [layer.featureCount]),
    logits: Batch.concat(logits, [layer.classCount]),
    labels: Int32Array.from(labels),
  };
}

/** What a report says of fitted scores. */
export function describeDetectors({ scores, missing }: Detectors): DetectorRecord {
  return {
    scores: scores.map(({ name, settings }) => ({ name: scoreKey(name), settings })),
    missing: missing.map(({ name, reason }) => ({ name: scoreKey(name), reason })),
  };
}

/** The name of a score as a key: `relative Mahalanobis` → `relative-mahalanobis`. */
export function scoreKey(name: string): string {
  return name.toLowerCase().replaceAll(' ', '-');
}
