import * as tf from '@tensorflow/tfjs-core';
import type { ImageSizes } from './network-sizes.ts';
import {
  layerWeights,
  leak,
  type ManifoldNetworks,
  type TrainableNetwork,
} from './trainable-network.ts';

/** Side of every filter; four is a multiple of the stride, which spares the chequerboard. */
export const filterSide = 4;
export const stride = 2;

/**
 * The networks of a manifold of images, after Zhao, Dua and Singh (2017) with fewer filters: no
 * normalisation layers, which would mix the samples that the gradient penalty keeps apart.
 *
 * - generator: dense layer, transposed convolutions of stride 2, sigmoid
 * - critic: convolutions of stride 2 with leaky relu, one number
 * - inverter: the same convolutions, a latent vector
 */
export function imageNetworks(sizes: ImageSizes): ManifoldNetworks {
  return {
    sampleShape: [sizes.height, sizes.width, sizes.channels],
    latentSize: sizes.latentSize,
    generator: generator(sizes),
    critic: encoder('critic', sizes, 1),
    inverter: encoder('inverter', sizes, sizes.latentSize),
  };
}

/** Height and width after each halving, the whole image first. */
function levelsOf({ height, width, filters }: ImageSizes): [number, number][] {
  const levels: [number, number][] = [[height, width]];
  for (const _ of filters) {
    const [h, w] = levels.at(-1) ?? [height, width];
    levels.push([Math.ceil(h / stride), Math.ceil(w / stride)]);
  }
  return levels;
}

function generator(sizes: ImageSizes): TrainableNetwork {
  const { channels, latentSize, filters } = sizes;
  const levels = levelsOf(sizes).toReversed();
  const [[height, width] = [0, 0], ...growing] = levels;
  const depths = [...filters.toReversed(), channels];
  const [deepest = 1] = depths;
  const units = height * width * deepest;
  return {
    weights: [
      ...layerWeights('generator/dense', [latentSize, units], latentSize, units),
      ...growing.flatMap((_, level) => {
        const [from = 1, to = 1] = depths.slice(level, level + 2);
        // Of the taps of a transposed convolution only every stride-th in a direction meets a value.
        const taps = (filterSide / stride) ** 2;
        return layerWeights(
          `generator/grow${level + 1}`,
          [filterSide, filterSide, to, from],
          taps * from,
          to,
        );
      }),
    ],
    apply: (latent, weights) => {
      const batch = latent.shape[0];
      const [dense, denseBias, ...rest] = weights as [tf.Tensor2D, tf.Tensor, ...tf.Tensor[]];
      const units = tf.relu(tf.add(tf.matMul(latent as tf.Tensor2D, dense), denseBias));
      let image = tf.reshape<tf.Rank.R4>(units, [batch, height, width, deepest]);
      growing.forEach(([tall, wide], level) => {
        const [filter, bias] = rest.slice(2 * level, 2 * level + 2) as [tf.Tensor4D, tf.Tensor];
        const depth = depths[level + 1] ?? channels;
        const shape: [number, number, number, number] = [batch, tall, wide, depth];
        const grown = tf.conv2dTranspose(image, filter, shape, stride, 'same');
        const isLast = level === growing.length - 1;
        image = (isLast ? tf.sigmoid : tf.relu)(tf.add<tf.Tensor4D>(grown, bias));
      });
      return image;
    },
  };
}

/** The trunk that critic and inverter share in form, not in weights. */
function encoder(name: string, sizes: ImageSizes, outputs: number): TrainableNetwork {
  const { channels, filters } = sizes;
  const depths = [channels, ...filters];
  const [height, width] = levelsOf(sizes).at(-1) ?? [1, 1];
  const features = height * width * (filters.at(-1) ?? channels);
  return {
    weights: [
      ...filters.flatMap((to, level) => {
        const from = depths[level] ?? channels;
        const shape = [filterSide, filterSide, from, to];
        return layerWeights(`${name}/halve${level + 1}`, shape, filterSide ** 2 * from, to);
      }),
      ...layerWeights(`${name}/dense`, [features, outputs], features, outputs),
    ],
    apply: (images, weights) => {
      const batch = images.shape[0];
      let image = images as tf.Tensor4D;
      filters.forEach((_, level) => {
        const [filter, bias] = weights.slice(2 * level, 2 * level + 2) as [tf.Tensor4D, tf.Tensor];
        const halved = tf.conv2d(image, filter, stride, 'same');
        image = tf.leakyRelu(tf.add<tf.Tensor4D>(halved, bias), leak);
      });
      const [dense, bias] = weights.slice(2 * filters.length) as [tf.Tensor2D, tf.Tensor];
      return tf.add(tf.matMul(tf.reshape<tf.Rank.R2>(image, [batch, features]), dense), bias);
    },
  };
}
