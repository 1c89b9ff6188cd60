import type { Lowering } from '../lowering.ts';
import type { Operation, Value, ValueSpec } from '../program.ts';

/** Inputs of a kernel by name; those in `Optional` may be missing. */
export type Inputs<Name extends string, Optional extends string = never> = Readonly<
  Record<Name, Value>
> &
  Readonly<Partial<Record<Optional, Value>>>;

/** A recorded call that is being lowered. */
export interface Call<Name extends string, KernelAttributes, Optional extends string = never> {
  readonly inputs: Inputs<Name, Optional>;
  readonly attributes: KernelAttributes;
  readonly outputs: readonly Value[];
  /** The first output, for most kernels the only one. */
  readonly output: Value;
  /** The call as it was recorded. */
  readonly operation: Operation;
}

/**
 * What the compiler knows of one kernel of TensorFlow.js: the shapes that it returns, and how it is
 * written in ONNX.
 */
export interface KernelRule<
  Name extends string,
  KernelAttributes,
  Optional extends string = never,
> {
  /**
   * Shape and type of the outputs, in the order of the kernel.
   *
   * @throws CompileError when the rule does not cover these attributes
   */
  infer(
    inputs: Inputs<Name, Optional>,
    attributes: KernelAttributes,
  ): ValueSpec | readonly ValueSpec[];
  /**
   * Adds nodes for the call to the graph and places its outputs.
   *
   * @throws CompileError when the rule does not cover these attributes
   */
  lower(lowering: Lowering, call: Call<Name, KernelAttributes, Optional>): void;
}

/** A rule whose inputs and attributes are known only to itself. */
export type AnyRule = KernelRule<string, unknown>;

/** Rules by the name of their kernel. */
export type RuleTable = Readonly<Record<string, AnyRule>>;

/**
 * States the names of a kernel's inputs and the type of its attributes once. The recording hands a
 * rule only calls of its own kernel, which is what makes the change of type right.
 */
export function defineRule<Name extends string, KernelAttributes, Optional extends string = never>(
  rule: KernelRule<Name, KernelAttributes, Optional>,
): AnyRule {
  return rule;
}
