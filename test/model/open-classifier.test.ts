import { basename, dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import type { BatchFunction, Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { crossEntropy } from '../../src/model/losses.ts';
import { openClassifier, type OpenedModel } from '../../src/model/open-classifier.ts';
import type { OpenModelOptions } from '../../src/model/logit-network.ts';
import { readSavedModel } from '../../src/model/read-saved-model.ts';
import golden from '../fixtures/golden.json' with { type: 'json' };
import {
  layersModelFiles,
  saveLayersModel,
  writeModel,
  type ModelFile,
} from '../fixtures/write-model.ts';

const bounds = { lower: 0, upper: 1 };
let engine: Engine;

beforeAll(async () => {
  engine = await openEngine({ name: 'cpu' });
});

afterAll(() => engine.dispose());

/** Opens a model from disk; it is disposed of after the test. */
async function openPath(
  path: string,
  options: Partial<OpenModelOptions> = {},
): Promise<OpenedModel> {
  const opened = await openClassifier(engine, await readSavedModel(path), { bounds, ...options });
  onTestFinished(() => opened.dispose());
  return opened;
}

async function open(
  model: layers.LayersModel,
  options: Partial<OpenModelOptions> = {},
): Promise<OpenedModel> {
  return openPath(await saveLayersModel(model), options);
}

/** Opens a model whose JSON a test has changed. */
async function openChanged(
  model: layers.LayersModel,
  change: (json: ModelFile) => void,
  options: Partial<OpenModelOptions> = {},
): Promise<OpenedModel> {
  const files = await layersModelFiles(model);
  change(files.json);
  return openPath(await writeModel(files), options);
}

async function failure(action: Promise<unknown>): Promise<unknown> {
  return action.then(
    () => 'no problem',
    (error: unknown) => error,
  );
}

/** Four inputs that differ in every value. */
function inputsOf(shape: readonly number[]): Batch {
  const batch = Batch.zeros(4, shape);
  batch.values.forEach((_, i) => (batch.values[i] = (i * 0.37) % 1));
  return batch;
}

/** What the model itself answers, by TensorFlow.js. */
function answers(model: layers.LayersModel, inputs: Batch): Float32Array {
  return tf.tidy(() => {
    const tensor = tf.tensor(inputs.values, [inputs.count, ...inputs.shape]);
    return (model.predict(tensor) as tf.Tensor).dataSync<'float32'>();
  });
}

function softmaxRows(logits: Batch): Float32Array {
  return tf.tidy(() =>
    tf.softmax(tf.tensor2d(logits.values, [logits.count, logits.sampleSize])).dataSync<'float32'>(),
  );
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, within = 1e-5): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < actual.length; i++) {
    expect(Math.abs((actual[i] as number) - (expected[i] as number))).toBeLessThan(within);
  }
}

describe('the golden linear model of three classes', () => {
  const {
    W,
    b,
    x,
    logits,
    label,
    ce,
    grad_ce_wrt_x: gradientOfCrossEntropy,
  } = golden.linear_multiclass;

  test.each(['softmax', 'linear'] as const)('with %s', async activation => {
    const dense = layers.layers.dense({ units: 3, inputShape: [4], activation });
    const model = layers.sequential({ layers: [dense] });
    dense.setWeights([tf.tensor2d(W), tf.tensor1d(b)]);
    const { classifier } = await open(model);

    const inputs = new Batch(Float32Array.from(x), [4]);
    expectClose((await classifier.logits(inputs)).values, logits, 1e-6);
    const oneHot = Float32Array.from([0, 1, 2], i => Number(i === label));
    const { losses, gradient } = await classifier.lossGradient(crossEntropy, inputs, [oneHot]);
    expect(losses[0]).toBeCloseTo(ce, 6);
    expectClose(gradient.values, gradientOfCrossEntropy, 1e-6);
  });
});

