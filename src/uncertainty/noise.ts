import type { Random } from '../random/random.ts';

/**
 * What a stochastic layer draws. The numbers are made here and enter the network as an input, so
 * that they are the same on every engine and at every batch size.
 */
export type NoiseDistribution =
  /** `dropped` with probability `rate`, else `kept`. */
  | {
      readonly kind: 'bernoulli';
      readonly rate: number;
      readonly kept: number;
    }
  /** Normal with this mean and standard deviation. */
  | {
      readonly kind: 'normal';
      readonly mean: number;
      readonly standardDeviation: number;
    }
  /** Normal with mean 0 and standard deviation 1, drawn again when beyond two deviations. */
  | { readonly kind: 'truncated-normal' }
  /** Uniform in [0, 1). */
  | { readonly kind: 'uniform' };

/** One array of random numbers that a network takes for each pass of each sample. */
export interface NoiseSource {
  readonly distribution: NoiseDistribution;
  /** Shape for one pass of one sample. */
  readonly shape: readonly number[];
}

/** Fills an array with draws. A dropped unit is 0. */
export function fillWithNoise(
  target: Float32Array,
  distribution: NoiseDistribution,
  random: Random,
): void {
  switch (distribution.kind) {
    case 'bernoulli':
      fillWithMask(target, distribution.rate, distribution.kept, random);
      break;
    case 'normal':
      for (let i = 0; i < target.length; i++) {
        target[i] = distribution.mean + distribution.standardDeviation * random.normal();
      }
      break;
    case 'truncated-normal':
      for (let i = 0; i < target.length; i++) target[i] = truncatedNormal(random);
      break;
    case 'uniform':
      // As many bits as a float32 holds, so that nothing is rounded up to 1.
      for (let i = 0; i < target.length; i++) target[i] = (random.bits() >>> 8) / 0x1000000;
      break;
  }
}

function truncatedNormal(random: Random): number {
  let value = random.normal();
  while (Math.abs(value) > 2) value = random.normal();
  return value;
}

/** Thirty-two units each; filled over and over. */
const words = new Uint32Array(1024);

/**
 * A dropout mask: 0 with a probability of `rate` rounded to 2⁻³², else `kept`. Units are drawn by
 * thirty-twos (see {@link Random.fillWithBernoulliBits}) and written by eights, which takes half a
 * nanosecond a unit in place of several.
 */
function fillWithMask(target: Float32Array, rate: number, kept: number, random: Random): void {
  const threshold = Math.min(Math.round(rate * 0x100000000), 0xffffffff);
  const unitsAtATime = 32 * words.length;
  for (let start = 0; start < target.length; start += unitsAtATime) {
    const part = target.subarray(start, start + unitsAtATime);
    random.fillWithBernoulliBits(words.subarray(0, Math.ceil(part.length / 32)), threshold);
    writeMask(part, kept);
  }
}

/** Writes the units of {@link words}, in which a bit of 1 is a dropped unit. */
function writeMask(target: Float32Array, kept: number): void {
  const isAligned = target.byteOffset % Float64Array.BYTES_PER_ELEMENT === 0;
  const whole = isAligned ? Math.floor(target.length / 32) : 0;
  const table = octetsOf(kept);
  const wide = new Float64Array(target.buffer, isAligned ? target.byteOffset : 0, 16 * whole);
  for (let word = 0, at = 0; word < whole; word++, at += 16) {
    const dropped = words[word] as number;
    // Octet by octet; a loop over them takes twice as long.
    writeOctet(wide, at, table, dropped);
    writeOctet(wide, at + 4, table, dropped >>> 8);
    writeOctet(wide, at + 8, table, dropped >>> 16);
    writeOctet(wide, at + 12, table, dropped >>> 24);
  }
  for (let i = 32 * whole; i < target.length; i++) {
    const dropped = ((words[i >>> 5] as number) >>> (i & 31)) & 1;
    target[i] = dropped === 1 ? 0 : kept;
  }
}

/** Writes the eight units of the lowest eight bits, two at a time. */
function writeOctet(wide: Float64Array, at: number, table: Float64Array, bits: number): void {
  const from = (bits & 255) << 2;
  wide[at] = table[from] as number;
  wide[at + 1] = table[from + 1] as number;
  wide[at + 2] = table[from + 2] as number;
  wide[at + 3] = table[from + 3] as number;
}

const octetTables = new Map<number, Float64Array>();

/** For each of 256 octets its eight units as float32, two of them in the bits of each float64. */
function octetsOf(kept: number): Float64Array {
  let table = octetTables.get(kept);
  if (table === undefined) {
    const units = Float32Array.from({ length: 256 * 8 }, (_, i) =>
      ((i >>> 3) >>> (i & 7)) & 1 ? 0 : kept,
    );
    table = new Float64Array(units.buffer);
    octetTables.set(kept, table);
  }
  return table;
}
