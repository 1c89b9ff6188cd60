import {
  inputsOf,
  isLayer,
  isModel,
  layersOf,
  nameOfLayer,
  outputsOf,
  type KerasLayer,
  type KerasTensor,
} from './keras-config.ts';
import type { FinalActivation } from './network.ts';

/** Layers that change neither the values of their input nor their order, in inference. */
const transparent = new Set([
  'Reshape',
  'Flatten',
  'Dropout',
  'SpatialDropout1D',
  'SpatialDropout2D',
  'GaussianNoise',
  'GaussianDropout',
  'AlphaDropout',
  'ActivityRegularization',
]);

/** Layers that apply their activation last (a recurrent layer, say, applies it inside). */
const activationLast = new Set([
  'Activation',
  'Softmax',
  'Dense',
  'Conv1D',
  'Conv2D',
  'Conv3D',
  'Conv2DTranspose',
  'Conv3DTranspose',
  'DepthwiseConv2D',
  'SeparableConv2D',
]);

const removableActivations = new Set(['softmax', 'sigmoid']);

/**
 * Finds the activation that ends an output of a Keras model, and where it is a softmax or a sigmoid
 * makes it linear in place, so that the output is the logits (`removable` says whether it did).
 * Whatever the layer is called: an
 * `Activation` or `Softmax` layer, the activation of a `Dense` or convolution layer, or any of these
 * at the end of a nested model, behind layers that only reshape or are idle in inference.
 *
 * @param model configuration, changed in place (see `copyModelConfig`)
 * @param outputIndex which of the outputs
 */
export function removeFinalActivation(model: KerasLayer, outputIndex = 0): FinalActivation {
  const outputs = outputsOf(model);
  const layers = layersOf(model);
  const end =
    outputs === undefined ? lastOf(layers) : byName(layers, outputs[outputIndex] ?? outputs[0]);
  return end === undefined
    ? { activation: 'linear', layer: nameOfLayer(model), removable: false }
    : removeFrom(end.layer, end.tensor, model);
}

interface End {
  readonly layer: KerasLayer;
  /** Which call and output of it; `undefined` in a sequential model. */
  readonly tensor: KerasTensor | undefined;
}

function removeFrom(
  layer: KerasLayer,
  tensor: KerasTensor | undefined,
  model: KerasLayer,
): FinalActivation {
  if (transparent.has(layer.class_name)) {
    const before = previous(layer, tensor, model);
    if (before !== undefined) return removeFrom(before.layer, before.tensor, model);
  }
  const usedOnce = isUsedOnce(layer, model);
  if (isModel(layer)) {
    const inside = structuredClone(layer);
    const found = removeFinalActivation(usedOnce ? layer : inside, tensor?.[2]);
    return {
      ...found,
      layer: `${nameOfLayer(layer)}/${found.layer}`,
      removable: found.removable && usedOnce,
    };
  }
  const activation = activationOf(layer);
  const removable =
    removableActivations.has(activation) && activationLast.has(layer.class_name) && usedOnce;
  if (removable) makeLinear(layer);
  return { activation, layer: nameOfLayer(layer), removable };
}

/** The activation of a layer by its Keras name; `linear` for a layer without one. */
function activationOf(layer: KerasLayer): string {
  switch (layer.class_name) {
    case 'Softmax':
      return 'softmax';
    case 'ReLU':
    case 'LeakyReLU':
    case 'ELU':
    case 'PReLU':
    case 'ThresholdedReLU':
      return layer.class_name;
    default: {
      const { activation } = layer.config;
      if (typeof activation === 'string') return snakeCase(activation);
      if (isLayer(activation)) return snakeCase(activation.class_name);
      return 'linear';
    }
  }
}

/** Keras writes `log_softmax`, TensorFlow.js also `logSoftmax`, and an object `LogSoftmax`. */
function snakeCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])([A-Z])/g, '_$1').toLowerCase();
}

/** Other layers and weights keep their names, so the saved weights still fit. */
function makeLinear(layer: KerasLayer): void {
  if (layer.class_name !== 'Softmax') {
    layer.config['activation'] = 'linear';
    return;
  }
  layer.class_name = 'Activation';
  const { axis: _axis, ...config } = layer.config;
  layer.config = { ...config, activation: 'linear' };
}

/** Whether the layer is called once, and its answer goes one way only: then it may be changed. */
function isUsedOnce(layer: KerasLayer, model: KerasLayer): boolean {
  const outputs = outputsOf(model);
  if (outputs === undefined) return true;
  const isThis = ([name]: KerasTensor): boolean => name === nameOfLayer(layer);
  const readers = layersOf(model).flatMap(inputsOf).flat().filter(isThis).length;
  return inputsOf(layer).length === 1 && readers + outputs.filter(isThis).length === 1;
}

function previous(
  layer: KerasLayer,
  tensor: KerasTensor | undefined,
  model: KerasLayer,
): End | undefined {
  const layers = layersOf(model);
  if (tensor === undefined) return lastOf(layers.slice(0, layers.indexOf(layer)));
  return byName(layers, inputsOf(layer)[tensor[1]]?.[0]);
}

function lastOf(layers: readonly KerasLayer[]): End | undefined {
  const layer = layers.at(-1);
  return layer === undefined ? undefined : { layer, tensor: undefined };
}

function byName(layers: readonly KerasLayer[], tensor: KerasTensor | undefined): End | undefined {
  const layer = layers.find(each => nameOfLayer(each) === tensor?.[0]);
  return layer === undefined ? undefined : { layer, tensor };
}
