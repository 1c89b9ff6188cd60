import type { FusedBatchNormAttrs, LRNAttrs } from '@tensorflow/tfjs-core';
import type { Lowering } from '../lowering.ts';
import { type Constant, isConstant, type Value } from '../program.ts';
import { type AnyRule, defineRule, type Inputs, type RuleTable } from './rule.ts';
import { like } from './shapes.ts';

type BatchNormInputs = Inputs<'x' | 'mean' | 'variance', 'offset' | 'scale'>;

/** Batch normalisation with constants is one factor and one summand for each channel. */
function foldedAffine(
  { mean, variance, offset, scale }: BatchNormInputs,
  epsilon: number,
): { readonly factor: Float32Array; readonly summand: Float32Array } | undefined {
  const vectors = [mean, variance, offset, scale].filter(value => value !== undefined);
  const [channels = 0] = mean.shape;
  const foldable = (value: Value): value is Constant =>
    isConstant(value) && value.shape.length === 1 && value.shape[0] === channels;
  if (!vectors.every(foldable)) return undefined;
  const at = (value: Value | undefined, index: number, otherwise: number): number =>
    value !== undefined && isConstant(value) ? (value.origin.data[index] as number) : otherwise;
  const factor = new Float32Array(channels);
  const summand = new Float32Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    const deviation = Math.sqrt(at(variance, channel, 1) + epsilon);
    factor[channel] = at(scale, channel, 1) / deviation;
    summand[channel] =
      at(offset, channel, 0) - (at(mean, channel, 0) * at(scale, channel, 1)) / deviation;
  }
  return { factor, summand };
}

const batchNormalization: AnyRule = defineRule<
  'x' | 'mean' | 'variance',
  FusedBatchNormAttrs,
  'offset' | 'scale'
>({
  infer: ({ x }) => like(x),
  lower(lowering, { inputs, attributes: { varianceEpsilon }, output }) {
    const affine = foldedAffine(inputs, varianceEpsilon);
    if (affine !== undefined) lowerAffine(lowering, inputs.x, affine, output);
    else lowerGeneral(lowering, inputs, varianceEpsilon, output);
  },
});

/** As the operator BatchNormalization, which ONNX Runtime folds into a convolution before it. */
function lowerAffine(
  lowering: Lowering,
  x: Value,
  { factor, summand }: { readonly factor: Float32Array; readonly summand: Float32Array },
  output: Value,
): void {
  const { graph, placements } = lowering;
  const shape = [factor.length];
  const vector = (data: Float32Array): string =>
    graph.initializer({ type: 'float32', shape, data });
  if (x.shape.length === 4) {
    const constant = (value: number): string =>
      graph.floats(Array<number>(factor.length).fill(value));
    const parts = [vector(factor), vector(summand), constant(0), constant(1)];
    const image = placements.channelsFirst(x);
    const options = { epsilon: { float: 0 } };
    placements.setChannelsFirst(
      output,
      graph.node('BatchNormalization', [image, ...parts], options),
    );
  } else {
    const scaled = graph.node('Mul', [placements.natural(x), vector(factor)]);
    placements.setNatural(output, graph.node('Add', [scaled, vector(summand)]));
  }
}

function lowerGeneral(
  lowering: Lowering,
  { x, mean, variance, offset, scale }: BatchNormInputs,
  epsilon: number,
  output: Value,
): void {
  const { graph } = lowering;
  const optional = [scale, offset].filter(value => value !== undefined);
  lowering.elementwise(output, [x, mean, variance, ...optional], (...names) => {
    const [image, center, spread, ...rest] = names as [string, string, string, ...string[]];
    const deviation = graph.node('Sqrt', [graph.node('Add', [spread, graph.scalar(epsilon)])]);
    let result = graph.node('Div', [graph.node('Sub', [image, center]), deviation]);
    if (scale !== undefined) result = graph.node('Mul', [result, rest.shift() as string]);
    return offset === undefined ? result : graph.node('Add', [result, rest.shift() as string]);
  });
}

/** Local response normalisation over channels: x · (bias + alpha · Σ x²)^−beta. */
const localResponse: AnyRule = defineRule<'x', LRNAttrs>({
  infer: ({ x }) => like(x),
  lower(lowering, { inputs: { x }, attributes, output }) {
    const { graph, placements } = lowering;
    const image = placements.natural(x);
    const base = responseBase(lowering, image, x, attributes);
    const factor = graph.node('Pow', [base, graph.scalar(-attributes.beta)]);
    placements.setNatural(output, graph.node('Mul', [image, factor]));
  },
});

/** dy · base^−beta − 2 · alpha · beta · x · Σ (dy · y / base) over the window of each channel. */
const localResponseGradient: AnyRule = defineRule<'x' | 'y' | 'dy', LRNAttrs>({
  infer: ({ x }) => like(x),
  lower(lowering, { inputs: { x, y, dy }, attributes, output }) {
    const { graph, placements } = lowering;
    const [image, result, gradient] = [x, y, dy].map(value => placements.natural(value)) as [
      string,
      string,
      string,
    ];
    const base = responseBase(lowering, image, x, attributes);
    const factor = graph.node('Pow', [base, graph.scalar(-attributes.beta)]);
    const direct = graph.node('Mul', [gradient, factor]);
    const ratio = graph.node('Div', [graph.node('Mul', [gradient, result]), base]);
    const shared = graph.node('MatMul', [ratio, channelBand(lowering, x, attributes.depthRadius)]);
    const slope = graph.scalar(2 * attributes.alpha * attributes.beta);
    const indirect = graph.node('Mul', [graph.node('Mul', [image, slope]), shared]);
    placements.setNatural(output, graph.node('Sub', [direct, indirect]));
  },
});

/** bias + alpha · (the sum of squares over neighbouring channels). */
function responseBase(
  lowering: Lowering,
  image: string,
  x: Value,
  { depthRadius, bias, alpha }: LRNAttrs,
): string {
  const { graph } = lowering;
  const squares = graph.node('Mul', [image, image]);
  const sums = graph.node('MatMul', [squares, channelBand(lowering, x, depthRadius)]);
  return graph.node('Add', [graph.node('Mul', [sums, graph.scalar(alpha)]), graph.scalar(bias)]);
}

/** A matrix that adds up channels that are at most `radius` apart. */
function channelBand({ graph }: Lowering, x: Value, radius: number): string {
  const channels = x.shape.at(-1) as number;
  const data = Float32Array.from({ length: channels * channels }, (_, index) =>
    Math.abs(Math.floor(index / channels) - (index % channels)) <= radius ? 1 : 0,
  );
  return graph.initializer({ type: 'float32', shape: [channels, channels], data });
}

/** Normalisations that TensorFlow.js has kernels for; layer normalisation is composed of others. */
export const normalizationRules: RuleTable = {
  FusedBatchNorm: batchNormalization,
  LRN: localResponse,
  LRNGrad: localResponseGradient,
};