test('remarks name a model by folder and file, whatever machine it lies on', async () => {
  const path = await saveLayersModel(
    layers.sequential({ layers: [layers.layers.dense({ units: 2, inputShape: [3] })] }),
  );
  const names: string[] = [];
  const watched = Object.create(engine, {
    prepare: {
      value: (fn: BatchFunction) => {
        names.push(fn.name);
        return engine.prepare(fn);
      },
    },
  }) as Engine;
  const opened = await openClassifier(watched, await readSavedModel(path), {
    bounds,
  });
  await opened.classifier.logits(new Batch(new Float32Array(3), [3]));
  const folder = basename(dirname(path));
  expect(names.at(-1)).toBe(`logits of ${join(folder, 'model.json')}`);
  opened.dispose();
});

describe('logits are found before the softmax', () => {
  const { dense, activation, softmax, conv2d, flatten, reshape, dropout } = layers.layers;
  const options = { inputShape: [6] };
  const body = (): layers.layers.Layer =>
    dense({ units: 5, activation: 'tanh', inputShape: [6], name: 'body' });

  const models: readonly (readonly [string, () => layers.LayersModel, string])[] = [
    [
      'Dense with softmax',
      () =>
        layers.sequential({
          layers: [body(), dense({ units: 3, activation: 'softmax', name: 'answer' })],
        }),
      'answer',
    ],
    [
      'an Activation layer',
      () =>
        layers.sequential({
          layers: [
            body(),
            dense({ units: 3 }),
            activation({ activation: 'softmax', name: 'answer' }),
          ],
        }),
      'answer',
    ],
    [
      'a Softmax layer',
      () =>
        layers.sequential({ layers: [body(), dense({ units: 3 }), softmax({ name: 'answer' })] }),
      'answer',
    ],
    [
      'a convolution with softmax, behind it layers that only reshape',
      () =>
        layers.sequential({
          layers: [
            reshape({ targetShape: [1, 1, 6], inputShape: [6] }),
            conv2d({ filters: 3, kernelSize: 1, activation: 'softmax', name: 'answer' }),
            flatten(),
            dropout({ rate: 0.5 }),
          ],
        }),
      'answer',
    ],
    [
      'a nested sequential model',
      () =>
        layers.sequential({
          layers: [
            body(),
            layers.sequential({
              name: 'head',
              layers: [dense({ units: 3, activation: 'softmax', inputShape: [5], name: 'answer' })],
            }),
          ],
        }),
      'head/answer',
    ],
    [
      'a functional model in a functional model',
      () => {
        const inner = layers.input({ shape: [5] });
        const head = layers.model({
          name: 'head',
          inputs: inner,
          outputs: softmax({ name: 'answer' }).apply(
            dense({ units: 3 }).apply(inner),
          ) as layers.SymbolicTensor,
        });
        const input = layers.input({ shape: [6] });
        const output = head.apply(body().apply(input)) as layers.SymbolicTensor;
        return layers.model({ inputs: input, outputs: output });
      },
      'head/answer',
    ],
    [
      'a functional model with a branch',
      () => {
        const input = layers.input({ shape: [6] });
        const left = dense({ units: 4, activation: 'relu' }).apply(input) as layers.SymbolicTensor;
        const right = dense({ units: 4, activation: 'tanh' }).apply(input) as layers.SymbolicTensor;
        const sum = layers.layers.add().apply([left, right]);
        const output = dense({ units: 3, activation: 'softmax', name: 'answer' }).apply(sum);
        return layers.model({ inputs: input, outputs: output as layers.SymbolicTensor });
      },
      'answer',
    ],
  ];

  test.each(models)('%s', async (_, make, layer) => {
    const model = make();
    const { classifier, description } = await open(model);
    const inputs = inputsOf(options.inputShape);
    const logits = await classifier.logits(inputs);
    const probabilities = answers(model, inputs);
    expectClose(softmaxRows(logits), probabilities);
    // Logarithms of the probabilities would have a softmax of themselves, too.
    const logarithms = [...logits.row(0)].map((z, k) => z - Math.log(probabilities[k] as number));
    expect(Math.max(...logarithms.map(Math.abs))).toBeGreaterThan(1e-3);
    expect(description).toMatchObject({
      format: 'layers-model',
      inputShape: [6],
      classCount: 3,
      parameterCount: model.countParams(),
      logits: `The input of the softmax at ${layer}; the model's answers confirm it.`,
      notes: [],
    });
  });

  test('logarithms of probabilities, where the softmax is used elsewhere too', async () => {
    const input = layers.input({ shape: [6] });
    const first = dense({ units: 3, activation: 'softmax', name: 'first' }).apply(input);
    const again = layers.layers.add().apply([first, first] as layers.SymbolicTensor[]);
    const halved = layers.layers.average().apply([again, again] as layers.SymbolicTensor[]);
    const model = layers.model({
      inputs: input,
      outputs: [first, halved] as layers.SymbolicTensor[],
    });
    const { classifier, description } = await open(model, { output: 'first' });
    const inputs = inputsOf([6]);
    const [expected] = tf.tidy(() =>
      (model.predict(tf.tensor2d(inputs.values, [4, 6])) as tf.Tensor[]).map(t => t.dataSync()),
    ) as unknown as Float32Array[];
    const logits = await classifier.logits(inputs);
    expectClose(softmaxRows(logits), expected as Float32Array);
    expectClose(logits.values, (expected as Float32Array).map(Math.log));
    expect(description.logits).toBe(
      'Logarithms of the probabilities: what stands before them at first cannot be had.',
    );
  });

  // TensorFlow.js has it, though its types do not name it.
  test('log_softmax gives logits itself', async () => {
    const model = layers.sequential({
      layers: [
        body(),
        dense({ units: 3 }),
        activation({ activation: 'logSoftmax' as 'softmax', name: 'answer' }),
      ],
    });
    const { classifier, description } = await open(model);
    const inputs = inputsOf([6]);
    expectClose((await classifier.logits(inputs)).values, answers(model, inputs));
    expect(description.logits).toBe(
      'The output itself: logarithms of probabilities, by the log_softmax at answer.',
    );
  });

  test('a model that gives logits', async () => {
    const model = layers.sequential({ layers: [body(), dense({ units: 3 })] });
    const { classifier, description } = await open(model);
    const inputs = inputsOf([6]);
    expectClose((await classifier.logits(inputs)).values, answers(model, inputs));
    expect(description.logits).toBe(
      'The output itself: its values do not sum to one, so they are taken as logits.',
    );
  });

  test('a sigmoid is the logit of the second of two classes', async () => {
    const model = layers.sequential({
      layers: [body(), dense({ units: 1, activation: 'sigmoid', name: 'answer' })],
    });
    const { classifier, description } = await open(model);
    expect(classifier.classCount).toBe(2);
    const inputs = inputsOf([6]);
    const logits = await classifier.logits(inputs);
    expectClose(
      softmaxRows(logits).filter((_, i) => i % 2 === 1),
      answers(model, inputs),
    );
    expect([...logits.values].filter((_, i) => i % 2 === 0)).toEqual([0, 0, 0, 0]);
    expect(description.logits).toBe(
      'The input of the sigmoid at answer is the logit of the second class; that of the first is 0.',
    );
  });

  test('a single linear output is a logit, too', async () => {
    const model = layers.sequential({ layers: [body(), dense({ units: 1 })] });
    const { classifier, description } = await open(model);
    const inputs = inputsOf([6]);
    const logits = await classifier.logits(inputs);
    expectClose(
      logits.values.filter((_, i) => i % 2 === 1),
      answers(model, inputs),
    );
    expect(description.logits).toBe(
      'The single output is the logit of the second class; that of the first is 0.',
    );
  });

  test('a single probability of another kind has log-odds', async () => {
    const model = layers.sequential({
      layers: [body(), dense({ units: 1, activation: 'hardSigmoid', name: 'answer' })],
    });
    const { classifier, description } = await open(model);
    const inputs = inputsOf([6]);
    const logits = await classifier.logits(inputs);
    expectClose(
      softmaxRows(logits).filter((_, i) => i % 2 === 1),
      answers(model, inputs),
    );
    expect(description.logits).toBe(
      'Log-odds of the single probability: what stands before it at answer cannot be had.',
    );
  });

  test('a single value around zero is on the side of the second class above 0, however large', async () => {
    // Random inputs all end above 0.7 here, as a probability would; the negated input does not.
    const model = layers.sequential({
      layers: [dense({ units: 1, activation: 'tanh', inputShape: [1], name: 'answer' })],
    });
    model.setWeights([tf.tensor2d([[0.5]]), tf.tensor1d([1])]);
    const { classifier } = await open(model, { bounds: { lower: 0, upper: 1 } });
    const { values } = await classifier.logits(new Batch(Float32Array.of(0, 1), [1]));
    expectClose(values, [0, Math.tanh(1), 0, Math.tanh(1.5)]);
  });

  test('probabilities in per cent have logarithms', async () => {
    const model = layers.sequential({
      layers: [
        body(),
        dense({ units: 3, activation: 'softmax', name: 'answer' }),
        layers.layers.rescaling({ scale: 100 }),
      ],
    });
    const { classifier } = await open(model);
    const inputs = inputsOf([6]);
    expectClose(
      softmaxRows(await classifier.logits(inputs)).map(value => 100 * value),
      answers(model, inputs),
      1e-4,
    );
  });

  test('a confident model keeps its gradient', async () => {
    const answer = dense({ units: 2, activation: 'softmax', inputShape: [1] });
    const model = layers.sequential({ layers: [answer] });
    answer.setWeights([tf.tensor2d([[1000, -1000]]), tf.tensor1d([0, 0])]);
    const { classifier } = await open(model);
    const { losses, gradient } = await classifier.lossGradient(
      crossEntropy,
      new Batch(Float32Array.of(1), [1]),
      [Float32Array.of(0, 1)],
    );
    expect(losses[0]).toBe(2000);
    expect(gradient.values[0]).toBe(2000);
  });
});

