import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../../arrays/batch.ts';
import { positiveAxis, toNatural } from '../layout.ts';
import type { Lowering } from '../lowering.ts';
import type { Value } from '../program.ts';
import { defineRule, type RuleTable } from './rule.ts';
import { listed } from './shapes.ts';

/** One tensor out of several along an axis, channels first if one of them is so. */
function lowerConcat(
  lowering: Lowering,
  parts: readonly Value[],
  axis: number,
  output: Value,
): void {
  const { graph, placements } = lowering;
  const filled = parts.filter(part => sizeOf(part.shape) > 0);
  const channelsFirst =
    output.shape.length === 4 && filled.some(part => placements.isChannelsFirst(part));
  if (channelsFirst) {
    const names = filled.map(part => placements.channelsFirst(part));
    const along = toNatural[axis] as number;
    placements.setChannelsFirst(output, graph.node('Concat', names, { axis: along }));
  } else {
    const names = filled.map(part => placements.natural(part));
    placements.setNatural(output, graph.node('Concat', names, { axis }));
  }
}

/** Kernels that put tensors together. */
export const joiningRules: RuleTable = {
  Concat: defineRule<string, tf.ConcatAttrs>({
    infer: (inputs, { axis }) => {
      const parts = listed(inputs);
      const [first] = parts as [Value];
      const shapes = parts.map(part => [...part.shape]);
      const along = positiveAxis(axis, first.shape.length);
      return { shape: tf.backend_util.computeOutShape(shapes, along), type: first.type };
    },
    lower(lowering, { inputs, attributes, output }) {
      const axis = positiveAxis(attributes.axis, output.shape.length);
      lowerConcat(lowering, listed(inputs), axis, output);
    },
  }),

  Pack: defineRule<string, tf.PackAttrs>({
    infer: (inputs, { axis }) => {
      const parts = listed(inputs);
      const [first] = parts as [Value];
      const shape = [...first.shape];
      shape.splice(positiveAxis(axis, shape.length + 1), 0, parts.length);
      return { shape, type: first.type };
    },
    lower(lowering, { inputs, attributes, output }) {
      const { graph, placements } = lowering;
      const axis = positiveAxis(attributes.axis, output.shape.length);
      const shape = output.shape.map((length, index) => (index === axis ? 1 : length));
      const names = listed(inputs).map(part => placements.reshaped(part, shape));
      placements.setNatural(output, graph.node('Concat', names, { axis }));
    },
  }),
};
