import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { Matrix } from '../linear-algebra/matrix.ts';
import type { LinearEnd } from './linear-end.ts';
import {
  type Layer,
  type LayerProgram,
  type LayerStep,
  type MaskedTensor,
  runLayer,
  unfoldLayers,
} from './layer-program.ts';

/** Layers that in inference pass values on, at most in another shape. */
const transparent = new Set([
  'Dropout',
  'SpatialDropout1D',
  'GaussianDropout',
  'GaussianNoise',
  'AlphaDropout',
  'Flatten',
  'Reshape',
]);

/** The dense layer (or the convolution of one pixel) that gives the output of a layers model. */
export function lastKerasLayer(model: LayersModel): LinearEnd | undefined {
  const program = unfoldLayers(model);
  const last = lastWeights(program);
  const features = last?.inputs[0];
  if (last === undefined || features === undefined) return undefined;
  const [kernel, bias] = last.layer.getWeights();
  if (kernel === undefined) return undefined;

  const outputCount = kernel.shape.at(-1) ?? 0;
  const featureCount = kernel.size / outputCount;
  const steps = stepsTo(program, features);
  return {
    name: last.path,
    weights: new Matrix(featureCount, outputCount, Float64Array.from(kernel.dataSync())),
    bias: bias === undefined ? new Float64Array(outputCount) : Float64Array.from(bias.dataSync()),
    features: prepared => {
      const values = new Map<number, MaskedTensor>([
        [program.input, { tensor: prepared, mask: undefined }],
      ]);
      for (const step of steps) {
        const inputs = step.inputs.map(input => values.get(input) as MaskedTensor);
        const outputs = runLayer(step, inputs);
        step.outputs.forEach((value, i) => values.set(value, outputs[i] as MaskedTensor));
      }
      return tf.reshape((values.get(features) as MaskedTensor).tensor, [-1, featureCount]);
    },
  };
}

function lastWeights(program: LayerProgram): LayerStep | undefined {
  const makers = new Map(program.steps.flatMap(step => step.outputs.map(value => [value, step])));
  let value = program.output;
  for (;;) {
    const step = makers.get(value);
    if (step === undefined) return undefined;
    if (isLinearLayer(step.layer)) return step;
    if (!isTransparent(step.layer)) return undefined;
    value = step.inputs[0] as number;
  }
}

function isTransparent(layer: Layer): boolean {
  return (
    transparent.has(layer.getClassName()) ||
    (layer.getClassName() === 'Activation' && activationOf(layer) === 'linear')
  );
}

function isLinearLayer(layer: Layer): boolean {
  if (activationOf(layer) !== 'linear') return false;
  const kind = layer.getClassName();
  if (kind === 'Dense') return true;
  const [height, width] = layer.getWeights()[0]?.shape ?? [];
  return kind === 'Conv2D' && height === 1 && width === 1;
}

function activationOf(layer: Layer): unknown {
  return layer.getConfig()['activation'];
}

/** The steps that a value needs, in their order. */
function stepsTo(program: LayerProgram, value: number): readonly LayerStep[] {
  const needed = new Set([value]);
  const steps: LayerStep[] = [];
  for (const step of program.steps.toReversed()) {
    if (!step.outputs.some(output => needed.has(output))) continue;
    steps.unshift(step);
    for (const input of step.inputs) needed.add(input);
  }
  return steps;
}
