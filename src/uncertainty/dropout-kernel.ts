import {
  assemble,
  block,
  f32x4,
  i32,
  i32x4,
  ifElse,
  leave,
  leaveIf,
  local,
  loop,
  v128,
  type Code,
} from './wasm-code.ts';

/** Bytes of 32 float32. */
const wordBytes = 128;
/** Vectors of four numbers in 32. */
const vectors = [0, 1, 2, 3, 4, 5, 6, 7] as const;

const parameters = {
  /** Where the four words of a generator are. */
  state: 0,
  /** Where the numbers of one pass are. */
  source: 1,
  /** How far to go on in them after 32 of them: 128 bytes, or 0 where all numbers are the same. */
  step: 2,
  /** Where all passes are written. */
  target: 3,
  passes: 4,
  /** Numbers in a pass, at least one. */
  size: 5,
  /** Units are dropped with probability threshold / 2³². */
  threshold: 6,
  /** What units that are kept are multiplied by. */
  kept: 7,
} as const;

const [a, b, c, d] = [8, 9, 10, 11] as const;
const [undecided, dropped, digits, bits] = [12, 13, 14, 15] as const;
const [shifted, from, to, left] = [16, 17, 18, 19] as const;
const [factors, word, firstPlaces] = [20, 21, 22] as const;

/** The four words of a generator, in their order. */
const generator = [a, b, c, d] as const;

/** The next bits of xoshiro128**, as `Random.bits` has them. */
const drawBits: readonly Code[] = [
  [...local.get(b), ...i32.constant(5), ...i32.multiply, ...i32.constant(7), ...i32.rotateLeft],
  [...i32.constant(9), ...i32.multiply, ...local.set(bits)],
  [...local.get(b), ...i32.constant(9), ...i32.shiftLeft, ...local.set(shifted)],
  [...local.get(c), ...local.get(a), ...i32.xor, ...local.set(c)],
  [...local.get(d), ...local.get(b), ...i32.xor, ...local.set(d)],
  [...local.get(b), ...local.get(c), ...i32.xor, ...local.set(b)],
  [...local.get(a), ...local.get(d), ...i32.xor, ...local.set(a)],
  [...local.get(c), ...local.get(shifted), ...i32.xor, ...local.set(c)],
  [...local.get(d), ...i32.constant(11), ...i32.rotateLeft, ...local.set(d)],
];

/** The undecided units whose bit is 0. */
const undecidedZeros: Code = [
  ...local.get(undecided),
  ...[...local.get(bits), ...i32.constant(-1), ...i32.xor, ...i32.and],
];

/** Draws 32 units into {@link dropped}, as `Random.fillWithBernoulliBits` does. */
const drawWord: readonly Code[] = [
  [...i32.constant(-1), ...local.set(undecided), ...i32.constant(0), ...local.set(dropped)],
  [...local.get(parameters.threshold), ...local.set(digits)],
  block(
    loop(
      [...local.get(digits), ...i32.isZero, ...leaveIf(1)],
      [...local.get(undecided), ...i32.isZero, ...leaveIf(1)],
      ...drawBits,
      [...local.get(digits), ...i32.constant(0), ...i32.isLess],
      ifElse(
        [
          [...undecidedZeros, ...local.get(dropped), ...i32.or, ...local.set(dropped)],
          [...local.get(undecided), ...local.get(bits), ...i32.and, ...local.set(undecided)],
        ],
        [undecidedZeros, local.set(undecided)],
      ),
      [...local.get(digits), ...i32.constant(1), ...i32.shiftLeft, ...local.set(digits)],
      leave(0),
    ),
  ),
  [...local.get(dropped), ...i32x4.splat, ...local.set(word)],
];

/** Writes four of 32 numbers: where their bit of {@link word} is 0, the number times the factor. */
function writeVector(index: number): Code {
  const isKept = [
    ...[...local.get(word), ...local.get(firstPlaces + index), ...v128.and],
    ...[...v128.constant([0, 0, 0, 0]), ...i32x4.isEqual],
  ];
  const product = [
    ...[...local.get(from), ...v128.load(16 * index)],
    ...[...local.get(factors), ...f32x4.multiply],
  ];
  return [...local.get(to), ...product, ...isKept, ...v128.and, ...v128.store(16 * index)];
}

function increase(variable: number, by: Code): Code {
  return [...local.get(variable), ...by, ...i32.add, ...local.set(variable)];
}

/**
 * A module whose function writes some passes of a value, in each of which other units are dropped:
 * `run(state, source, step, target, passes, size, threshold, kept)`. It writes and reads up to 31
 * numbers behind the end of a pass.
 */
export function assembleDropout(): Uint8Array<ArrayBuffer> {
  return assemble({
    parameters: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'f32'],
    variables: [
      ...Array.from({ length: factors - a }, () => 'i32' as const),
      ...Array.from({ length: 2 + vectors.length }, () => 'v128' as const),
    ],
    body: [
      ...[...local.get(parameters.kept), ...f32x4.splat, ...local.set(factors)],
      // The bits of four neighbouring units, one in each number of a vector.
      ...vectors.flatMap(index => [
        ...v128.constant([0, 1, 2, 3].map(unit => 1 << (4 * index + unit))),
        ...local.set(firstPlaces + index),
      ]),
      ...generator.flatMap((variable, i) => [
        ...[...local.get(parameters.state), ...i32.load(4 * i), ...local.set(variable)],
      ]),
      ...loop(
        [...local.get(parameters.source), ...local.set(from)],
        [...local.get(parameters.target), ...local.set(to)],
        [...local.get(parameters.size), ...local.set(left)],
        loop(
          ...drawWord,
          ...vectors.map(writeVector),
          increase(from, local.get(parameters.step)),
          increase(to, i32.constant(wordBytes)),
          [...local.get(left), ...i32.constant(32), ...i32.subtract, ...local.tee(left)],
          [...i32.constant(0), ...i32.isGreater, ...leaveIf(0)],
        ),
        // What was written behind the end is the start of the next pass, which comes now.
        increase(parameters.target, [
          ...[...local.get(parameters.size), ...i32.constant(2), ...i32.shiftLeft],
        ]),
        [...local.get(parameters.passes), ...i32.constant(1), ...i32.subtract],
        [...local.tee(parameters.passes), ...leaveIf(0)],
      ),
      ...generator.flatMap((variable, i) => [
        ...[...local.get(parameters.state), ...local.get(variable), ...i32.store(4 * i)],
      ]),
    ],
  });
}
