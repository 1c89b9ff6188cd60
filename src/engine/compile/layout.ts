/**
 * Orders of axes. TensorFlow.js keeps images as `[batch, height, width, channels]` ("natural"
 * here), ONNX convolutions want `[batch, channels, height, width]` ("channels first").
 */

/** `channelsFirst[k] = natural[toChannelsFirst[k]]`. */
export const toChannelsFirst = [0, 3, 1, 2] as const;

/** `natural[k] = channelsFirst[toNatural[k]]`; also where axis `k` of the natural order lies. */
export const toNatural = [0, 2, 3, 1] as const;

/** The items of a list in a new order: `result[k] = list[order[k]]`. */
export function permute<T>(list: readonly T[], order: readonly number[]): T[] {
  return order.map(index => list[index] as T);
}

/** Whether two shapes are the same. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/** The shape that NumPy's rules of broadcasting give. */
export function broadcastShape(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map(shape => shape.length));
  return Array.from({ length: rank }, (_, axis) =>
    shapes.reduce((length, shape) => {
      const own = shape[axis - rank + shape.length] ?? 1;
      return own === 1 ? length : own;
    }, 1),
  );
}

/** Puts axes of length 1 in front until a shape has this rank. */
export function padRank(shape: readonly number[], rank: number): number[] {
  return [...Array<number>(Math.max(0, rank - shape.length)).fill(1), ...shape];
}

/** Whether reordering the axes of an image moves no number in memory. */
export function reorderIsReshape(naturalShape: readonly number[]): boolean {
  const [, height = 1, width = 1, channels = 1] = naturalShape;
  return channels === 1 || height * width === 1;
}

/** An axis counted from the front. */
export function positiveAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** Row-major data with its axes in a new order. */
export function permuteData<T extends Float32Array | Int32Array | Uint8Array>(
  data: T,
  shape: readonly number[],
  order: readonly number[],
): T {
  const strides = Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = (strides[axis + 1] as number) * (shape[axis + 1] as number);
  }
  const lengths = permute(shape, order);
  const steps = permute(strides, order);
  const position = Array<number>(order.length).fill(0);
  const result = data.slice() as T;
  let source = 0;
  for (let target = 0; target < result.length; target++) {
    result[target] = data[source] as number;
    for (let axis = order.length - 1; axis >= 0; axis--) {
      const next = (position[axis] as number) + 1;
      source += steps[axis] as number;
      if (next < (lengths[axis] as number)) {
        position[axis] = next;
        break;
      }
      source -= (steps[axis] as number) * next;
      position[axis] = 0;
    }
  }
  return result;
}

/** Turns the last two axes by 180 degrees. */
export function rotateKernels(data: Float32Array, kernelSize: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += kernelSize) {
    result.set(data.subarray(start, start + kernelSize).toReversed(), start);
  }
  return result;
}