describe('several outputs', () => {
  const make = (second: 'softmax' | 'relu'): layers.LayersModel => {
    const { dense } = layers.layers;
    const input = layers.input({ shape: [4] });
    const body = dense({ units: 5, name: 'features' }).apply(input) as layers.SymbolicTensor;
    const outputs = [
      dense({ units: 2, name: 'box' }).apply(body),
      dense({ units: 3, activation: second, name: 'classes' }).apply(body),
    ] as layers.SymbolicTensor[];
    return layers.model({ inputs: input, outputs });
  };

  test('the one with a softmax holds the classes', async () => {
    const { classifier, description } = await open(make('softmax'));
    expect(classifier.classCount).toBe(3);
    expect(description.output).toBe('classes');
  });

  test('or the one that is named', async () => {
    const { classifier } = await open(make('softmax'), { output: 'box' });
    expect(classifier.classCount).toBe(2);
  });

  test('none is clear', async () => {
    expect(await failure(open(make('relu')))).toMatchObject({
      code: 'model/output-ambiguous',
      message: 'The model has 2 outputs, and which of them holds the classes is not clear.',
      remedy: 'Name one of them as output in the configuration: box (linear), classes (relu).',
    });
  });

  test('none of that name', async () => {
    expect(await failure(open(make('softmax'), { output: 'labels' }))).toMatchObject({
      code: 'model/output-unknown',
      message: 'The model has no output labels.',
      remedy: 'Name one of its outputs: box (linear), classes (softmax).',
    });
  });
});

