import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import type { Batch } from '../../src/arrays/batch.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import {
  type LayerProgram,
  type MaskedTensor,
  runLayer,
  unfoldLayers,
} from '../../src/uncertainty/layer-program.ts';
import { splitProgram } from '../../src/uncertainty/split-program.ts';
import { surveyStochasticLayers } from '../../src/uncertainty/stochastic-program.ts';
import { predictedLogits, sequence, someInputs, withFixedWeights } from './small-networks.ts';

const { layers } = tfl;
await openEngine({ name: 'cpu' });

function run(program: LayerProgram, inputs: Batch): number[][] {
  return tf.tidy(() => {
    const x = tf.tensor(inputs.values, [inputs.count, ...inputs.shape]);
    const values = new Map<number, MaskedTensor>([[program.input, { tensor: x, mask: undefined }]]);
    for (const step of program.steps) {
      const outputs = runLayer(
        step,
        step.inputs.map(input => values.get(input) as MaskedTensor),
      );
      step.outputs.forEach((value, i) => values.set(value, outputs[i] as MaskedTensor));
    }
    return (values.get(program.output)?.tensor as tf.Tensor2D).arraySync();
  });
}

function apply(layer: InstanceType<typeof tfl.layers.Layer>, input: unknown): tfl.SymbolicTensor {
  return layer.apply(input as tfl.SymbolicTensor) as tfl.SymbolicTensor;
}

function residualNetwork(): tfl.LayersModel {
  const block = tfl.sequential({
    name: 'block',
    layers: [
      layers.dense({ units: 4, inputShape: [4], activation: 'tanh', name: 'first' }),
      layers.dropout({ rate: 0.5, name: 'drop' }),
    ],
  });
  const input = tfl.input({ shape: [4] });
  const stem = apply(layers.dense({ units: 4, name: 'stem' }), input);
  const once = apply(layers.add({ name: 'add' }), [stem, apply(block, stem)]);
  const twice = apply(block, once);
  return withFixedWeights(
    tfl.model({ inputs: input, outputs: apply(layers.dense({ units: 2, name: 'end' }), twice) }),
  );
}

const recurrent = { recurrentInitializer: 'zeros', dropout: 0.5 } as const;
const networks: Record<string, () => tfl.LayersModel> = {
  'a convolutional one': () =>
    sequence(
      layers.conv2d({ filters: 2, kernelSize: 3, inputShape: [5, 5, 1], activation: 'relu' }),
      layers.batchNormalization(),
      layers.flatten(),
      layers.dropout({ rate: 0.5 }),
      layers.dense({ units: 3 }),
    ),
  'one with a nested model called twice': residualNetwork,
  'a recurrent one with masked steps': () =>
    sequence(
      layers.masking({ inputShape: [3, 2] }),
      layers.bidirectional({ layer: layers.gru({ units: 2, ...recurrent }), mergeMode: 'concat' }),
      layers.dense({ units: 3 }),
    ),
};

describe('with its randomness off, an unfolded network answers as the model does, to the last bit', () => {
  test.each(Object.entries(networks))('%s', (_, build) => {
    const model = build();
    const inputs = someInputs(3, model.inputs[0]?.shape.slice(1) as number[]);
    inputs.values.fill(0, 0, 2);
    expect(run(unfoldLayers(model), inputs)).toEqual(predictedLogits(model, inputs));
  });
});

describe('the cut before the first stochastic layer', () => {
  const paths = (steps: LayerProgram['steps']): string[] => steps.map(step => step.path);

  test('leaves everything that noise does not reach to the trunk', () => {
    const program = unfoldLayers(networks['a convolutional one']?.() as tfl.LayersModel);
    const { trunk, head, frontier } = splitProgram(program, surveyStochasticLayers(program).steps);
    expect(trunk).toHaveLength(3);
    expect(head.map(step => step.layer.getClassName())).toEqual(['Dropout', 'Dense']);
    expect(frontier).toEqual(trunk.at(-1)?.outputs);
  });

  test('goes through nested models and around branches', () => {
    const program = unfoldLayers(residualNetwork());
    const { steps } = surveyStochasticLayers(program);
    expect(steps.map(step => step.key)).toEqual(['block/drop', 'block/drop#1']);
    const { trunk, head, frontier } = splitProgram(program, steps);
    expect(paths(trunk)).toEqual(['stem', 'block/first']);
    expect(paths(head)).toEqual(['block/drop', 'add', 'block/first', 'block/drop', 'end']);
    // What the dropout reads, and what goes around it.
    expect(new Set(frontier)).toEqual(new Set(trunk.flatMap(step => step.outputs)));
  });
});
