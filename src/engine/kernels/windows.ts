import type * as tf from '@tensorflow/tfjs-core';

/** How a window moves along one axis. */
interface AxisGeometry {
  readonly inSize: number;
  readonly outSize: number;
  /** Inputs that a window takes. */
  readonly taps: number;
  readonly stride: number;
  /** Distance between the inputs that a window takes. */
  readonly dilation: number;
  /** Padding in front of the first input. */
  readonly before: number;
}

/** How a window moves over volumes, or over images, which are volumes of depth one. */
export interface WindowGeometry {
  readonly batch: number;
  readonly channels: number;
  readonly depth: AxisGeometry;
  readonly height: AxisGeometry;
  readonly width: AxisGeometry;
}

const flat: AxisGeometry = { inSize: 1, outSize: 1, taps: 1, stride: 1, dilation: 1, before: 0 };

/** The windows of a pooling or dilation over `[batch, height, width, channels]`. */
export function imageWindows(info: tf.backend_util.Conv2DInfo): WindowGeometry {
  return {
    batch: info.batchSize,
    channels: info.inChannels,
    depth: flat,
    height: {
      inSize: info.inHeight,
      outSize: info.outHeight,
      taps: info.filterHeight,
      stride: info.strideHeight,
      dilation: info.dilationHeight,
      before: info.padInfo.top,
    },
    width: {
      inSize: info.inWidth,
      outSize: info.outWidth,
      taps: info.filterWidth,
      stride: info.strideWidth,
      dilation: info.dilationWidth,
      before: info.padInfo.left,
    },
  };
}

/** The windows of a pooling over `[batch, depth, height, width, channels]`. */
export function volumeWindows(info: tf.backend_util.Conv3DInfo): WindowGeometry {
  return {
    batch: info.batchSize,
    channels: info.inChannels,
    depth: {
      inSize: info.inDepth,
      outSize: info.outDepth,
      taps: info.filterDepth,
      stride: info.strideDepth,
      dilation: info.dilationDepth,
      before: info.padInfo.front,
    },
    height: {
      inSize: info.inHeight,
      outSize: info.outHeight,
      taps: info.filterHeight,
      stride: info.strideHeight,
      dilation: info.dilationHeight,
      before: info.padInfo.top,
    },
    width: {
      inSize: info.inWidth,
      outSize: info.outWidth,
      taps: info.filterWidth,
      stride: info.strideWidth,
      dilation: info.dilationWidth,
      before: info.padInfo.left,
    },
  };
}

/** The inputs of one window: only those that exist, in row-major order. */
export interface Window {
  /** Index of the first channel of each input. */
  readonly inputs: Int32Array;
  /** Index of the first channel of the filter's tap that each input meets. */
  readonly taps: Int32Array;
  /** How many entries of both count. */
  count: number;
}

/**
 * Visits all windows, in row-major order of the outputs.
 *
 * @param visit takes the window, which is reused for the next one, and the index of the first channel
 *   of the output
 */
export function forEachWindow(
  geometry: WindowGeometry,
  visit: (window: Window, output: number) => void,
): void {
  const { batch, channels, depth, height, width } = geometry;
  const size = depth.taps * height.taps * width.taps;
  const window: Window = { inputs: new Int32Array(size), taps: new Int32Array(size), count: 0 };
  let output = 0;
  for (let image = 0; image < batch; image++) {
    for (let outZ = 0; outZ < depth.outSize; outZ++) {
      for (let outY = 0; outY < height.outSize; outY++) {
        for (let outX = 0; outX < width.outSize; outX++) {
          fillWindow(window, geometry, image, [outZ, outY, outX]);
          visit(window, output);
          output += channels;
        }
      }
    }
  }
}

function fillWindow(
  window: Window,
  { channels, depth, height, width }: WindowGeometry,
  image: number,
  [outZ, outY, outX]: readonly [number, number, number],
): void {
  let count = 0;
  for (let tapZ = 0; tapZ < depth.taps; tapZ++) {
    const z = outZ * depth.stride + tapZ * depth.dilation - depth.before;
    if (z < 0 || z >= depth.inSize) continue;
    for (let tapY = 0; tapY < height.taps; tapY++) {
      const y = outY * height.stride + tapY * height.dilation - height.before;
      if (y < 0 || y >= height.inSize) continue;
      const row = ((image * depth.inSize + z) * height.inSize + y) * width.inSize;
      const tapRow = (tapZ * height.taps + tapY) * width.taps;
      for (let tapX = 0; tapX < width.taps; tapX++) {
        const x = outX * width.stride + tapX * width.dilation - width.before;
        if (x < 0 || x >= width.inSize) continue;
        window.inputs[count] = (row + x) * channels;
        window.taps[count] = (tapRow + tapX) * channels;
        count++;
      }
    }
  }
  window.count = count;
}
