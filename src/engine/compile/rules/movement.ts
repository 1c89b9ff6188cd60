import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../../arrays/batch.ts';
import { broadcastShape, padRank, permute, positiveAxis, sameShape } from '../layout.ts';
import type { Lowering } from '../lowering.ts';
import type { Value } from '../program.ts';
import { defineRule, type RuleTable } from './rule.ts';

/** Lowers a change of shape. What only repeats a smaller value goes on doing so if it can. */
function lowerReshape(lowering: Lowering, x: Value, output: Value): void {
  const { placements } = lowering;
  const source = placements.unbroadcast(x);
  const kept = (shape: readonly number[]): number[] => shape.filter(length => length !== 1);
  if (source !== x && sameShape(kept(x.shape), kept(output.shape))) {
    // The axes that are longer than 1 keep their order, so each axis of the source has its place.
    const lengths = padRank(source.shape, x.shape.length).filter((_, axis) => x.shape[axis] !== 1);
    const shape = output.shape.map(length => (length === 1 ? 1 : (lengths.shift() ?? 1)));
    const result = placements.intermediate({ shape, type: output.type });
    placements.setNatural(result, placements.reshaped(source, shape));
    placements.setBroadcast(output, result);
  } else {
    placements.setNatural(output, placements.reshaped(x, output.shape));
  }
}

/** Kernels that move numbers without computing any. */
export const movementRules: RuleTable = {
  Reshape: defineRule<'x', tf.ReshapeAttrs>({
    infer: ({ x }, { shape }) => ({
      shape: tf.util.inferFromImplicitShape(shape, sizeOf(x.shape)),
      type: x.type,
    }),
    lower: (lowering, { inputs, output }) => lowerReshape(lowering, inputs.x, output),
  }),

  ExpandDims: defineRule<'input', tf.ExpandDimsAttrs>({
    infer: ({ input }, { dim }) => {
      const shape = [...input.shape];
      shape.splice(positiveAxis(dim, shape.length + 1), 0, 1);
      return { shape, type: input.type };
    },
    lower: (lowering, { inputs, output }) => lowerReshape(lowering, inputs.input, output),
  }),

  Transpose: defineRule<'x', tf.TransposeAttrs>({
    infer: ({ x }, { perm }) => ({ shape: permute(x.shape, perm), type: x.type }),
    lower(lowering, { inputs: { x }, attributes: { perm }, output }) {
      const { graph, placements } = lowering;
      placements.setNatural(output, graph.transpose(placements.natural(x), perm));
    },
  }),

  Tile: defineRule<'x', tf.TileAttrs>({
    infer: ({ x }, { reps }) => ({
      shape: x.shape.map((length, axis) => length * (reps[axis] as number)),
      type: x.type,
    }),
    lower(lowering, { inputs: { x }, attributes: { reps }, output }) {
      const { graph, placements } = lowering;
      if (reps.every((count, axis) => count === 1 || x.shape[axis] === 1)) {
        placements.setBroadcast(output, x);
      } else {
        const repeats = graph.integers(reps);
        placements.setNatural(output, graph.node('Tile', [placements.natural(x), repeats]));
      }
    },
  }),

  BroadcastTo: defineRule<'x', tf.BroadCastToAttrs>({
    infer: ({ x }, { shape }) => ({ shape: broadcastShape([x.shape, shape]), type: x.type }),
    lower: (lowering, { inputs, output }) => lowering.placements.setBroadcast(output, inputs.x),
  }),
};
