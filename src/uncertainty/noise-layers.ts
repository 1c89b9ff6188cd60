import * as tf from '@tensorflow/tfjs-core';
import type { Layer, LayerStep } from './layer-program.ts';
import type { NoiseDistribution, NoiseSource } from './noise.ts';
import { joinPasses, type PassTensor, splitPasses } from './pass-tensor.ts';
import type { StochasticLayer } from './stochastic-layer.ts';

/** Batch axis in front, `null` where the noise follows the input. */
type KerasNoiseShape = readonly (number | null)[] | null | undefined;

/** How a layer that is idle in inference multiplies or adds noise in training. */
interface NoiseLayer {
  readonly distribution: NoiseDistribution;
  /** In words, for the report: `rate 0.5`. */
  readonly strength: string;
  /** Shape of the noise for one sample; it broadcasts over the sample. */
  noiseShape(sampleShape: readonly number[]): readonly number[];
  /** Whether the noise, which drops units, only multiplies the input. */
  readonly onlyDropsUnits: boolean;
  /** Input and noise have shapes that broadcast. */
  apply(input: tf.Tensor, noise: tf.Tensor): tf.Tensor;
}

/**
 * A layer whose only work in training is noise: dropout in its forms, and Gaussian noise.
 *
 * @returns `undefined` for other layers, and for noise of no strength
 */
export function noiseLayer(layer: Layer): StochasticLayer | undefined {
  const noise = noiseOf(layer);
  return noise !== undefined && isActive(noise.distribution)
    ? new ElementwiseNoise(layer.getClassName(), noise)
    : undefined;
}

/** The same for a noise layer that is called on every time step by a `TimeDistributed` layer. */
export function timeDistributedNoise(inner: Layer): StochasticLayer | undefined {
  const noise = noiseOf(inner);
  if (noise === undefined || !isActive(noise.distribution)) return undefined;
  return new ElementwiseNoise(`TimeDistributed ${inner.getClassName()}`, {
    ...noise,
    noiseShape: ([time = 1, ...stepShape]) => [time, ...noise.noiseShape(stepShape)],
  });
}

class ElementwiseNoise implements StochasticLayer {
  readonly description: string;
  readonly #noise: NoiseLayer;

  constructor(name: string, noise: NoiseLayer) {
    this.description = `${name}, ${noise.strength}`;
    this.#noise = noise;
  }

  sources(sampleShape: readonly number[]): readonly NoiseSource[] {
    const { distribution } = this.#noise;
    return [{ distribution, shape: this.#noise.noiseShape(sampleShape) }];
  }

  onlyDropsUnits(sampleShape: readonly number[]): boolean {
    const noiseShape = this.#noise.noiseShape(sampleShape);
    return this.#noise.onlyDropsUnits && noiseShape.join() === sampleShape.join();
  }

  run(
    _step: LayerStep,
    inputs: readonly PassTensor[],
    noise: readonly tf.Tensor[],
    passes: number,
  ): readonly PassTensor[] {
    const [input] = inputs as readonly [PassTensor];
    const [draws] = noise as readonly [tf.Tensor];
    // An input that is the same in all passes broadcasts over them instead of being copied.
    const tensor = input.differs
      ? splitPasses(input.tensor, passes)
      : tf.expandDims(input.tensor, 1);
    const mask =
      input.mask === undefined || input.differs
        ? input.mask
        : joinPasses(tf.tile(tf.expandDims(input.mask, 1), [1, passes, 1]));
    return [{ tensor: joinPasses(this.#noise.apply(tensor, draws)), mask, differs: true }];
  }
}

/** The fixed point of the scaled exponential linear unit (Klambauer et al. 2017, eq. 14). */
const seluAlpha = 1.6732632423543772;
const seluScale = 1.0507009873554805;

/** What a layer draws and does with it, as TensorFlow.js has it in training. */
function noiseOf(layer: Layer): NoiseLayer | undefined {
  const config = layer.getConfig();
  const rate = Number(config['rate']);
  const noiseShape = config['noiseShape'] as KerasNoiseShape;
  switch (layer.getClassName()) {
    case 'Dropout':
      return dropout(rate, noiseShape);
    case 'SpatialDropout1D':
      return dropout(rate, [null, 1, null]);
    case 'GaussianDropout':
      return gaussianDropout(rate);
    case 'AlphaDropout':
      return alphaDropout(rate, noiseShape);
    case 'GaussianNoise':
      return gaussianNoise(Number(config['stddev']));
    default:
      return undefined;
  }
}

/** Whether the noise changes anything: a rate of 0 does not, and TensorFlow.js ignores one of 1. */
function isActive(distribution: NoiseDistribution): boolean {
  switch (distribution.kind) {
    case 'bernoulli':
      return distribution.rate > 0 && distribution.rate < 1;
    case 'normal':
      return distribution.standardDeviation > 0 && Number.isFinite(distribution.standardDeviation);
    case 'truncated-normal':
    case 'uniform':
      return true;
  }
}

/** Units are set to 0, the others divided by the share that is kept (Srivastava et al. 2014). */
function dropout(rate: number, noiseShape: KerasNoiseShape): NoiseLayer {
  return {
    distribution: { kind: 'bernoulli', rate, kept: 1 / (1 - rate) },
    strength: `rate ${rate}`,
    noiseShape: sampleShape => resolveShape(noiseShape, sampleShape),
    onlyDropsUnits: true,
    apply: (input, noise) => tf.mul(input, noise),
  };
}

/** Multiplies by N(1, rate/(1 − rate)) (Srivastava et al. 2014, section 10). */
function gaussianDropout(rate: number): NoiseLayer {
  return {
    distribution: { kind: 'normal', mean: 1, standardDeviation: Math.sqrt(rate / (1 - rate)) },
    strength: `rate ${rate}`,
    noiseShape: sampleShape => sampleShape,
    onlyDropsUnits: false,
    apply: (input, noise) => tf.mul(input, noise),
  };
}

function gaussianNoise(standardDeviation: number): NoiseLayer {
  return {
    distribution: { kind: 'normal', mean: 0, standardDeviation },
    strength: `standard deviation ${standardDeviation}`,
    noiseShape: sampleShape => sampleShape,
    onlyDropsUnits: false,
    apply: (input, noise) => tf.add(input, noise),
  };
}

/**
 * Sets units to the lowest value of a SELU, then scales and shifts so that mean 0 and variance 1
 * survive (Klambauer et al. 2017).
 */
function alphaDropout(rate: number, noiseShape: KerasNoiseShape): NoiseLayer {
  const lowest = -seluAlpha * seluScale;
  const scale = ((1 - rate) * (1 + rate * lowest ** 2)) ** -0.5;
  const shift = -scale * lowest * rate;
  return {
    distribution: { kind: 'bernoulli', rate, kept: 1 },
    strength: `rate ${rate}`,
    noiseShape: sampleShape => resolveShape(noiseShape, sampleShape),
    onlyDropsUnits: false,
    apply: (input, kept) => {
      const dropped = tf.mul(tf.sub(1, kept), lowest);
      return tf.add(tf.mul(tf.add(tf.mul(input, kept), dropped), scale), shift);
    },
  };
}

function resolveShape(
  noiseShape: KerasNoiseShape,
  sampleShape: readonly number[],
): readonly number[] {
  if (noiseShape === null || noiseShape === undefined) return sampleShape;
  return sampleShape.map((length, axis) => noiseShape[axis + 1] ?? length);
}
