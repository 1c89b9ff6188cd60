import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import type { BatchFunction } from '../../../src/engine/engine.ts';
import { Random } from '../../../src/random/random.ts';

/** A classifier with seeded random weights, for tests and measurements of the engine. */
export interface Network {
  readonly name: string;
  readonly inputShape: readonly number[];
  readonly classCount: number;
  /** `[batch, ...inputShape]` to `[batch, classCount]`. */
  readonly logits: (x: tf.Tensor) => tf.Tensor2D;
}

/** What layers take from Keras: He initialisation of weights, statistics that are not trivial. */
function initialise(model: layers.LayersModel): layers.LayersModel {
  const values = model.weights.map(({ shape, originalName }, index) => {
    const random = new Random(11, ['weight', index]);
    const lengths = shape as number[];
    const size = lengths.reduce((product, length) => product * length, 1);
    const draw = (next: () => number): tf.Tensor =>
      tf.tensor(Float32Array.from({ length: size }, next), lengths);
    if (/moving_variance|gamma/.test(originalName)) return draw(() => random.uniform(0.5, 1.5));
    if (lengths.length === 1) return draw(() => 0.1 * random.normal());
    const depthwise = originalName.includes('depthwise');
    const fanIn = size / (depthwise ? (lengths[2] ?? 1) : (lengths.at(-1) ?? 1));
    const deviation = Math.sqrt(2 / fanIn);
    return draw(() => deviation * random.normal());
  });
  model.setWeights(values);
  tf.dispose(values);
  return model;
}

/** A network whose layers are built when it is first used, on the backend of that time. */
function network(
  name: string,
  inputShape: readonly number[],
  classCount: number,
  connect: (input: layers.SymbolicTensor) => layers.SymbolicTensor,
): Network {
  let model: layers.LayersModel | undefined;
  const build = (): layers.LayersModel => {
    const input = layers.input({ shape: [...inputShape] });
    return initialise(layers.model({ inputs: input, outputs: connect(input) }));
  };
  return {
    name,
    inputShape,
    classCount,
    logits: x => {
      model ??= build();
      return model.apply(x, { training: false }) as tf.Tensor2D;
    },
  };
}

type Symbolic = layers.SymbolicTensor;
type Step = (x: Symbolic) => Symbolic;

const { add, averagePooling2d, concatenate, conv2d, dense, depthwiseConv2d, dropout, flatten } =
  layers.layers;
const { batchNormalization, globalAveragePooling2d, maxPooling2d, reLU, zeroPadding2d } =
  layers.layers;

function chain(...steps: readonly layers.layers.Layer[]): Step {
  return x => steps.reduce((value, layer) => layer.apply(value) as Symbolic, x);
}

/** The example of Keras for MNIST. */
export const kerasCnn = network('Keras CNN', [28, 28, 1], 10, x =>
  chain(
    conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
    conv2d({ filters: 64, kernelSize: 3, activation: 'relu' }),
    maxPooling2d({ poolSize: 2 }),
    dropout({ rate: 0.25 }),
    flatten({}),
    dense({ units: 128, activation: 'relu' }),
    dropout({ rate: 0.5 }),
    dense({ units: 10 }),
  )(x),
);

export const leNet = network('LeNet', [28, 28, 1], 10, x =>
  chain(
    conv2d({ filters: 6, kernelSize: 5, padding: 'same', activation: 'tanh' }),
    averagePooling2d({ poolSize: 2 }),
    conv2d({ filters: 16, kernelSize: 5, activation: 'relu' }),
    averagePooling2d({ poolSize: 2 }),
    flatten({}),
    dense({ units: 120, activation: 'relu' }),
    dense({ units: 84, activation: 'relu' }),
    dense({ units: 10 }),
  )(x),
);

export const multilayerPerceptron = network('MLP', [784], 10, x =>
  chain(
    dense({ units: 256, activation: 'relu' }),
    dense({ units: 256, activation: 'relu' }),
    dense({ units: 10 }),
  )(x),
);

const normalisedRelu6 = (): Step => chain(batchNormalization({}), reLU({ maxValue: 6 }));

