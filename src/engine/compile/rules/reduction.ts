import type { CumprodAttrs, CumsumAttrs } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../../arrays/batch.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import { permute, toChannelsFirst, toNatural } from '../layout.ts';
import type { Lowering } from '../lowering.ts';
import { onnxTypeNumber } from '../onnx.ts';
import type { Value, ValueSpec, ValueType } from '../program.ts';
import { type AnyRule, defineRule, type RuleTable } from './rule.ts';
import { axesOf, like } from './shapes.ts';
import { onSeveralRows, withWholeRows } from './whole-vectors.ts';

interface ReductionAttributes {
  readonly axis?: number | readonly number[];
  /** What Max calls its axes. */
  readonly reductionIndices?: number | readonly number[];
  readonly keepDims?: boolean;
}

function reducedAxes(x: Value, { axis, reductionIndices }: ReductionAttributes): number[] {
  return axesOf(reductionIndices ?? axis, x.shape.length);
}

function reducedShape(x: Value, axes: readonly number[], keepDims: boolean): number[] {
  return keepDims
    ? x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length))
    : x.shape.filter((_, axis) => !axes.includes(axis));
}

/** Lowers a reduction; an image that is there channels first is reduced as it is. */
function lowerReduction(
  lowering: Lowering,
  operator: Reduction,
  x: Value,
  output: Value,
  attributes: ReductionAttributes,
): void {
  const { graph, placements } = lowering;
  const axes = reducedAxes(x, attributes);
  const keepDims = attributes.keepDims ?? false;
  // Without its channels, or with nothing but them, an image has the same order in both layouts.
  const orderIsKept = keepDims || axes.includes(3) || (axes.includes(1) && axes.includes(2));
  const numeric = x.type === 'bool' ? 'int32' : x.type;
  const channelsFirst = placements.isChannelsFirst(x) && orderIsKept;
  const name = channelsFirst ? placements.channelsFirst(x) : placements.natural(x);
  const shape = channelsFirst ? permute(x.shape, toChannelsFirst) : x.shape;
  const ordered = channelsFirst ? axes.map(axis => toNatural[axis] as number) : axes;
  const tensor = graph.cast(name, x.type, numeric);
  if (channelsFirst && operator === 'ReduceMean' && axes.join() === '1,2') {
    // As an operator that ONNX Runtime runs in its blocked image layout.
    const pooled = placements.intermediate({
      shape: reducedShape(x, axes, true),
      type: output.type,
    });
    placements.setChannelsFirst(pooled, graph.node('GlobalAveragePool', [tensor]));
    placements.setNatural(output, placements.reshaped(pooled, output.shape));
    return;
  }
  const result = reduce(graph, operator, tensor, shape, ordered.sort(ascending), keepDims);
  if (channelsFirst && keepDims) placements.setChannelsFirst(output, result);
  else placements.setNatural(output, result);
}

type Reduction = 'ReduceSum' | 'ReduceMean' | 'ReduceMax' | 'ReduceMin' | 'ReduceProd';

function ascending(a: number, b: number): number {
  return a - b;
}

/** Reduces a tensor so that each row's result is the same whatever other rows there are. */
function reduce(
  graph: GraphBuilder,
  operator: Reduction,
  x: string,
  shape: readonly number[],
  axes: readonly number[],
  keepDims: boolean,
): string {
  const [first] = axes;
  if (first === undefined) return x;
  const apply = (name: string, operation: string = operator): string =>
    graph.node(operation, [name, graph.integers(axes)], { keepdims: keepDims ? 1 : 0 });
  const isOrdered = operator === 'ReduceSum' || operator === 'ReduceMean';
  if (!isOrdered || first === 0) return apply(x);

  const isTrailing = axes.every((axis, index) => axis === shape.length - axes.length + index);
  if (isTrailing) {
    const count = sizeOf(permute(shape, axes));
    const sum = sumOfRows(graph, x, shape.slice(0, first), count);
    const kept = [...shape.slice(0, first), ...axes.map(() => 1)];
    const shaped = keepDims ? graph.reshape(sum, kept) : sum;
    return operator === 'ReduceSum' ? shaped : graph.node('Div', [shaped, graph.scalar(count)]);
  }
  return sizeOf(shape.slice(0, first)) === 1 ? onSeveralRows(graph, x, shape, apply) : apply(x);
}

/**
 * Sums of rows of `count` numbers. The axes of a row become one, so that it is padded at most once.
 *
 * @param shape of the result
 */
function sumOfRows(
  graph: GraphBuilder,
  x: string,
  shape: readonly number[],
  count: number,
): string {
  const rows = [...shape, count];
  const whole = withWholeRows(graph, graph.reshape(x, rows), rows);
  return graph.node('ReduceSum', [whole, graph.integers([shape.length])], { keepdims: 0 });
}

