import * as tf from '@tensorflow/tfjs-core';
import { Batch } from '../arrays/batch.ts';
import type { Engine } from '../engine/engine.ts';
import { squaredNorm } from '../linear-algebra/matrix.ts';
import type { OpenModelOptions } from '../model/logit-network.ts';
import type { SavedModel } from '../model/saved-model.ts';
import { Random } from '../random/random.ts';
import { DrawnPosterior } from './drawn-posterior.ts';
import {
  fullCurvature,
  kroneckerCurvature,
  type LaplaceCurvature,
  variancesOf,
} from './laplace-curvature.ts';
import { type LastLayer, openLastLayer } from './last-layer.ts';
import type { DrawOptions, DrawReceiver, NotApplicable } from './posterior.ts';
import { fitPriorPrecision, type PriorPrecision } from './prior-precision.ts';
import { counted } from '../wording/counted.ts';

/** Inputs to fit on: at once, or batch by batch where they are too many to be held. */
export type CalibrationInputs = Batch | AsyncIterable<Batch>;

export interface LaplaceOptions extends OpenModelOptions {
  /**
   * Inputs like those of training, at least a few hundred; used for nothing else. Their labels are
   * not needed.
   */
  readonly calibration: CalibrationInputs;
  /**
   * How many samples the model was trained on: the posterior becomes as narrow as one that is fitted
   * on all of them. The number of calibration inputs when it is left out.
   */
  readonly trainingCount?: number;
  /** `kronecker` when it is left out; `full` is exact and only for small last layers. */
  readonly structure?: LaplaceCurvature['structure'];
  /** Chosen by the marginal likelihood when it is left out. */
  readonly priorPrecision?: number;
}

/**
 * Makes the last layer of a saved model Bayesian: a Gaussian around its weights as wide as the loss
 * is flat there (Daxberger et al. 2021, "Laplace redux"). It needs no dropout and no training, and
 * works for both formats.
 *
 * @returns why not, and what would do instead, for a model without a linear last layer
 * @throws ModelError when the model cannot be opened
 */
export async function lastLayerLaplace(
  engine: Engine,
  saved: SavedModel,
  options: LaplaceOptions,
): Promise<LaplacePosterior | NotApplicable> {
  const layer = await openLastLayer(engine, saved, options);
  if (!layer.applicable) return layer;
  try {
    const features = await featuresOf(layer, options.calibration);
    if (features.count > 0) return LaplacePosterior.fit(layer, features, options);
    layer.dispose();
    return {
      applicable: false,
      reason: 'A last-layer Laplace approximation needs calibration data, and there is none.',
      remedy: 'Set aside a few hundred inputs like those the model was trained on.',
    };
  } catch (error) {
    layer.dispose();
    throw error;
  }
}

async function featuresOf(layer: LastLayer, inputs: CalibrationInputs): Promise<Batch> {
  if (inputs instanceof Batch) return layer.features(inputs);
  const parts: Batch[] = [];
  for await (const part of inputs) parts.push(await layer.features(part));
  return Batch.concat(parts, [layer.featureCount]);
}

/** Samples that were fitted on, and samples that the curvature is scaled to. */
interface SampleCounts {
  readonly calibration: number;
  readonly training: number;
}

/** A Gaussian posterior over the last layer of a model. */
export class LaplacePosterior extends DrawnPosterior {
  readonly method = 'last-layer-laplace';
  readonly description: string;
  readonly classCount: number;
  readonly priorPrecision: PriorPrecision;
  readonly #layer: LastLayer;
  readonly #curvature: LaplaceCurvature;

  private constructor(
    layer: LastLayer,
    curvature: LaplaceCurvature,
    priorPrecision: PriorPrecision,
    counts: SampleCounts,
  ) {
    super();
    this.#layer = layer;
    this.#curvature = curvature;
    this.priorPrecision = priorPrecision;
    this.classCount = layer.classCount;
    this.description = describe(layer, curvature, priorPrecision, counts);
  }

  /** @param features of the calibration inputs */
  static fit(
    layer: LastLayer,
    features: Batch,
    options: Pick<LaplaceOptions, 'structure' | 'priorPrecision' | 'trainingCount'> = {},
  ): LaplacePosterior {
    const makeCurvature = options.structure === 'full' ? fullCurvature : kroneckerCurvature;
    const trainingCount = options.trainingCount ?? features.count;
    const curvature = makeCurvature({
      features,
      trainingCount,
      outputs: sample => layer.outputs(features.row(sample)),
      outputCount: layer.outputCount,
    });
    const squaredWeights = squaredNorm(layer.weights.values) + squaredNorm(layer.bias);
    const priorPrecision: PriorPrecision =
      options.priorPrecision === undefined
        ? fitPriorPrecision(curvature, squaredWeights)
        : { value: options.priorPrecision, source: 'given', atBound: false };
    const counts = { calibration: features.count, training: trainingCount };
    return new LaplacePosterior(layer, curvature, priorPrecision, counts);
  }

