import * as tf from '@tensorflow/tfjs-core';
import type { Value, ValueSpec, ValueType } from '../program.ts';

/** The shape of a value, with its own type or another. */
export function like({ shape, type }: ValueSpec, newType: ValueType = type): ValueSpec {
  return { shape, type: newType };
}

/** The shape of two operands broadcast to each other. */
export function broadcast(a: ValueSpec, b: ValueSpec, type: ValueType = a.type): ValueSpec {
  const shape = tf.backend_util.assertAndGetBroadcastShape([...a.shape], [...b.shape]);
  return { shape, type };
}

/** Inputs that form a list, in their order. */
export function listed(inputs: Readonly<Record<string, Value>>): readonly Value[] {
  return Object.values(inputs);
}

/** Axes as TensorFlow.js takes them (one, several, none for all), as positive numbers. */
export function axesOf(
  axis: number | readonly number[] | null | undefined,
  rank: number,
): number[] {
  const all = Array.from({ length: rank }, (_, index) => index);
  if (axis === undefined || axis === null) return all;
  const axes = typeof axis === 'number' ? [axis] : axis;
  if (axes.length === 0) return all;
  return axes.map(index => (index < 0 ? index + rank : index));
}