describe('inputs', () => {
  const { dense, flatten, conv2d, globalAveragePooling2d } = layers.layers;

  test('without an axis for the channel', async () => {
    const model = layers.sequential({
      layers: [flatten({ inputShape: [4, 5] }), dense({ units: 3, activation: 'softmax' })],
    });
    const without = await open(model);
    expect(without.classifier.inputShape).toEqual([4, 5]);
    const inputs = inputsOf([4, 5]);
    const logits = await without.classifier.logits(inputs);
    expectClose(softmaxRows(logits), answers(model, inputs));

    const shape = [4, 5, 1];
    const withAxis = await open(model, { inputShape: shape });
    expect(withAxis.classifier.inputShape).toEqual(shape);
    const same = await withAxis.classifier.logits(new Batch(inputs.values, shape));
    expect(same.values).toEqual(logits.values);
  });

  test('of open size', async () => {
    const model = layers.sequential({
      layers: [
        conv2d({ filters: 4, kernelSize: 3, inputShape: [null, null, 2] }),
        globalAveragePooling2d({ dataFormat: 'channelsLast' }),
        dense({ units: 3, activation: 'softmax' }),
      ],
    });
    const path = await saveLayersModel(model);
    expect(await failure(openPath(path))).toMatchObject({
      code: 'model/input-open',
      message: 'The model leaves the shape of its input open ([open, open, 2]).',
      place: { file: path },
      remedy: 'Give the shape of the input in the configuration.',
    });
    expect(await failure(openPath(path, { inputShape: [6, 6, 3] }))).toMatchObject({
      code: 'model/input-mismatch',
      message:
        'The configuration gives inputs of shape [6, 6, 3], but the model takes [open, open, 2].',
      place: { file: path },
      remedy: 'Correct or leave out the shape in the configuration.',
    });
    const inputs = inputsOf([6, 7, 2]);
    const { classifier } = await openPath(path, { inputShape: [6, 7, 2] });
    expectClose(softmaxRows(await classifier.logits(inputs)), answers(model, inputs));
  });

  test('saved for a batch of one', async () => {
    const model = layers.sequential({
      layers: [dense({ units: 3, activation: 'softmax', batchInputShape: [1, 4] })],
    });
    const { classifier } = await open(model);
    const inputs = inputsOf([4]);
    const together = await classifier.logits(inputs);
    const alone = await classifier.logits(inputs.slice(2, 3));
    expectClose(alone.values, together.row(2));
  });

  test('of whole numbers', async () => {
    const input = layers.input({ shape: [4], dtype: 'int32', name: 'words' });
    const vectors = layers.layers.embedding({ inputDim: 10, outputDim: 3 }).apply(input);
    const output = dense({ units: 2 }).apply(flatten().apply(vectors)) as layers.SymbolicTensor;
    expect(await failure(open(layers.model({ inputs: input, outputs: output })))).toMatchObject({
      code: 'model/unsupported',
      message: 'The input words takes int32 values, for which there is no gradient.',
      remedy: 'Save the model with a float32 input, and cast inside the model.',
    });
  });

  test('more than one', async () => {
    const [a, b] = ['a', 'b'].map(name => layers.input({ shape: [3], name }));
    const sum = layers.layers.add().apply([a, b] as layers.SymbolicTensor[]);
    const model = layers.model({
      inputs: [a, b] as layers.SymbolicTensor[],
      outputs: sum as layers.SymbolicTensor,
    });
    expect(await failure(open(model))).toMatchObject({
      code: 'model/unsupported',
      message: 'The model takes 2 inputs (a, b); Assay can only change one.',
      remedy: 'Save a model that takes one input.',
    });
  });
});

