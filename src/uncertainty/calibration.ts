import type { Batch } from '../arrays/batch.ts';
import { goldenSectionMinimum } from '../bracketing/golden-section.ts';
import { argMax, logSumExp, softmaxInto } from './softmax.ts';
import { UncertaintyError } from './uncertainty-error.ts';

/** One bar of a reliability diagram: the predictions with a confidence in (lower, upper]. */
export interface ReliabilityBin {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  /** Mean confidence of the bin; NaN when it is empty. */
  readonly confidence: number;
  /** Share of correct predictions in the bin; NaN when it is empty. */
  readonly accuracy: number;
}

/** How far confidence and accuracy are apart. */
export interface CalibrationError {
  readonly bins: readonly ReliabilityBin[];
  /** Expected calibration error: |accuracy − confidence| averaged over predictions. Biased upwards
   * for few predictions in a bin, therefore show the counts beside it. */
  readonly expected: number;
  /** Maximum calibration error: the largest |accuracy − confidence| of a bin that is not empty. */
  readonly maximum: number;
  /** Mean squared difference of confidence and correctness (0 or 1), in [0, 1]. */
  readonly topLabelBrier: number;
}

/** Calibration of a classifier, in the numbers of the report. */
export interface CalibrationReport extends CalibrationError {
  /** Mean −ln p of the label, in nats. */
  readonly negativeLogLikelihood: number;
  /** Mean squared distance of the probabilities from the one-hot label, in [0, 2]. */
  readonly brier: number;
}

/** Labelled logits, or logarithms of probabilities. */
export interface LabelledLogits {
  /** `[count, classes]` */
  readonly logits: Batch;
  /** `[count]`, each a class index. */
  readonly labels: ArrayLike<number>;
}

/**
 * Calibration error over bins of equal width (Guo et al. 2017).
 *
 * @param confidences probability of each predicted class, in [0, 1]
 * @param correct whether each prediction is right
 */
export function calibrationError(
  confidences: readonly number[] | Float64Array,
  correct: readonly boolean[],
  binCount = 15,
): CalibrationError {
  if (confidences.length === 0) throw noSamples();
  const counts = new Uint32Array(binCount);
  const confidenceSums = new Float64Array(binCount);
  const correctCounts = new Uint32Array(binCount);
  let topLabelBrier = 0;
  confidences.forEach((confidence, sample) => {
    const isCorrect = correct[sample] === true ? 1 : 0;
    topLabelBrier += (confidence - isCorrect) ** 2;
    const bin = binOf(confidence, binCount);
    counts[bin] = (counts[bin] as number) + 1;
    confidenceSums[bin] = (confidenceSums[bin] as number) + confidence;
    correctCounts[bin] = (correctCounts[bin] as number) + isCorrect;
  });

  const bins = Array.from(counts, (count, index) => ({
    lower: index / binCount,
    upper: (index + 1) / binCount,
    count,
    confidence: (confidenceSums[index] as number) / count,
    accuracy: (correctCounts[index] as number) / count,
  }));
  const filled = bins.filter(({ count }) => count > 0);
  const gap = (bin: ReliabilityBin): number => Math.abs(bin.accuracy - bin.confidence);
  return {
    bins,
    expected: filled.reduce((sum, bin) => sum + (bin.count / confidences.length) * gap(bin), 0),
    maximum: Math.max(...filled.map(gap)),
    topLabelBrier: topLabelBrier / confidences.length,
  };
}

/**
 * Bin of a confidence with edges (lower, upper]. The quotient is compared with the very edges that
 * the report prints, so that 0.6 lies in (0.4, 0.6] although 0.6 · 5 is not exactly 3.
 */
function binOf(confidence: number, binCount: number): number {
  let bin = Math.min(binCount - 1, Math.max(0, Math.ceil(confidence * binCount) - 1));
  if (bin > 0 && confidence <= bin / binCount) bin -= 1;
  if (bin < binCount - 1 && confidence > (bin + 1) / binCount) bin += 1;
  return bin;
}

/**
 * All of {@link CalibrationReport} from logits.
 *
 * @param temperature divides the logits first; 1 leaves the model as it is
 * @param binCount bars of the reliability diagram
 */
export function calibrationReport(
  { logits, labels }: LabelledLogits,
  temperature = 1,
  binCount = 15,
): CalibrationReport {
  const probabilities = new Float64Array(logits.sampleSize);
  const confidences = new Float64Array(logits.count);
  const correct: boolean[] = [];
  let brier = 0;
  for (let sample = 0; sample < logits.count; sample++) {
    softmaxInto(probabilities, logits.row(sample), temperature);
    const label = labels[sample] as number;
    const prediction = argMax(probabilities);
    confidences[sample] = probabilities[prediction] as number;
    correct.push(prediction === label);
    brier += probabilities.reduce((sum, p, k) => sum + (p - (k === label ? 1 : 0)) ** 2, 0);
  }
  return {
    ...calibrationError(confidences, correct, binCount),
    negativeLogLikelihood: negativeLogLikelihood({ logits, labels }, temperature),
    brier: brier / logits.count,
  };
}

/** Mean −ln p of the label in nats, with the logits divided by `temperature`. */
export function negativeLogLikelihood({ logits, labels }: LabelledLogits, temperature = 1): number {
  if (logits.count === 0) throw noSamples();
  const scaled = new Float64Array(logits.sampleSize);
  let sum = 0;
  for (let sample = 0; sample < logits.count; sample++) {
    logits.row(sample).forEach((logit, k) => (scaled[k] = logit / temperature));
    sum += logSumExp(scaled) - (scaled[labels[sample] as number] as number);
  }
  return sum / logits.count;
}

/** A fitted temperature and what it is worth. */
export interface TemperatureScaling {
  /** Divides the logits; above 1 for a model that is too sure of itself. */
  readonly temperature: number;
  readonly before: CalibrationReport;
  readonly after: CalibrationReport;
  /** The optimum lies at or beyond the end of the range searched, for example because every
   * prediction is right and no temperature is cold enough. */
  readonly atBound: boolean;
}

/** Range in which a temperature is sought. */
const temperatureBounds = { lower: 0.01, upper: 100 };

/**
 * The temperature of least negative log-likelihood (Guo et al. 2017), by golden-section search on
 * ln T: the likelihood is convex in 1/T, so it has one minimum.
 *
 * @param labelled logits and labels that the model was not trained on
 */
export function fitTemperature(labelled: LabelledLogits, binCount = 15): TemperatureScaling {
  const lower = Math.log(temperatureBounds.lower);
  const upper = Math.log(temperatureBounds.upper);
  const best = goldenSectionMinimum(
    logT => negativeLogLikelihood(labelled, Math.exp(logT)),
    lower,
    upper,
  );
  const temperature = Math.exp(best);
  return {
    temperature,
    before: calibrationReport(labelled, 1, binCount),
    after: calibrationReport(labelled, temperature, binCount),
    atBound: best - lower < 1e-3 || upper - best < 1e-3,
  };
}

function noSamples(): UncertaintyError {
  return new UncertaintyError(
    'uncertainty/too-few-samples',
    'Calibration needs at least one labelled prediction.',
  );
}