function mobileNet(size: number): Network {
  return network(`MobileNet-like ${size}×${size}`, [size, size, 3], 10, x => {
    let y = conv2d({
      filters: 16,
      kernelSize: 3,
      strides: 2,
      padding: 'same',
      useBias: false,
    }).apply(x) as Symbolic;
    y = normalisedRelu6()(y);
    for (const [filters, strides] of [
      [32, 1],
      [64, 2],
      [64, 1],
      [128, 2],
      [128, 1],
    ] as const) {
      const depthwise = depthwiseConv2d({
        kernelSize: 3,
        strides,
        padding: 'same',
        useBias: false,
      });
      y = normalisedRelu6()(depthwise.apply(y) as Symbolic);
      const pointwise = conv2d({ filters, kernelSize: 1, useBias: false });
      y = normalisedRelu6()(pointwise.apply(y) as Symbolic);
    }
    return chain(globalAveragePooling2d({}), dense({ units: 10 }))(y);
  });
}

export const mobileNet32 = mobileNet(32);
export const mobileNet96 = mobileNet(96);

/** A residual network for 32×32 images, three stages. */
export const residualNet = network('ResNet', [32, 32, 3], 10, x => {
  const convolution = (filters: number, strides = 1, kernelSize = 3): layers.layers.Layer =>
    conv2d({ filters, kernelSize, strides, padding: 'same', useBias: false });
  const relu = (): layers.layers.Layer => reLU({});
  let y = chain(convolution(16), batchNormalization({}), relu())(x);
  for (const [filters, strides] of [
    [16, 1],
    [32, 2],
    [64, 2],
  ] as const) {
    const inner = chain(
      convolution(filters, strides),
      batchNormalization({}),
      relu(),
      convolution(filters),
      batchNormalization({}),
    )(y);
    const shortcut = strides === 1 ? y : chain(convolution(filters, strides, 1))(y);
    y = chain(relu())(add().apply([inner, shortcut]) as Symbolic);
  }
  return chain(globalAveragePooling2d({}), dense({ units: 10 }))(y);
});

/** Pools with margins and overlaps, activations that are not relu, branches. */
export const pooledNet = network('pools', [17, 17, 3], 5, x => {
  const stem = chain(
    conv2d({ filters: 8, kernelSize: 3, padding: 'same', strides: 2, activation: 'elu' }),
  )(x);
  const left = chain(
    maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
    conv2d({ filters: 8, kernelSize: 3, padding: 'same', activation: 'sigmoid' }),
  )(stem);
  const right = chain(
    averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
    conv2d({ filters: 4, kernelSize: 1, activation: 'softplus' }),
  )(stem);
  return chain(
    maxPooling2d({ poolSize: 2 }),
    zeroPadding2d({ padding: 1 }),
    averagePooling2d({ poolSize: 2, strides: 1, padding: 'valid' }),
    flatten({}),
    dense({ units: 5 }),
  )(concatenate().apply([left, right]) as Symbolic);
});

/** Two LSTM cells over the rows of an image, unrolled by TensorFlow.js. */
export const lstmNet = network('LSTM', [8, 6], 4, x =>
  chain(layers.layers.lstm({ units: 7 }), dense({ units: 4 }))(x),
);

export const gruNet = network('GRU', [8, 6], 4, x =>
  chain(layers.layers.gru({ units: 7 }), dense({ units: 4 }))(x),
);

export const networks: readonly Network[] = [
  kerasCnn,
  leNet,
  multilayerPerceptron,
  mobileNet32,
  residualNet,
  pooledNet,
  lstmNet,
  gruNet,
];

/** Logits, per-sample cross-entropy and its gradient by the input: what an attack step needs. */
export function inputGradient({ name, inputShape, classCount, logits }: Network): BatchFunction {
  return {
    name: `input gradient of ${name}`,
    inputs: [inputShape, [classCount]],
    compute(x, labels) {
      let kept: tf.Tensor | undefined;
      const losses = (input: tf.Tensor): tf.Tensor => {
        kept = tf.keep(logits(input));
        return tf.neg(tf.sum(tf.mul(tf.logSoftmax(kept), labels), 1));
      };
      const ones = tf.ones([x.shape[0]]);
      const { value, grad } = tf.valueAndGrad(losses)(x, ones);
      const result = tf.clone(kept as unknown as tf.Tensor);
      (kept as unknown as tf.Tensor).dispose();
      return [result, value, grad];
    },
  };
}

/** Inputs in [0, 1] and one-hot labels for {@link inputGradient}. */
export function gradientInputs(
  { inputShape, classCount }: Network,
  count: number,
  seed = 1,
): [Float32Array, Float32Array] {
  const random = new Random(seed, ['images']);
  const size = inputShape.reduce((product, length) => product * length, count);
  const labels = new Float32Array(count * classCount);
  for (let sample = 0; sample < count; sample++) {
    labels[sample * classCount + random.integer(classCount)] = 1;
  }
  return [Float32Array.from({ length: size }, () => random.uniform()), labels];
}