describe('inference mode', () => {
  test('dropout is idle; batch normalisation uses its moving statistics and leaves them alone', async () => {
    const { dense, dropout, batchNormalization } = layers.layers;
    const normalisation = batchNormalization({ name: 'norm' });
    const model = layers.sequential({
      layers: [
        dense({ units: 5, inputShape: [4] }),
        normalisation,
        dropout({ rate: 0.9 }),
        dense({ units: 3, activation: 'softmax' }),
      ],
    });
    const statistics = [
      [1, 2, 3, 4, 5],
      [0.1, 0.2, 0.3, 0.4, 0.5],
      [1, -1, 2, -2, 3],
      [1, 4, 9, 16, 25],
    ];
    normalisation.setWeights(statistics.map(values => tf.tensor1d(values)));
    const { classifier } = await open(model);
    const inputs = inputsOf([4]);
    const expected = answers(model, inputs);
    const oneHot = new Float32Array(12).fill(1, 0, 1);
    for (let i = 0; i < 3; i++) {
      const { logits } = await classifier.lossGradient(crossEntropy, inputs, [oneHot]);
      expectClose(softmaxRows(logits), expected);
      expectClose(softmaxRows(await classifier.logits(inputs)), expected);
    }
  });
});

describe('preprocessing', () => {
  test('is inside the classifier, with its gradient in input units', async () => {
    const answer = layers.layers.dense({ units: 2, activation: 'softmax', inputShape: [3] });
    const model = layers.sequential({ layers: [answer] });
    const kernel = [
      [1, 2],
      [3, 5],
      [7, 11],
    ];
    answer.setWeights([tf.tensor2d(kernel), tf.tensor1d([0, 0])]);
    const { classifier } = await open(model, {
      bounds: { lower: 0, upper: 255 },
      preprocessing: {
        channelOrder: 'bgr',
        scale: 2,
        offset: 1,
        mean: [1, 2, 3],
        standardDeviation: [1, 2, 4],
      },
    });
    const inputs = new Batch(Float32Array.of(10, 20, 30), [3]);
    // Blue, green, red as the model sees them.
    const seen = [(30 * 2 + 1 - 1) / 1, (20 * 2 + 1 - 2) / 2, (10 * 2 + 1 - 3) / 4];
    const expected = [0, 1].map(k =>
      seen.reduce((sum, v, i) => sum + v * (kernel[i]?.[k] ?? NaN), 0),
    );
    const { losses, logits, gradient } = await classifier.lossGradient(crossEntropy, inputs, [
      Float32Array.of(1, 0),
    ]);
    expectClose(logits.values, expected, 1e-3);
    expect(losses[0]).toBeCloseTo((expected[1] ?? NaN) - (expected[0] ?? NaN), 3);
    expectClose(gradient.values, [4 * (2 / 4), 2 * (2 / 2), 1 * 2], 1e-5);
  });

  test('that does not fit the channels', async () => {
    const model = layers.sequential({
      layers: [layers.layers.dense({ units: 2, inputShape: [3] })],
    });
    expect(await failure(open(model, { preprocessing: { mean: [1, 2] } }))).toMatchObject({
      code: 'model/input-mismatch',
      message: 'The preprocessing gives 2 numbers as mean, but the input has 3 channels.',
      place: { field: 'mean' },
      remedy: 'Give one number, or one for each channel.',
    });
    expect(await failure(open(model, { preprocessing: { standardDeviation: 0 } }))).toMatchObject({
      code: 'model/input-mismatch',
      message: 'The preprocessing has standardDeviation 0, 0, 0; it must be finite and not zero.',
      remedy: 'Correct the preprocessing in the configuration.',
    });
  });
});

