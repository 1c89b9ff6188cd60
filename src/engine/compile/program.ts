/**
 * What is recorded of a function: values, and the kernels that make them from others. A program is
 * a value itself; nothing in it changes after the recording.
 */

/** Types of tensors that are recorded. */
export type ValueType = 'float32' | 'int32' | 'bool';

/** Numbers of a constant; bools are 0 or 1 in a `Uint8Array`. */
export type ConstantData = Float32Array | Int32Array | Uint8Array;

/** Shape and type of a tensor. */
export interface ValueSpec {
  readonly shape: readonly number[];
  readonly type: ValueType;
}

/** Where a value comes from. */
export type Origin =
  | { readonly kind: 'argument'; readonly index: number }
  | { readonly kind: 'constant'; readonly data: ConstantData }
  | { readonly kind: 'operation'; readonly operation: Operation; readonly output: number };

/** A tensor of the recorded function, row-major as in TensorFlow.js. Compared by identity. */
export interface Value extends ValueSpec {
  readonly origin: Origin;
}

/** A constant tensor. */
export interface Constant extends Value {
  readonly origin: Extract<Origin, { kind: 'constant' }>;
}

/** Attributes of a kernel as TensorFlow.js gives them. */
export type Attributes = Readonly<Record<string, unknown>>;

/** One call of a kernel. Inputs that form a list have the names `0`, `1`, … */
export interface Operation {
  readonly kernel: string;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly attributes: Attributes;
  readonly outputs: readonly Value[];
}

/** A recorded function with fixed shapes. */
export interface Program {
  readonly arguments: readonly Value[];
  /** In the order in which they were executed. */
  readonly operations: readonly Operation[];
  readonly results: readonly Value[];
}

export function isConstant(value: Value): value is Constant {
  return value.origin.kind === 'constant';
}

/** The operation that made a value, if one did. */
export function producerOf(value: Value): Operation | undefined {
  return value.origin.kind === 'operation' ? value.origin.operation : undefined;
}

/** A new operation whose outputs have these specifications. */
export function createOperation(
  kernel: string,
  inputs: Readonly<Record<string, Value>>,
  attributes: Attributes,
  specs: readonly ValueSpec[],
): Operation {
  const outputs: Value[] = [];
  const operation: Operation = { kernel, inputs, attributes, outputs };
  specs.forEach(({ shape, type }, output) => {
    outputs.push({ shape: [...shape], type, origin: { kind: 'operation', operation, output } });
  });
  return operation;
}

/** The operations that the results depend on, in their order. */
export function liveOperations(program: Program): Operation[] {
  const live = new Set<Operation>();
  const pending = [...program.results];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    const operation = producerOf(value);
    if (operation === undefined || live.has(operation)) continue;
    live.add(operation);
    pending.push(...Object.values(operation.inputs));
  }
  return program.operations.filter(operation => live.has(operation));
}
