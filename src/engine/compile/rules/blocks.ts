import * as tf from '@tensorflow/tfjs-core';
import { unsupportedKernel } from '../compile-error.ts';
import { sameShape } from '../layout.ts';
import type { Value } from '../program.ts';
import { padded } from './padding.ts';
import { defineRule, type RuleTable } from './rule.ts';

/** Kernels that move blocks of an image into its channels or into the batch, and back. */
export const blockRules: RuleTable = {
  DepthToSpace: defineRule<'x', tf.DepthToSpaceAttrs>({
    infer: ({ x }, { blockSize, dataFormat }) => {
      if (dataFormat !== 'NHWC') throw unsupportedKernel('DepthToSpace', `format ${dataFormat}`);
      const [batch, height, width, channels] = x.shape as [number, number, number, number];
      return {
        shape: [batch, height * blockSize, width * blockSize, channels / blockSize / blockSize],
        type: x.type,
      };
    },
    lower(lowering, { inputs: { x }, attributes: { blockSize }, output }) {
      const { graph, placements } = lowering;
      const options = { blocksize: blockSize, mode: 'DCR' };
      placements.setChannelsFirst(
        output,
        graph.node('DepthToSpace', [placements.channelsFirst(x)], options),
      );
    },
  }),

  SpaceToBatchND: defineRule<'x', tf.SpaceToBatchNDAttrs>({
    infer: ({ x }, { blockShape, paddings }) => ({
      shape: spaceToBatch(x, blockShape, paddings).shape,
      type: x.type,
    }),
    lower(lowering, { inputs: { x }, attributes: { blockShape, paddings }, output }) {
      const { graph, placements } = lowering;
      const { before, after, split, order, shape } = spaceToBatch(x, blockShape, paddings);
      const padded = graph.padWithZeros(placements.natural(x), before, after);
      const blocks = graph.transpose(graph.reshape(padded, split), order);
      placements.setNatural(output, graph.reshape(blocks, shape));
    },
  }),

  BatchToSpaceND: defineRule<'x', tf.BatchToSpaceNDAttrs>({
    infer: ({ x }, { blockShape, crops }) => ({
      shape: batchToSpace(x, blockShape, crops).lengths,
      type: x.type,
    }),
    lower(lowering, { inputs: { x }, attributes: { blockShape, crops }, output }) {
      const { graph, placements } = lowering;
      const { split, order, whole, starts, lengths } = batchToSpace(x, blockShape, crops);
      const blocks = graph.transpose(graph.reshape(placements.natural(x), split), order);
      const ends = starts.map((start, axis) => start + (lengths[axis] as number));
      const axes = lengths.map((_, axis) => axis);
      const joined = graph.reshape(blocks, whole);
      placements.setNatural(
        output,
        sameShape(whole, lengths) ? joined : graph.slice(joined, starts, ends, axes),
      );
    },
  }),
};

function blockSizeOf(blockShape: readonly number[]): number {
  return blockShape.reduce((product, length) => product * length, 1);
}

/** Steps of moving blocks of space into the batch: pad, split, reorder, join. */
function spaceToBatch(
  x: Value,
  blockShape: number[],
  paddings: number[][],
): Readonly<Record<'before' | 'after' | 'split' | 'order' | 'shape', number[]>> {
  const size = blockSizeOf(blockShape);
  const pads = x.shape.map((_, axis) => paddings[axis - 1] ?? [0, 0]) as [number, number][];
  const { shape } = padded(x, pads);
  const split = tf.backend_util.getReshaped([...shape], blockShape, size, false);
  return {
    before: pads.map(([before]) => before),
    after: pads.map(([, after]) => after),
    split,
    order: tf.backend_util.getPermuted(split.length, blockShape.length, false),
    shape: tf.backend_util.getReshapedPermuted([...shape], blockShape, size, false),
  };
}

/** Steps of moving blocks of the batch into space: split, reorder, join, crop. */
function batchToSpace(
  x: Value,
  blockShape: number[],
  crops: number[][],
): Readonly<Record<'split' | 'order' | 'whole' | 'starts' | 'lengths', number[]>> {
  const size = blockSizeOf(blockShape);
  const split = tf.backend_util.getReshaped([...x.shape], blockShape, size);
  const whole = tf.backend_util.getReshapedPermuted([...x.shape], blockShape, size);
  return {
    split,
    order: tf.backend_util.getPermuted(split.length, blockShape.length),
    whole,
    starts: whole.map((_, axis) => crops[axis - 1]?.[0] ?? 0),
    lengths: whole.map((length, axis) => {
      const [before = 0, after = 0] = crops[axis - 1] ?? [];
      return length - before - after;
    }),
  };
}
