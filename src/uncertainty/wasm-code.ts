/**
 * Instructions of WebAssembly as bytes, as far as they are used here (WebAssembly core specification
 * 2.0, chapter 5), so that a short loop over numbers can use the vectors of the processor without a
 * compiler of another language. Instructions take their operands off a stack, in the order in which
 * they were put there.
 */
export type Code = readonly number[];

/** Types of parameters and variables. */
export const valueTypes = { i32: 0x7f, f32: 0x7d, v128: 0x7b } as const;
type ValueType = keyof typeof valueTypes;

/** A variable of a function, parameters first. */
export const local = {
  get: (index: number): Code => [0x20, ...unsigned(index)],
  set: (index: number): Code => [0x21, ...unsigned(index)],
  /** Sets it and leaves the value on the stack. */
  tee: (index: number): Code => [0x22, ...unsigned(index)],
};

/** Whole numbers of 32 bits. */
export const i32 = {
  constant: (value: number): Code => [0x41, ...signed(value)],
  load: (offset: number): Code => [0x28, 2, ...unsigned(offset)],
  store: (offset: number): Code => [0x36, 2, ...unsigned(offset)],
  isZero: [0x45],
  /** Less than, with a sign. */
  isLess: [0x48],
  /** Greater than, with a sign. */
  isGreater: [0x4a],
  add: [0x6a],
  subtract: [0x6b],
  multiply: [0x6c],
  and: [0x71],
  or: [0x72],
  xor: [0x73],
  shiftLeft: [0x74],
  rotateLeft: [0x77],
} as const;

/** Vectors of 128 bits, anywhere in memory. */
export const v128 = {
  constant: (words: readonly number[]): Code =>
    vector(12, ...new Uint8Array(Int32Array.from(words).buffer)),
  load: (offset: number): Code => vector(0, 2, ...unsigned(offset)),
  store: (offset: number): Code => vector(11, 2, ...unsigned(offset)),
  and: vector(78),
};

/** Vectors of four whole numbers. */
export const i32x4 = { splat: vector(17), isEqual: vector(55) };

/** Vectors of four real numbers. */
export const f32x4 = { splat: vector(19), multiply: vector(230) };

/** Instructions that a {@link leaveIf} in them can leave. */
export function block(...body: readonly Code[]): Code {
  return [0x02, 0x40, ...body.flat(), 0x0b];
}

/** Instructions that a {@link leave} or {@link leaveIf} in them begins anew. */
export function loop(...body: readonly Code[]): Code {
  return [0x03, 0x40, ...body.flat(), 0x0b];
}

export function ifElse(then: readonly Code[], otherwise: readonly Code[]): Code {
  return [0x04, 0x40, ...then.flat(), 0x05, ...otherwise.flat(), 0x0b];
}

/** To the end of a block or the start of a loop; 0 is the innermost around it. */
export function leave(depth: number): Code {
  return [0x0c, ...unsigned(depth)];
}

/** The same if the number on the stack is not zero. */
export function leaveIf(depth: number): Code {
  return [0x0d, ...unsigned(depth)];
}

/** A function that returns nothing and works on the memory of its module. */
export interface WasmFunction {
  readonly parameters: readonly ValueType[];
  /** Variables beside the parameters, which are numbered on. */
  readonly variables: readonly ValueType[];
  readonly body: Code;
}

/** A module that imports `memory` of `environment` and exports one function as `run`. */
export function assemble({ parameters, variables, body }: WasmFunction): Uint8Array<ArrayBuffer> {
  const groups = variables.map(type => [1, valueTypes[type]]);
  const code = [...vectorOf(groups), ...body, 0x0b];
  const type = [0x60, ...vectorOf(parameters.map(each => [valueTypes[each]])), 0];
  const memory = [...name('environment'), ...name('memory'), 2, 0, 1];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [type]),
    ...section(2, [memory]),
    ...section(3, [[0]]),
    ...section(7, [[...name('run'), 0, 0]]),
    ...section(10, [[...unsigned(code.length), ...code]]),
  ]);
}

function section(identifier: number, items: readonly Code[]): Code {
  const content = vectorOf(items);
  return [identifier, ...unsigned(content.length), ...content];
}

function vectorOf(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

function name(text: string): Code {
  const bytes = new TextEncoder().encode(text);
  return [...unsigned(bytes.length), ...bytes];
}

function vector(instruction: number, ...operands: readonly number[]): Code {
  return [0xfd, ...unsigned(instruction), ...operands];
}

/** LEB128: seven bits a byte, the lowest first; the highest bit says that more follow. */
function unsigned(value: number): Code {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

/** The same of a number of 32 bits with a sign. */
function signed(value: number): Code {
  const low = value & 127;
  const rest = value >> 7;
  const isLast = low < 64 ? rest === 0 : rest === -1;
  return isLast ? [low] : [low | 128, ...signed(rest)];
}
