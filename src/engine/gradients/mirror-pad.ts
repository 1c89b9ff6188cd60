import * as tf from '@tensorflow/tfjs-core';
import { gradient } from './gradient.ts';

/** Mirror padding repeats values of its input, so their gradients come back and are added. */
export const mirrorPadGradient = gradient(
  tf.MirrorPad,
  {},
  (dy: tf.Tensor, _saved: [], { paddings, mode }: tf.MirrorPadAttrs) => ({
    // Padding along one axis after the other is the same as padding all at once.
    x: () => paddings.reduce((folded, padding, axis) => foldAxis(folded, axis, padding, mode), dy),
  }),
);

/** Undoes the padding of one axis: both margins are turned around and added where they came from. */
function foldAxis(
  dy: tf.Tensor,
  axis: number,
  [before, after]: [number, number],
  mode: 'reflect' | 'symmetric',
): tf.Tensor {
  if (before === 0 && after === 0) return dy;
  const size = (dy.shape[axis] as number) - before - after;
  // `reflect` leaves out the value at the edge, `symmetric` repeats it.
  const edge = mode === 'reflect' ? 1 : 0;
  const kept = sliceAxis(dy, axis, before, size);
  const left = padAxis(tf.reverse(sliceAxis(dy, axis, 0, before), axis), axis, edge, size);
  const right = padAxis(
    tf.reverse(sliceAxis(dy, axis, before + size, after), axis),
    axis,
    size - after - edge,
    size,
  );
  return tf.addN([kept, left, right]);
}

function sliceAxis(x: tf.Tensor, axis: number, start: number, length: number): tf.Tensor {
  const begin = x.shape.map((_, other) => (other === axis ? start : 0));
  const size = x.shape.map((full, other) => (other === axis ? length : full));
  return tf.slice(x, begin, size);
}

function padAxis(x: tf.Tensor, axis: number, before: number, size: number): tf.Tensor {
  const paddings = x.shape.map((length, other): [number, number] =>
    other === axis ? [before, size - before - length] : [0, 0],
  );
  return tf.pad(x, paddings);
}
