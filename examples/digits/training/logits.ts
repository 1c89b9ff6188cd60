import {
  add,
  cast,
  logSumExp,
  matMul,
  mul,
  oneHot,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import type { Sequential } from '@tensorflow/tfjs-layers';

/** What stands in for a dropout layer of the given rate, in [0, 1), during a forward pass. */
export type DropoutPass = (values: Tensor, rate: number, layerName: string) => Tensor;

const keepEverything: DropoutPass = values => values;

/**
 * Forward pass of a classifier up to the logits, which its last layer (dense with softmax) has
 * before the softmax. The dropout layers of TensorFlow.js draw from an unseeded stream, or the same
 * mask at every call, so the caller says what dropout does.
 *
 * @param inputs `[batch, …]`
 * @returns `[batch, classes]`
 */
export function logitsOf(
  model: Sequential,
  inputs: Tensor,
  dropout: DropoutPass = keepEverything,
): Tensor2D {
  const classification = model.layers.at(-1);
  if (classification?.getClassName() !== 'Dense') {
    throw new Error('The last layer of a recipe must be dense.');
  }
  const features = model.layers.slice(0, -1).reduce((values, layer) => {
    if (layer.getClassName() !== 'Dropout') return layer.apply(values) as Tensor;
    return dropout(values, layer.getConfig()['rate'] as number, layer.name);
  }, inputs);
  const [kernel, bias] = classification.getWeights() as [Tensor2D, Tensor1D];
  return add(matMul(features as Tensor2D, kernel), bias);
}

/**
 * Cross-entropy −log softmax(z)ᵧ of each sample in nats, from the logits: exact for confident
 * samples too, where the logarithm of a rounded probability is not.
 *
 * @param logits `[batch, classes]`
 * @param labels `[batch]`, int32
 * @returns `[batch]`
 */
export function crossEntropy(logits: Tensor2D, labels: Tensor1D): Tensor1D {
  const classCount = logits.shape[1];
  // Not oneHot's own float32: the wasm kernel writes integers whatever the type (tfjs 4.22).
  const oneHotLabels = cast(oneHot(labels, classCount), 'float32');
  const labelLogits = sum(mul(logits, oneHotLabels), 1);
  return sub(logSumExp(logits, 1), labelLogits);
}