describe('models that cannot be audited', () => {
  const { dense, conv2d } = layers.layers;
  const small = (): layers.LayersModel =>
    layers.sequential({ layers: [dense({ units: 2, inputShape: [3], name: 'only' })] });

  /** The configuration of the only layer of `small`. */
  function layerOf(json: ModelFile): Record<string, unknown> {
    const topology = json.modelTopology as {
      config: { layers: Record<string, unknown>[] };
    };
    return topology.config.layers[0] as Record<string, unknown>;
  }

  test('an unknown layer', async () => {
    const opening = openChanged(
      small(),
      json => (layerOf(json)['class_name'] = 'MultiHeadAttention'),
    );
    expect(await failure(opening)).toMatchObject({
      code: 'model/unknown-layer',
      message: 'The layer only is a MultiHeadAttention, which TensorFlow.js does not have.',
      place: { field: 'only' },
      remedy:
        'Convert the model as tfjs_graph_model, which needs no layer classes, or replace the layer.',
    });
  });

  test('a configuration of Keras 3', async () => {
    const opening = openChanged(small(), json => {
      (json.modelTopology as Record<string, unknown>)['keras_version'] = '3.4.1';
    });
    expect(await failure(opening)).toMatchObject({
      code: 'model/keras-3',
      message: 'The model was saved by Keras 3.4.1, whose configuration TensorFlow.js cannot read.',
      place: { field: 'keras_version' },
      remedy:
        'Save it with tf_keras (Keras 2) and convert it again, or convert it as tfjs_graph_model.',
    });
  });

  test('weights of other names', async () => {
    const opening = openChanged(small(), json => {
      const weights = json.weightsManifest[0]?.weights ?? [];
      for (const weight of weights) weight.name = `other/${weight.name}`;
    });
    expect(await failure(opening)).toMatchObject({
      code: 'model/failed',
      message:
        'TensorFlow.js cannot build the model: Provided weight data has no target variable: other/only/kernel',
      remedy: 'Check that tf.loadLayersModel loads it; if it does, please report this.',
    });
  });

  test('pictures to pictures', async () => {
    const model = layers.sequential({
      layers: [
        conv2d({ filters: 3, kernelSize: 3, padding: 'same', inputShape: [5, 6, 3], name: 'up' }),
      ],
    });
    expect(await failure(open(model))).toMatchObject({
      code: 'model/not-a-classifier',
      message: 'The output up has shape [5, 6, 3] for each sample, not one value for each class.',
      place: { field: 'up' },
      remedy: 'Choose the model of a classifier.',
    });
  });

  test('a softmax of one value, which is 1 for every input', async () => {
    const model = layers.sequential({
      layers: [dense({ units: 1, activation: 'softmax', inputShape: [3], name: 'answer' })],
    });
    expect(await failure(open(model))).toMatchObject({
      code: 'model/not-a-classifier',
      message:
        'The output answer is the softmax of a single value at answer, which is the same for every input.',
      place: { field: 'answer' },
    });
  });

  test('answers that are not finite are noted', async () => {
    const model = layers.sequential({
      layers: [
        dense({
          units: 2,
          inputShape: [3],
          kernelInitializer: layers.initializers.constant({ value: 3e38 }),
        }),
      ],
    });
    const { description } = await open(model);
    expect(description.notes).toEqual([
      'The model answers random inputs with values that are not finite numbers.',
    ]);
  });
});

