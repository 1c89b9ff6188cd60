import * as tf from '@tensorflow/tfjs-core';
import { type GradientCase, gradientCase } from './gradient-case.ts';

/** A dense layer, what is tested, a dense layer: the second derivatives of all three meet. */
function between(
  name: string,
  operation: (hidden: tf.Tensor2D) => tf.Tensor,
  outputs = 6,
): GradientCase {
  return gradientCase(
    name,
    [
      [4, 5],
      [5, 6],
      [outputs, 1],
    ],
    (x: tf.Tensor2D, first: tf.Tensor2D, last: tf.Tensor2D) =>
      tf.matMul(operation(tf.matMul(x, first)), last),
  );
}

/** What is tested between an image with a filter and a smooth function. */
function image(
  name: string,
  shapes: readonly (readonly number[])[],
  operation: (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor,
): GradientCase {
  return gradientCase(name, shapes, (x: tf.Tensor4D, filter: tf.Tensor4D) =>
    tf.softplus(operation(x, filter)),
  );
}

/** An image convolved, then moved or pooled. */
function afterConvolution(name: string, operation: (y: tf.Tensor4D) => tf.Tensor): GradientCase {
  return image(
    name,
    [
      [1, 6, 6, 1],
      [3, 3, 1, 2],
    ],
    (x, filter) => operation(tf.conv2d(x, filter, 1, 'same')),
  );
}

function layerNormalisation(x: tf.Tensor): tf.Tensor {
  const centred = tf.sub(x, tf.mean(x, 1, true));
  const variance = tf.mean(tf.square(centred), 1, true);
  return tf.div(centred, tf.sqrt(tf.add(variance, 1e-3)));
}

/**
 * What training with a gradient penalty passes through: the gradient of a gradient, with respect to
 * the input and to the weights.
 */
export const secondOrderCases: readonly GradientCase[] = [
  between('ReLU', h => tf.relu(h)),
  between('ReLU6', h => tf.relu6(h)),
  between('leaky ReLU', h => tf.leakyRelu(h, 0.2)),
  between('leaky ReLU behind a smooth function', h => tf.leakyRelu(tf.tanh(h), 0.2)),
  between('PReLU', h => tf.prelu(h, [[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]])),
  between('ELU', h => tf.elu(h)),
  between('SELU', h => tf.selu(h)),
  between('softplus', h => tf.softplus(h)),
  between('tanh', h => tf.tanh(h)),
  between('sigmoid', h => tf.sigmoid(h)),
  between('softmax', h => tf.softmax(h)),
  between('log of softmax', h => tf.logSoftmax(h)),
  between('log of the sum of exponentials', h => tf.logSumExp(h, 1, true), 1),
  between('exponential', h => tf.exp(h)),
  between('power', h => tf.pow(tf.add(h, 3), 2.5)),
  between('square root', h => tf.sqrt(tf.add(h, 3))),
  between('quotient', h => tf.div(h, tf.add(tf.square(h), 1))),
  between('clipping', h => tf.clipByValue(tf.square(h), 0.2, 0.7)),
  between('maximum', h => tf.maximum(tf.square(h), 0.3)),
  between('largest of a row', h => tf.square(tf.max(h, 1, true)), 1),
  between('layer normalisation', layerNormalisation),
  between('layer normalisation, then tanh', h => tf.tanh(layerNormalisation(h))),
  between('batch normalisation', h =>
    tf.tanh(
      tf.batchNorm(h, tf.fill([6], 0.1), tf.fill([6], 0.7), tf.fill([6], 0.2), tf.fill([6], 1.3)),
    ),
  ),
  between('batch normalisation without scale', h =>
    tf.tanh(tf.batchNorm(h, tf.fill([6], 0.1), tf.fill([6], 0.7))),
  ),
  between('Euclidean norm', h => tf.norm(h, 2, 1, true), 1),
  between('tiled and gathered', h =>
    tf.tanh(tf.gather(tf.tile(h, [1, 2]), tf.tensor1d([0, 7, 3, 3, 11, 2], 'int32'), 1)),
  ),
  between('an einsum', h => tf.tanh(tf.einsum('ij,kj->ik', h, h)), 4),
  gradientCase(
    'dense layers with a bias',
    [[4, 5], [5, 6], [6]],
    (a: tf.Tensor, b: tf.Tensor, bias: tf.Tensor) => tf.softplus(tf.fused.matMul({ a, b, bias })),
  ),
  image(
    'convolution',
    [
      [1, 5, 5, 2],
      [3, 3, 2, 2],
    ],
    (x, filter) => tf.conv2d(x, filter, 1, 'same'),
  ),
  image(
    'convolution, 5×5, stride 2',
    [
      [1, 6, 6, 1],
      [5, 5, 1, 2],
    ],
    (x, filter) => tf.conv2d(x, filter, 2, 'same'),
  ),
  image(
    'dilated convolution',
    [
      [1, 6, 6, 1],
      [3, 3, 1, 2],
    ],
    (x, filter) => tf.conv2d(x, filter, 1, 'same', 'NHWC', 2),
  ),
  image(
    'transposed convolution, stride 2',
    [
      [1, 3, 3, 2],
      [5, 5, 2, 2],
    ],
    (x, filter) => tf.conv2dTranspose(x, filter, [1, 6, 6, 2], 2, 'same'),
  ),
  image(
    'depthwise convolution',
    [
      [1, 5, 5, 2],
      [3, 3, 2, 2],
    ],
    (x, filter) => tf.depthwiseConv2d(x, filter, 1, 'same'),
  ),
  gradientCase(
    'convolution with a bias',
    [[1, 5, 5, 2], [3, 3, 2, 2], [2]],
    (x: tf.Tensor4D, filter: tf.Tensor4D, bias: tf.Tensor1D) =>
      tf.softplus(tf.fused.conv2d({ x, filter, bias, strides: 2, pad: 'same' })),
  ),
  image(
    'two critic layers',
    [
      [1, 6, 6, 1],
      [3, 3, 1, 2],
    ],
    (x, filter) => {
      const hidden = tf.leakyRelu(tf.conv2d(x, filter, 2, 'same'), 0.2);
      return tf.conv2d(hidden, tf.concat([filter, filter], 2), 2, 'same');
    },
  ),
  afterConvolution('max pooling', y => tf.maxPool(y, 2, 2, 'same')),
  afterConvolution('average pooling', y => tf.avgPool(y, 3, 2, 'same')),
  afterConvolution('enlarged to nearest', y => tf.image.resizeNearestNeighbor(y, [12, 12])),
  afterConvolution('enlarged bilinearly', y => tf.image.resizeBilinear(y, [9, 9], false, true)),
  afterConvolution('padded by mirrors', y =>
    tf.mirrorPad(
      y,
      [
        [0, 0],
        [1, 1],
        [2, 2],
        [0, 0],
      ],
      'reflect',
    ),
  ),
  afterConvolution('every other pixel', y =>
    tf.stridedSlice(y, [0, 0, 0, 0], [1, 6, 6, 2], [1, 2, 2, 1]),
  ),
  afterConvolution('channels into space', y => tf.depthToSpace(tf.concat([y, y], 3), 2)),
];
