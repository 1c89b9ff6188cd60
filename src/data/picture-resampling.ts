/** One picture, `[height, width, channels]` in row-major order. */
export interface PictureView {
  readonly values: Float32Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/**
 * Takes each pixel of the result from another place of the picture, bilinearly. Beyond the border
 * the pixels of the border go on.
 *
 * @param source where the pixel at (x, y) comes from; both are measured from the centre, in pixels
 */
export function resample(
  { values, height, width, channels }: PictureView,
  source: (x: number, y: number) => readonly [x: number, y: number],
): Float32Array {
  const [centreX, centreY] = [(width - 1) / 2, (height - 1) / 2];
  const result = new Float32Array(values.length);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const [fromX, fromY] = source(column - centreX, row - centreY);
      const x = clamp(fromX + centreX, width - 1);
      const y = clamp(fromY + centreY, height - 1);
      const [left, top] = [Math.floor(x), Math.floor(y)];
      const [right, bottom] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)];
      const [alongX, alongY] = [x - left, y - top];
      for (let c = 0; c < channels; c++) {
        const at = (py: number, px: number) => values[(py * width + px) * channels + c] as number;
        const above = (1 - alongX) * at(top, left) + alongX * at(top, right);
        const below = (1 - alongX) * at(bottom, left) + alongX * at(bottom, right);
        result[(row * width + column) * channels + c] = (1 - alongY) * above + alongY * below;
      }
    }
  }
  return result;
}

/** Gaussian blur, one direction after the other. @param deviation in pixels */
export function blur(picture: PictureView, deviation: number): Float32Array {
  const { height, width } = picture;
  const kernel = gaussianKernel(deviation);
  const across = convolve(picture, kernel, (row, column, step) => [
    row,
    clamp(column + step, width - 1),
  ]);
  return convolve({ ...picture, values: across }, kernel, (row, column, step) => [
    clamp(row + step, height - 1),
    column,
  ]);
}

/** The picture at a lower resolution: means over blocks. @param resolution what is left, in (0, 1] */
export function pixelate(
  { values, height, width, channels }: PictureView,
  resolution: number,
): Float32Array {
  const rows = Math.max(1, Math.round(resolution * height));
  const columns = Math.max(1, Math.round(resolution * width));
  const blockOf = (row: number, column: number) =>
    Math.floor((row * rows) / height) * columns + Math.floor((column * columns) / width);
  const sums = new Float64Array(rows * columns * channels);
  const counts = new Uint32Array(rows * columns);
  const forEachPixel = (visit: (pixel: number, block: number) => void): void => {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        visit(row * width + column, blockOf(row, column));
      }
    }
  };
  forEachPixel((pixel, block) => {
    counts[block] = (counts[block] as number) + 1;
    for (let c = 0; c < channels; c++) {
      const at = block * channels + c;
      sums[at] = (sums[at] as number) + (values[pixel * channels + c] as number);
    }
  });
  const result = new Float32Array(values.length);
  forEachPixel((pixel, block) => {
    for (let c = 0; c < channels; c++) {
      result[pixel * channels + c] =
        (sums[block * channels + c] as number) / (counts[block] as number);
    }
  });
  return result;
}

/** Weights from −radius to radius that sum to 1; nothing beyond three deviations. */
function gaussianKernel(deviation: number): Float64Array {
  const radius = Math.ceil(3 * deviation);
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - radius) / deviation) ** 2),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map(weight => weight / total);
}

function convolve(
  { values, height, width, channels }: PictureView,
  kernel: Float64Array,
  neighbour: (row: number, column: number, step: number) => readonly [row: number, column: number],
): Float32Array {
  const radius = (kernel.length - 1) / 2;
  const result = new Float32Array(values.length);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      kernel.forEach((weight, i) => {
        const [fromRow, fromColumn] = neighbour(row, column, i - radius);
        const from = (fromRow * width + fromColumn) * channels;
        const to = (row * width + column) * channels;
        for (let c = 0; c < channels; c++) {
          result[to + c] = (result[to + c] as number) + weight * (values[from + c] as number);
        }
      });
    }
  }
  return result;
}

function clamp(value: number, highest: number): number {
  return Math.min(highest, Math.max(0, value));
}