test('weights saved with an optimiser, and in several shards of odd sizes', async () => {
  const model = layers.sequential({
    layers: [layers.layers.dense({ units: 3, activation: 'softmax', inputShape: [4] })],
  });
  const files = await layersModelFiles(model);
  const [group] = files.json.weightsManifest;
  const [[, bytes]] = [...files.shards] as [[string, Uint8Array]];
  group?.weights.push({ name: 'momentum', shape: [3], dtype: 'float32', group: 'optimizer' });
  group?.paths.splice(0, 1, 'a', 'b', 'c');
  const all = Buffer.concat([bytes, new Uint8Array(12)]);
  const shards = new Map([
    ['a', all.subarray(0, 7)],
    ['b', all.subarray(7, 33)],
    ['c', all.subarray(33)],
  ]);
  const { classifier } = await openPath(await writeModel({ ...files, shards }));
  const inputs = inputsOf([4]);
  expectClose(softmaxRows(await classifier.logits(inputs)), answers(model, inputs));
});

test('opening, using and disposing leaves no tensors behind', async () => {
  const model = layers.sequential({
    layers: [layers.layers.dense({ units: 3, activation: 'softmax', inputShape: [4] })],
  });
  const saved = await readSavedModel(await saveLayersModel(model));
  const before = tf.memory().numTensors;
  for (let i = 0; i < 3; i++) {
    const opened = await openClassifier(engine, saved, { bounds });
    await opened.classifier.lossGradient(crossEntropy, inputsOf([4]), [
      new Float32Array(12).fill(1, 0, 1),
    ]);
    opened.dispose();
  }
  expect(tf.memory().numTensors).toBe(before);
});
