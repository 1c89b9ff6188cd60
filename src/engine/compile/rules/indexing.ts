import type * as tf from '@tensorflow/tfjs-core';
import { unsupportedKernel } from '../compile-error.ts';
import { positiveAxis } from '../layout.ts';
import { onnxTypeNumber } from '../onnx.ts';
import type { Value, ValueType } from '../program.ts';
import { defineRule, type RuleTable } from './rule.ts';

/** Kernels that pick numbers by index, and their gradients. */
export const indexingRules: RuleTable = {
  GatherV2: defineRule<'x' | 'indices', tf.GatherV2Attrs>({
    infer: ({ x, indices }, { axis, batchDims }) => {
      if (batchDims !== 0) throw unsupportedKernel('GatherV2', 'batch dimensions');
      const shape = [...x.shape];
      shape.splice(positiveAxis(axis, shape.length), 1, ...indices.shape);
      return { shape, type: x.type };
    },
    lower(lowering, { inputs: { x, indices }, attributes, output }) {
      const { graph, placements } = lowering;
      const names = [placements.natural(x), placements.natural(indices)];
      const axis = positiveAxis(attributes.axis, x.shape.length);
      placements.setNatural(output, graph.node('Gather', names, { axis }));
    },
  }),

  GatherNd: defineRule<'params' | 'indices', unknown>({
    infer: ({ params, indices }) => {
      const depth = indices.shape.at(-1) ?? 0;
      const shape = [...indices.shape.slice(0, -1), ...params.shape.slice(depth)];
      return { shape, type: params.type };
    },
    lower(lowering, { inputs: { params, indices }, output }) {
      const { graph, placements } = lowering;
      const positions = graph.node('Cast', [placements.natural(indices)], {
        to: onnxTypeNumber('int64'),
      });
      placements.setNatural(
        output,
        graph.node('GatherND', [placements.natural(params), positions]),
      );
    },
  }),

  ScatterNd: defineRule<'indices' | 'updates', tf.ScatterNdAttrs>({
    infer: ({ updates }, { shape }) => ({ shape, type: updates.type }),
    lower(lowering, { inputs: { indices, updates }, attributes: { shape }, output }) {
      const { graph, placements } = lowering;
      const zeros = graph.node('Expand', [graph.scalar(0, updates.type), graph.integers(shape)]);
      const positions = graph.node('Cast', [placements.natural(indices)], {
        to: onnxTypeNumber('int64'),
      });
      const inputs = [zeros, positions, placements.natural(updates)];
      placements.setNatural(output, graph.node('ScatterND', inputs, { reduction: 'add' }));
    },
  }),

  /** The gradient of a gather: rows of the same segment are added up. */
  UnsortedSegmentSum: defineRule<'x' | 'segmentIds', tf.UnsortedSegmentSumAttrs>({
    infer: ({ x, segmentIds }, { numSegments }) => ({
      shape: [numSegments, ...x.shape.slice(segmentIds.shape.length)],
      type: x.type,
    }),
    lower(lowering, { inputs: { x, segmentIds }, output }) {
      const { graph, placements } = lowering;
      const zeros = graph.node('Expand', [graph.scalar(0, x.type), graph.integers(output.shape)]);
      const ids = graph.node('Cast', [placements.reshaped(segmentIds, [...segmentIds.shape, 1])], {
        to: onnxTypeNumber('int64'),
      });
      const inputs = [zeros, ids, placements.natural(x)];
      placements.setNatural(output, graph.node('ScatterND', inputs, { reduction: 'add' }));
    },
  }),

  TopK: defineRule<'x', tf.TopKAttrs>({
    infer: ({ x }, { k }) => {
      const shape = [...x.shape.slice(0, -1), k];
      return [
        { shape, type: x.type },
        { shape, type: 'int32' },
      ];
    },
    lower(lowering, { inputs: { x }, attributes: { k }, outputs }) {
      const { graph, placements } = lowering;
      const operands = [placements.natural(x), graph.integers([k])];
      const [largest, positions] = graph.nodes('TopK', operands, {}, 2) as [string, string];
      const indices = graph.node('Cast', [positions], { to: onnxTypeNumber('int32') });
      placements.setNatural(outputs[0] as Value, largest);
      placements.setNatural(outputs[1] as Value, indices);
    },
  }),

  OneHot: defineRule<'indices', tf.OneHotAttrs>({
    infer: ({ indices }, { depth, dtype }) => ({
      shape: [...indices.shape, depth],
      type: dtype as ValueType,
    }),
    lower(lowering, { inputs: { indices }, attributes: { depth, onValue, offValue }, output }) {
      const { graph, placements } = lowering;
      // As a comparison: the operator OneHot takes -1 for the last class.
      const classes = graph.initializer({
        type: 'int32',
        shape: [depth],
        data: Int32Array.from({ length: depth }, (_, index) => index),
      });
      const column = graph.reshape(placements.natural(indices), [...indices.shape, 1]);
      const hot = graph.node('Equal', [column, classes]);
      const values = [graph.scalar(onValue, output.type), graph.scalar(offValue, output.type)];
      placements.setNatural(output, graph.node('Where', [hot, ...values]));
    },
  }),
};
