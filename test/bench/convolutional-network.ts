import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { Random } from '../../src/random/random.ts';

export const imageShape = [28, 28, 1] as const;
export const imageSize = 28 * 28;
const classCount = 10;

/** The convolutional network of the Keras example for MNIST, with seeded weights. */
export function convolutionalNetwork(): tfl.LayersModel {
  const { conv2d, dense, flatten, maxPooling2d } = tfl.layers;
  const model = tfl.sequential({
    layers: [
      conv2d({ filters: 32, kernelSize: 3, activation: 'relu', inputShape: [...imageShape] }),
      conv2d({ filters: 64, kernelSize: 3, activation: 'relu' }),
      maxPooling2d({ poolSize: 2 }),
      flatten(),
      dense({ units: 128, activation: 'relu' }),
      dense({ units: classCount }),
    ],
  });
  const random = new Random(1, ['benchmark weights']);
  const weights = model.getWeights().map(({ shape, size }) => {
    const spread = Math.sqrt(6 / (size / (shape.at(-1) ?? 1)));
    const values = Float32Array.from({ length: size }, () => random.uniform(-spread, spread));
    return tf.tensor(values, shape);
  });
  model.setWeights(weights);
  tf.dispose(weights);
  return model;
}

/** Gradient of the cross-entropy of class 3 with respect to images `[batch, 28, 28, 1]`. */
export function inputGradient(model: tfl.LayersModel, images: tf.Tensor): tf.Tensor {
  const loss = (x: tf.Tensor): tf.Scalar => {
    const logits = model.apply(x) as tf.Tensor2D;
    return tf.neg(tf.sum(tf.slice(tf.logSoftmax(logits), [0, 3], [-1, 1])));
  };
  return tf.grad(loss)(images);
}

/** Seeded images, values from 0 to 1. */
export function benchmarkImages(count: number): Float32Array<ArrayBuffer> {
  const random = new Random(2, ['benchmark images']);
  return Float32Array.from({ length: count * imageSize }, () => random.uniform());
}
