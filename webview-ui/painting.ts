/**
 * Pixels from inputs. One channel is grey, three are red, green and blue; of more, the first is
 * drawn.
 */

/**
 * @param values `[height, width, channels]` in input units
 * @returns RGBA, 8 bits each
 */
export function paintImage(
  values: Float32Array,
  channels: number,
  [lower, upper]: readonly [number, number],
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray((4 * values.length) / channels);
  const shade = (value: number) => (255 * (value - lower)) / (upper - lower);
  for (let i = 0; i < pixels.length / 4; i++) {
    for (let c = 0; c < 3; c++) {
      const channel = channels === 3 ? c : 0;
      pixels[4 * i + c] = shade(values[i * channels + channel] ?? lower);
    }
    pixels[4 * i + 3] = 255;
  }
  return pixels;
}

/**
 * The salient places of a change, over the darkened original: the more a place was changed, the more
 * it is orange. Its largest change has full colour, so that places show and not sizes.
 *
 * @param reference what was changed, in input units
 * @returns RGBA, 8 bits each
 */
export function paintSaliency(
  values: Float32Array,
  reference: Float32Array,
  channels: number,
  bounds: readonly [number, number],
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = paintImage(reference, channels, bounds);
  const scale = amplification(values, reference);
  for (let i = 0; i < pixels.length / 4; i++) {
    let largest = 0;
    for (let c = 0; c < channels; c++) {
      const at = i * channels + c;
      largest = Math.max(largest, Math.abs((values[at] ?? 0) - (reference[at] ?? 0)));
    }
    const share = Math.min(1, largest * scale);
    for (const [channel, colour] of salientColour.entries()) {
      const at = 4 * i + channel;
      pixels[at] = 0.6 * (1 - share) * (pixels[at] ?? 0) + share * colour;
    }
  }
  return pixels;
}

const salientColour = [255, 140, 0] as const;

/** How strongly a difference is drawn: its largest change has full colour. */
export function amplification(values: Float32Array, reference: Float32Array): number {
  let largest = 0;
  for (const [i, value] of values.entries()) {
    largest = Math.max(largest, Math.abs(value - (reference[i] ?? 0)));
  }
  return largest === 0 ? 1 : 1 / largest;
}

/**
 * The difference, amplified to full range: mean over channels, red where the input grew brighter
 * and blue where it grew darker, white where nothing changed.
 *
 * @returns RGBA, 8 bits each
 */
export function paintDifference(
  values: Float32Array,
  reference: Float32Array,
  channels: number,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray((4 * values.length) / channels);
  const scale = amplification(values, reference);
  for (let i = 0; i < pixels.length / 4; i++) {
    let change = 0;
    for (let c = 0; c < channels; c++) {
      const at = i * channels + c;
      change += ((values[at] ?? 0) - (reference[at] ?? 0)) / channels;
    }
    const strength = Math.min(1, Math.abs(change) * scale);
    const [red, green, blue] = change >= 0 ? [178, 24, 43] : [33, 102, 172];
    pixels[4 * i] = 247 + (red - 247) * strength;
    pixels[4 * i + 1] = 247 + (green - 247) * strength;
    pixels[4 * i + 2] = 247 + (blue - 247) * strength;
    pixels[4 * i + 3] = 255;
  }
  return pixels;
}
