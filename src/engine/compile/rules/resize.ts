import type { ResizeBilinearAttrs, ResizeNearestNeighborAttrs } from '@tensorflow/tfjs-core';
import type { Lowering } from '../lowering.ts';
import type { Value } from '../program.ts';
import { repeat } from './repeat.ts';
import { type AnyRule, defineRule, type RuleTable } from './rule.ts';

type ResizeAttributes = Omit<ResizeBilinearAttrs & ResizeNearestNeighborAttrs, 'size'>;

type Interpolation = 'bilinear' | 'nearest';

/**
 * Resizing is linear, and the same along each axis: a product with a constant matrix of weights for
 * the height and another for the width. Its gradient is the product with the transposed matrices.
 */

/** Weights `[target, source]` with which numbers along one axis make the resized ones. */
function resizeWeights(
  source: number,
  target: number,
  interpolation: Interpolation,
  { alignCorners, halfPixelCenters }: ResizeAttributes,
): Float32Array {
  const weights = new Float32Array(target * source);
  const aligned = alignCorners && target > 1;
  const scale = aligned ? (source - 1) / (target - 1) : source / target;
  const add = (row: number, column: number, weight: number): void => {
    const index = row * source + Math.min(source - 1, Math.max(0, column));
    weights[index] = (weights[index] as number) + weight;
  };
  for (let row = 0; row < target; row++) {
    const center = halfPixelCenters ? 0.5 : 0;
    if (interpolation === 'nearest') {
      const position = scale * (row + center);
      add(row, alignCorners ? Math.round(position) : Math.floor(position), 1);
    } else {
      const position = Math.max(0, scale * (row + center) - center);
      const lower = Math.floor(position);
      const fraction = position - lower;
      add(row, lower, 1 - fraction);
      add(row, lower + 1, fraction);
    }
  }
  return weights;
}

/** Multiplies height and width of `image`, channels first, by weights or by their transpose. */
function applyWeights(
  lowering: Lowering,
  image: string,
  small: readonly number[],
  large: readonly number[],
  interpolation: Interpolation,
  attributes: ResizeAttributes,
  backward: boolean,
): string {
  const { graph } = lowering;
  const matrix = (axis: 0 | 1): string => {
    const shape = [large[axis] as number, small[axis] as number] as const;
    const data = resizeWeights(shape[1], shape[0], interpolation, attributes);
    return graph.initializer({ type: 'float32', shape, data });
  };
  const vertical = backward ? graph.transpose(matrix(0), [1, 0]) : matrix(0);
  const horizontal = backward ? matrix(1) : graph.transpose(matrix(1), [1, 0]);
  return graph.node('MatMul', [graph.node('MatMul', [vertical, image]), horizontal]);
}

function spatial({ shape }: Value): readonly number[] {
  return shape.slice(1, 3);
}

/** A whole number of copies of each number, as the up-sampling layer of Keras makes them. */
function wholeScales(
  images: Value,
  output: Value,
  attributes: ResizeAttributes,
): number[] | undefined {
  if (attributes.alignCorners || attributes.halfPixelCenters) return undefined;
  const scales = spatial(output).map((length, axis) => length / (spatial(images)[axis] as number));
  return scales.every(scale => Number.isInteger(scale)) ? scales : undefined;
}

function resize(interpolation: Interpolation): AnyRule {
  return defineRule<'images', ResizeBilinearAttrs & ResizeNearestNeighborAttrs>({
    infer: ({ images }, { size }) => {
      const [batch, , , channels] = images.shape as [number, number, number, number];
      return { shape: [batch, ...size, channels], type: 'float32' };
    },
    lower(lowering, { inputs: { images }, attributes, output }) {
      const { placements } = lowering;
      const image = placements.channelsFirst(images);
      const scales =
        interpolation === 'nearest' ? wholeScales(images, output, attributes) : undefined;
      if (scales !== undefined) {
        placements.setChannelsFirst(output, repeat(lowering.graph, image, scales));
        return;
      }
      const [from, to] = [spatial(images), spatial(output)];
      placements.setChannelsFirst(
        output,
        applyWeights(lowering, image, from, to, interpolation, attributes, false),
      );
    },
  });
}

function resizeGradient(interpolation: Interpolation): AnyRule {
  return defineRule<'images' | 'dy', ResizeAttributes>({
    infer: ({ images }) => ({ shape: images.shape, type: 'float32' }),
    lower(lowering, { inputs: { images, dy }, attributes, output }) {
      const { graph, placements } = lowering;
      const gradient = placements.channelsFirst(dy);
      const scales = interpolation === 'nearest' ? wholeScales(images, dy, attributes) : undefined;
      if (scales !== undefined) {
        const options = { kernel_shape: scales, strides: scales };
        const average = graph.node('AveragePool', [gradient], options);
        const count = graph.scalar(scales.reduce((product, scale) => product * scale, 1));
        placements.setChannelsFirst(output, graph.node('Mul', [average, count]));
        return;
      }
      const [from, to] = [spatial(images), spatial(dy)];
      placements.setChannelsFirst(
        output,
        applyWeights(lowering, gradient, from, to, interpolation, attributes, true),
      );
    },
  });
}

/** Resizing of images, and its gradients. */
export const resizeRules: RuleTable = {
  ResizeBilinear: resize('bilinear'),
  ResizeBilinearGrad: resizeGradient('bilinear'),
  ResizeNearestNeighbor: resize('nearest'),
  ResizeNearestNeighborGrad: resizeGradient('nearest'),
};
