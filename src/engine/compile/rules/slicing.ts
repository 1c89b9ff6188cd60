import * as tf from '@tensorflow/tfjs-core';
import { positiveAxis, permute } from '../layout.ts';
import type { Value, ValueSpec } from '../program.ts';
import { orient } from './oriented.ts';
import { defineRule, type RuleTable } from './rule.ts';
import { axesOf, like } from './shapes.ts';

/** Kernels that cut tensors into parts. */
export const slicingRules: RuleTable = {
  Slice: defineRule<'x', tf.SliceAttrs>({
    infer: ({ x }, { begin, size }) => ({
      shape: sliceRange(x, begin, size).lengths,
      type: x.type,
    }),
    lower(lowering, { inputs: { x }, attributes: { begin, size }, output }) {
      const { starts, lengths } = sliceRange(x, begin, size);
      const oriented = orient(lowering, x);
      const cut = lengths.flatMap((length, axis) => (length === x.shape[axis] ? [] : [axis]));
      const at = (list: readonly number[]): number[] => permute(list, cut);
      const ends = starts.map((start, axis) => start + (lengths[axis] as number));
      const axes = cut.map(axis => oriented.axis(axis));
      oriented.place(
        output,
        cut.length === 0
          ? oriented.name
          : lowering.graph.slice(oriented.name, at(starts), at(ends), axes),
      );
    },
  }),

  StridedSlice: defineRule<'x', tf.StridedSliceAttrs>({
    infer: ({ x }, attributes) => ({ shape: stridedRange(x, attributes).finalShape, type: x.type }),
    lower(lowering, { inputs: { x }, attributes, output }) {
      const { begin, end, strides } = stridedRange(x, attributes);
      const { graph, placements } = lowering;
      const axes = axesOf(undefined, x.shape.length);
      // A negative step may end before the first number, which ONNX spells as a very small index.
      const ends = end.map((index, axis) =>
        (strides[axis] as number) < 0 && index < 0 ? -(2 ** 31) : index,
      );
      const cut = graph.slice(placements.natural(x), begin, ends, axes, strides);
      placements.setNatural(output, graph.reshape(cut, output.shape));
    },
  }),

  Unpack: defineRule<'value', tf.UnpackAttrs>({
    infer: ({ value }, { axis }) => {
      const shape = [...value.shape];
      const [count = 0] = shape.splice(positiveAxis(axis, shape.length), 1);
      return Array.from({ length: count }, () => ({ shape, type: value.type }));
    },
    lower(lowering, { inputs: { value }, attributes, outputs }) {
      const { graph, placements } = lowering;
      const axis = positiveAxis(attributes.axis, value.shape.length);
      const name = placements.natural(value);
      outputs.forEach((output, index) => {
        const position = graph.scalar(index, 'int32');
        placements.setNatural(output, graph.node('Gather', [name, position], { axis }));
      });
    },
  }),

  SplitV: defineRule<'x', tf.SplitVAttrs>({
    infer: ({ x }, { numOrSizeSplits, axis }) => {
      const along = positiveAxis(axis, x.shape.length);
      return splitSizes(x, numOrSizeSplits, along).map((size): ValueSpec => ({
        shape: x.shape.map((length, index) => (index === along ? size : length)),
        type: x.type,
      }));
    },
    lower(lowering, { inputs: { x }, attributes, outputs }) {
      const { graph } = lowering;
      const axis = positiveAxis(attributes.axis, x.shape.length);
      const oriented = orient(lowering, x);
      const sizes = graph.integers(splitSizes(x, attributes.numOrSizeSplits, axis));
      const along = { axis: oriented.axis(axis) };
      const names = graph.nodes('Split', [oriented.name, sizes], along, outputs.length);
      outputs.forEach((output, index) => oriented.place(output, names[index] as string));
    },
  }),

  Reverse: defineRule<'x', tf.ReverseAttrs>({
    infer: ({ x }) => like(x),
    lower(lowering, { inputs: { x }, attributes: { dims }, output }) {
      const oriented = orient(lowering, x);
      const axes = axesOf(dims, x.shape.length).map(axis => oriented.axis(axis));
      const all = (value: number): number[] => axes.map(() => value);
      oriented.place(
        output,
        axes.length === 0
          ? oriented.name
          : lowering.graph.slice(oriented.name, all(-1), all(-(2 ** 31)), axes, all(-1)),
      );
    },
  }),
};

function sliceRange(
  x: Value,
  begin: number | number[],
  size: number | number[],
): { readonly starts: readonly number[]; readonly lengths: readonly number[] } {
  const info = { shape: [...x.shape], dtype: x.type, dataId: {} };
  const [starts, lengths] = tf.slice_util.parseSliceParams(info, begin, size);
  return { starts: starts as number[], lengths: lengths as number[] };
}

function stridedRange(
  x: Value,
  a: tf.StridedSliceAttrs,
): ReturnType<typeof tf.slice_util.sliceInfo> {
  return tf.slice_util.sliceInfo(
    [...x.shape],
    a.begin,
    a.end,
    a.strides,
    a.beginMask,
    a.endMask,
    a.ellipsisMask,
    a.newAxisMask,
    a.shrinkAxisMask,
  );
}

/** Lengths of the parts: equal ones, or those given, of which one may be −1 for the rest. */
function splitSizes(x: Value, numOrSizeSplits: number | readonly number[], axis: number): number[] {
  const length = x.shape[axis] as number;
  if (typeof numOrSizeSplits === 'number') {
    return Array<number>(numOrSizeSplits).fill(length / numOrSizeSplits);
  }
  const given = numOrSizeSplits.filter(size => size !== -1).reduce((sum, size) => sum + size, 0);
  return numOrSizeSplits.map(size => (size === -1 ? length - given : size));
}