function reduction(operator: Reduction, type?: ValueType): AnyRule {
  return defineRule<'x', ReductionAttributes>({
    infer: ({ x }, attributes): ValueSpec => ({
      shape: reducedShape(x, reducedAxes(x, attributes), attributes.keepDims ?? false),
      type: type ?? (x.type === 'bool' ? 'int32' : x.type),
    }),
    lower: (lowering, { inputs, attributes, output }) =>
      lowerReduction(lowering, operator, inputs.x, output, attributes),
  });
}

/** All and Any are the minimum and the maximum of zeros and ones. */
function quantifier(operator: 'ReduceMin' | 'ReduceMax'): AnyRule {
  return defineRule<'x', ReductionAttributes>({
    infer: ({ x }, attributes): ValueSpec => ({
      shape: reducedShape(x, reducedAxes(x, attributes), attributes.keepDims ?? false),
      type: 'bool',
    }),
    lower(lowering, { inputs, attributes, output }) {
      const { graph, placements } = lowering;
      const counted = placements.intermediate({ shape: output.shape, type: 'int32' });
      lowerReduction(lowering, operator, inputs.x, counted, attributes);
      lowering.elementwise(output, [counted], x =>
        graph.node('Cast', [x], { to: onnxTypeNumber('bool') }),
      );
    },
  });
}

/** The index of the first largest or smallest number. */
function argument(operator: 'ArgMax' | 'ArgMin'): AnyRule {
  return defineRule<'x', { readonly axis: number }>({
    infer: ({ x }, { axis }): ValueSpec => ({
      shape: reducedShape(x, axesOf(axis, x.shape.length), false),
      type: 'int32',
    }),
    lower(lowering, { inputs: { x }, attributes, output }) {
      const { graph, placements } = lowering;
      const [axis = 0] = axesOf(attributes.axis, x.shape.length);
      const index = graph.node(operator, [placements.natural(x)], { axis, keepdims: 0 });
      placements.setNatural(output, graph.node('Cast', [index], { to: onnxTypeNumber('int32') }));
    },
  });
}

/** Kernels that combine the numbers along axes. */
export const reductionRules: RuleTable = {
  Sum: reduction('ReduceSum'),
  Prod: reduction('ReduceProd'),
  Mean: reduction('ReduceMean', 'float32'),
  Max: reduction('ReduceMax'),
  Min: reduction('ReduceMin'),
  All: quantifier('ReduceMin'),
  Any: quantifier('ReduceMax'),
  ArgMax: argument('ArgMax'),
  ArgMin: argument('ArgMin'),

  /** Along the last axis, as TensorFlow.js has it; the logarithm of it is composed of others. */
  Softmax: defineRule<'logits', unknown>({
    infer: ({ logits }) => like(logits),
    lower(lowering, { inputs, output }) {
      const { graph, placements } = lowering;
      const logits = placements.natural(inputs.logits);
      placements.setNatural(output, graph.node('Softmax', [logits], { axis: -1 }));
    },
  }),

  Cumsum: defineRule<'x', CumsumAttrs>({
    infer: ({ x }) => like(x),
    lower(lowering, { inputs: { x }, attributes, output }) {
      const { graph, placements } = lowering;
      const [axis = 0] = axesOf(attributes.axis, x.shape.length);
      const name = graph.node('CumSum', [placements.natural(x), graph.scalar(axis, 'int32')], {
        exclusive: attributes.exclusive ? 1 : 0,
        reverse: attributes.reverse ? 1 : 0,
      });
      placements.setNatural(output, name);
    },
  }),

  Cumprod: defineRule<'x', CumprodAttrs>({
    infer: ({ x }) => like(x),
    lower(lowering, { inputs: { x }, attributes: { axis, exclusive, reverse }, output }) {
      const { placements } = lowering;
      const [along = 0] = axesOf(axis, x.shape.length);
      const name = placements.natural(x);
      const product = cumulativeProduct(lowering, name, x.shape, along, exclusive, reverse);
      placements.setNatural(output, product);
    },
  }),
};

/**
 * Products of all numbers up to each one along an axis, which ONNX does not have: doubling the number
 * of factors in each step (Hillis and Steele, 1986).
 */
function cumulativeProduct(
  { graph }: Lowering,
  x: string,
  shape: readonly number[],
  axis: number,
  exclusive: boolean,
  reverse: boolean,
): string {
  const length = shape[axis] as number;
  const at = (count: number): number[] => shape.map((_, other) => (other === axis ? count : 0));
  const shifted = (name: string, distance: number): string => {
    const counts = reverse ? [...at(0), ...at(distance)] : [...at(distance), ...at(0)];
    const inputs = [name, graph.integers(counts), graph.scalar(1)];
    const longer = graph.node('Pad', inputs, { mode: 'constant' });
    return graph.slice(
      longer,
      [reverse ? distance : 0],
      [reverse ? distance + length : length],
      [axis],
    );
  };
  let product = exclusive ? shifted(x, 1) : x;
  for (let distance = 1; distance < length; distance *= 2) {
    product = graph.node('Mul', [product, shifted(product, distance)]);
  }
  return product;
}