  /** Draws outputs f ~ N(f_μ, f_Σ), which is what drawing weights comes to. */
  async draw(inputs: Batch, options: DrawOptions, receive: DrawReceiver): Promise<void> {
    const { passes, seed, sampleIndices, signal } = options;
    signal?.throwIfAborted();
    const features = await this.#layer.features(inputs);
    const noise = new Float64Array(this.#layer.outputCount);
    const logits = new Float64Array(passes * this.classCount);
    for (let sample = 0; sample < inputs.count; sample++) {
      signal?.throwIfAborted();
      const row = features.row(sample);
      const centre = this.#layer.outputs(row);
      const factor = this.#curvature.covarianceFactor(row, this.priorPrecision.value);
      const random = new Random(seed, [sampleIndices[sample] as number, 'last-layer-laplace']);
      for (let pass = 0; pass < passes; pass++) {
        for (let k = 0; k < noise.length; k++) noise[k] = random.normal();
        const outputs = factor.timesVector(noise).map((value, k) => value + (centre[k] as number));
        logits.set(this.#layer.toLogits(outputs), pass * this.classCount);
      }
      receive(sample, logits);
    }
  }

  /** Last layers drawn from the posterior, each the same for every input. */
  fixedPasses(passes: number, seed: number): (inputs: tf.Tensor) => tf.Tensor2D {
    const { weights, bias, featureCount, outputCount } = this.#layer;
    const random = new Random(seed, ['fixed-passes', 'last-layer-laplace']);
    const width = passes * outputCount;
    const kernels = new Float32Array(featureCount * width);
    const biases = new Float32Array(width);
    for (let pass = 0; pass < passes; pass++) {
      const deviation = this.#curvature.drawDeviation(this.priorPrecision.value, random);
      for (let k = 0; k < outputCount; k++) {
        const column = pass * outputCount + k;
        for (let i = 0; i < featureCount; i++) {
          kernels[i * width + column] = weights.at(i, k) + deviation.at(i, k);
        }
        biases[column] = (bias[k] as number) + deviation.at(featureCount, k);
      }
    }
    return inputs => {
      const features = this.#layer.featureTensor(inputs);
      const drawn = tf.matMul(features, tf.tensor2d(kernels, [featureCount, width]));
      const outputs = tf.add<tf.Tensor2D>(drawn, tf.tensor1d(biases));
      if (outputCount > 1) return outputs;
      // The one output of two classes is the logit of the second against 0.
      const pairs = tf.stack([tf.zerosLike(outputs), outputs], 2);
      return tf.reshape(pairs, [-1, 2 * passes]);
    };
  }

  /**
   * Logits of the mean prediction without drawing, by the probit approximation (MacKay 1992):
   * f_μ / √(1 + π/8 · diag f_Σ). Each logit is divided by a number of its own, so the predicted
   * class can differ from that of the model.
   */
  async probitLogits(inputs: Batch): Promise<Batch> {
    const features = await this.#layer.features(inputs);
    const result = Batch.zeros(inputs.count, [this.classCount]);
    for (let sample = 0; sample < inputs.count; sample++) {
      const row = features.row(sample);
      const factor = this.#curvature.covarianceFactor(row, this.priorPrecision.value);
      const variances = variancesOf(factor);
      const outputs = this.#layer
        .outputs(row)
        .map((value, k) => value / Math.sqrt(1 + (Math.PI / 8) * (variances[k] as number)));
      result.row(sample).set(this.#layer.toLogits(outputs));
    }
    return result;
  }

  dispose(): void {
    this.#layer.dispose();
  }
}

function describe(
  layer: LastLayer,
  curvature: LaplaceCurvature,
  { value, source, atBound }: PriorPrecision,
  { calibration, training }: SampleCounts,
): string {
  const determined = curvature.effectiveParameters(value);
  const origin = source === 'given' ? 'as given' : 'by marginal likelihood';
  const bound = atBound ? ', the end of the range searched' : '';
  const scaled = training === calibration ? '' : `, scaled to ${training} of training`;
  return `Gaussian over the last layer ${layer.name} (${counted(layer.featureCount, 'feature')}, ${counted(layer.outputCount, 'output')}, ${curvature.structure} curvature from ${counted(calibration, 'sample')}${scaled}): prior precision ${value.toPrecision(3)} ${origin}${bound}; the data determines ${determined.toFixed(1)} of ${curvature.parameterCount} parameters.`;
}
