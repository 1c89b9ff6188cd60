import type * as tf from '@tensorflow/tfjs-core';
import { unsupportedKernel } from '../compile-error.ts';
import type { Value, ValueSpec } from '../program.ts';
import { orient } from './oriented.ts';
import { defineRule, type RuleTable } from './rule.ts';

/** Kernels that put numbers around a tensor. */
export const paddingRules: RuleTable = {
  PadV2: defineRule<'x', tf.PadV2Attrs>({
    infer: ({ x }, { paddings }) => padded(x, paddings),
    lower(lowering, { inputs: { x }, attributes: { paddings, constantValue }, output }) {
      const { graph } = lowering;
      const oriented = orient(lowering, x);
      const pads = oriented.ordered(paddings);
      const counts = [...pads.map(([before]) => before), ...pads.map(([, after]) => after)];
      const value = graph.scalar(constantValue, x.type);
      oriented.place(
        output,
        graph.node('Pad', [oriented.name, graph.integers(counts), value], { mode: 'constant' }),
      );
    },
  }),

  MirrorPad: defineRule<'x', tf.MirrorPadAttrs>({
    infer: ({ x }, { paddings }) => padded(x, paddings),
    lower(lowering, { inputs: { x }, attributes: { paddings, mode }, output }) {
      if (mode !== 'reflect') throw unsupportedKernel('MirrorPad', 'mode symmetric');
      const { graph } = lowering;
      const oriented = orient(lowering, x);
      const pads = oriented.ordered(paddings);
      const counts = [...pads.map(([before]) => before), ...pads.map(([, after]) => after)];
      oriented.place(
        output,
        graph.node('Pad', [oriented.name, graph.integers(counts)], { mode: 'reflect' }),
      );
    },
  }),
};

/** The shape of a tensor with its margins. */
export function padded(x: Value, paddings: readonly (readonly [number, number])[]): ValueSpec {
  const shape = x.shape.map((length, axis) => {
    const [before, after] = paddings[axis] as readonly [number, number];
    return before + length + after;
  });
  return { shape, type: x.type };
}
