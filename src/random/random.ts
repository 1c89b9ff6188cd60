/**
 * Seeded random numbers. Every number in Assay comes from a stream that is keyed by what it is for
 * (seed, sample, purpose), so a result does not depend on batch size, order or number of workers.
 */

/** Parts of a key. Numbers and strings with the same spelling are different keys. */
export type RandomKey = readonly (string | number)[];

/** Mixes 32 bits (the finaliser of MurmurHash3, public domain, Austin Appleby). */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}

/** Hashes a key into four 32-bit words, enough to start a 128-bit generator. */
function hashKey(seed: number, key: RandomKey): [number, number, number, number] {
  const text = JSON.stringify([seed, ...key]);
  const words: [number, number, number, number] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 0x71374491];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    words[0] = Math.imul(words[0] ^ code, 0x01000193);
    words[1] = Math.imul(words[1] ^ code, 0x85ebca6b) + words[0];
    words[2] = Math.imul(words[2] ^ code, 0xc2b2ae35) + words[1];
    words[3] = Math.imul(words[3] ^ code, 0x27d4eb2f) + words[2];
  }
  words[0] = mix(words[0] + words[3]);
  words[1] = mix(words[1] + words[0]);
  words[2] = mix(words[2] + words[1]);
  words[3] = mix(words[3] + words[2]);
  // The state of xoshiro must not be all zero.
  if ((words[0] | words[1] | words[2] | words[3]) === 0) words[0] = 1;
  return words;
}

/** A stream of random numbers: xoshiro128** (Blackman and Vigna, 2018). */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  #spareNormal: number | undefined;

  /**
   * @param seed the seed of the whole audit, any finite number
   * @param key what the numbers are for, for example `['pgd-start', sampleId, restart]`
   */
  constructor(seed: number, key: RandomKey) {
    [this.#a, this.#b, this.#c, this.#d] = hashKey(seed, key);
  }

  /** The next 32 random bits as an unsigned integer. */
  bits(): number {
    const scrambled = Math.imul(this.#b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /**
   * Fills words with independent bits, each 1 with probability threshold / 2³². Every bit compares a
   * uniform number with the threshold digit by digit, the thirty-two of a word at once, and stops at
   * the first digit that differs; about six words of randomness decide all of them. The state is kept
   * in variables of this loop, which makes it several times as fast as calls of {@link bits}.
   *
   * @param threshold whole number in [0, 2³²)
   */
  fillWithBernoulliBits(words: Uint32Array, threshold: number): void {
    let [a, b, c, d] = [this.#a, this.#b, this.#c, this.#d];
    for (let word = 0; word < words.length; word++) {
      let undecided = -1;
      let below = 0;
      // Without a 1 among the remaining digits no undecided number can be below the threshold.
      for (let digits = threshold | 0; digits !== 0 && undecided !== 0; digits <<= 1) {
        const scrambled = Math.imul(b, 5);
        const bits = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
        const t = b << 9;
        c ^= a;
        d ^= b;
        b ^= c;
        a ^= d;
        c ^= t;
        d = (d << 11) | (d >>> 21);
        if (digits < 0) {
          below |= undecided & ~bits;
          undecided &= bits;
        } else {
          undecided &= ~bits;
        }
      }
      words[word] = below;
    }
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
  }

  /**
   * Lets other code draw from this stream: writes the four words of its state for `draw`, and goes on from
   * what they are afterwards.
   */
  lendState(words: Int32Array, draw: () => void): void {
    words.set([this.#a, this.#b, this.#c, this.#d]);
    draw();
    [this.#a, this.#b, this.#c, this.#d] = words as unknown as [number, number, number, number];
  }

  /** Uniform in [lower, upper), with 53 random bits. */
  uniform(lower = 0, upper = 1): number {
    const high = this.bits() >>> 5;
    const low = this.bits() >>> 6;
    return lower + (upper - lower) * ((high * 0x4000000 + low) / 0x20000000000000);
  }

  /** Uniform integer in [0, bound), without modulo bias. `bound` is between 1 and 2³². */
  integer(bound: number): number {
    const limit = 0x100000000 - (0x100000000 % bound);
    let value = this.bits();
    while (value >= limit) value = this.bits();
    return value % bound;
  }

  /** Standard normal, by the polar method (Marsaglia 1964). */
  normal(): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return spare;
    }
    for (;;) {
      const u = this.uniform(-1, 1);
      const v = this.uniform(-1, 1);
      const s = u * u + v * v;
      if (s > 0 && s < 1) {
        const factor = Math.sqrt((-2 * Math.log(s)) / s);
        this.#spareNormal = v * factor;
        return u * factor;
      }
    }
  }

  /** +1 or −1 with equal chance. */
  sign(): 1 | -1 {
    return this.bits() >>> 31 === 0 ? 1 : -1;
  }

  /** A uniformly random order of 0 … count−1 (Fisher and Yates). */
  permutation(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const swapped = order[i] as number;
      order[i] = order[j] as number;
      order[j] = swapped;
    }
    return order;
  }
}
