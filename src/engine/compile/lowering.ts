import { sizeOf } from '../../arrays/batch.ts';
import { GraphBuilder } from './graph-builder.ts';
import { largeMatrices } from './large-matrices.ts';
import { broadcastShape, sameShape } from './layout.ts';
import type { OnnxAttributes, OnnxGraph } from './onnx.ts';
import { Placements } from './placements.ts';
import { liveOperations, type Operation, producerOf, type Program, type Value } from './program.ts';
import { hasTournaments } from './rules/tournament-pool.ts';
import { ruleFor } from './rules/rule-table.ts';
import type { Call } from './rules/rule.ts';

/** Names of a program's arguments and results in the graph. */
export function argumentName(index: number): string {
  return `argument${index}`;
}
export function resultName(index: number): string {
  return `result${index}`;
}

/** What the graph is written for. */
export interface LoweringTarget {
  /** Channels in a block, where what computes has convolutions by blocks. */
  readonly channelBlock?: number | undefined;
  /** Whether it reads what is handed in with a call where it lies, and not over a bus. */
  readonly sharesMemory: boolean;
}

/**
 * Writes a recorded program as an ONNX graph.
 *
 * @throws CompileError when a kernel that the results need has no rule
 */
export function lowerProgram(program: Program, target: LoweringTarget): OnnxGraph {
  const lowering = new Lowering(liveOperations(program), target);
  program.arguments.forEach((value, index) => {
    lowering.placements.setNatural(value, argumentName(index));
  });
  for (const operation of lowering.operations) {
    const [output] = operation.outputs;
    const call: Call<string, unknown> = { ...operation, output: output as Value, operation };
    ruleFor(operation.kernel).lower(lowering, call);
  }
  const outputs = program.results.map((value, index) => {
    const name = resultName(index);
    lowering.graph.name(lowering.placements.natural(value), name);
    return { name, type: value.type, shape: value.shape };
  });
  const inputs = program.arguments.map(({ type, shape }, index) => ({
    name: argumentName(index),
    type,
    shape,
  }));
  return lowering.graph.finish(inputs, outputs);
}

/** A convolution in blocks of channels, for what can still become a part of it. */
export interface BlockedConvolution {
  readonly image: Value;
  /** Names of its filter and, if it has one, its bias. */
  readonly inputs: readonly string[];
  readonly attributes: OnnxAttributes;
}

/** What rules work with: the graph, where values are in it, and who else uses them. */
export class Lowering {
  readonly graph = new GraphBuilder();
  readonly placements = new Placements(this.graph);
  readonly operations: readonly Operation[];
  /** Channels in a block, where convolutions by blocks can be had. */
  readonly channelBlock: number | undefined;
  /** Constants that all graphs of a model share, see {@link largeMatrices}. */
  readonly sharedMatrices: ReadonlySet<Value>;
  /** Values that a convolution in blocks writes. */
  readonly blockedConvolutions = new Map<Value, BlockedConvolution>();
  /** Whether convolutions whose filters are constant are written in blocks, see {@link hasTournaments}. */
  readonly constantsInBlocks: boolean;
  readonly #readers = new Map<Value, Operation[]>();
  readonly #once = new Map<Value, Map<string, string>>();

  constructor(operations: readonly Operation[], { channelBlock, sharesMemory }: LoweringTarget) {
    this.operations = operations;
    this.channelBlock = channelBlock;
    this.sharedMatrices = sharesMemory ? largeMatrices(operations) : new Set();
    this.constantsInBlocks = hasTournaments(operations, channelBlock);
    for (const operation of operations) {
      for (const value of Object.values(operation.inputs)) {
        this.#readers.set(value, [...(this.#readers.get(value) ?? []), operation]);
      }
    }
  }

  /** How many inputs of operations a value is. */
  useCount(value: Value): number {
    return this.#readers.get(value)?.length ?? 0;
  }

  /** Whether no other operations than calls of these kernels take a value as input. */
  isOnlyReadBy(value: Value, kernels: readonly string[]): boolean {
    return this.#readers.get(value)?.every(({ kernel }) => kernels.includes(kernel)) ?? false;
  }

  /** The result of an operation of this kernel on `x` alone, if the program computes it. */
  resultOf(kernel: string, x: Value): Value | undefined {
    return this.operations.find(
      operation => operation.kernel === kernel && operation.inputs['x'] === x,
    )?.outputs[0];
  }

  /** The operation that made a value, if it was one of this kernel. */
  producedBy(value: Value, kernel: string): Operation | undefined {
    const producer = producerOf(value);
    return producer?.kernel === kernel ? producer : undefined;
  }

  /** A tensor that rules derive from a value in the same way each time; made once. */
  once(value: Value, derivation: string, make: () => string): string {
    const derived = this.#once.get(value) ?? new Map<string, string>();
    this.#once.set(value, derived);
    const name = derived.get(derivation) ?? make();
    derived.set(derivation, name);
    return name;
  }

  /**
   * Lowers an operation that works number by number, with broadcasting. Operands that only repeat
   * smaller values stay small, constants of one number become scalars, and images stay in the order
   * in which they are.
   *
   * @param build adds the nodes, given the names of the operands in one common order of axes
   */
  elementwise(
    output: Value,
    operands: readonly Value[],
    build: (...names: readonly string[]) => string,
  ): void {
    const { placements } = this;
    const small = operands.map(operand => placements.unbroadcast(operand));
    const shape = broadcastShape(
      small.map(operand => (placements.uniform(operand) === undefined ? operand.shape : [])),
    );
    if (sameShape(shape, output.shape)) {
      this.#elementwiseInOneOrder(output, small, build);
      return;
    }
    const result = placements.intermediate({ shape, type: output.type });
    this.#elementwiseInOneOrder(result, small, build);
    placements.setBroadcast(output, result);
  }

  #elementwiseInOneOrder(
    output: Value,
    operands: readonly Value[],
    build: (...names: readonly string[]) => string,
  ): void {
    const { placements } = this;
    if (this.#elementwiseInBlocks(output, operands, build)) return;
    // ONNX Runtime takes numbers one by one where the last axis has length 1.
    const channelsFirst =
      output.shape.length === 4 &&
      (output.shape[3] === 1 || operands.some(operand => placements.isChannelsFirst(operand)));
    const names = operands.map(operand => {
      const uniform = placements.uniform(operand);
      if (uniform !== undefined) return this.graph.scalar(uniform, operand.type);
      return channelsFirst ? placements.channelsFirst(operand) : placements.natural(operand);
    });
    if (channelsFirst) placements.setChannelsFirst(output, build(...names));
    else placements.setNatural(output, build(...names));
  }

  /** The same in blocks of channels, if an operand lies in blocks and the others can be brought there. */
  #elementwiseInBlocks(
    output: Value,
    operands: readonly Value[],
    build: (...names: readonly string[]) => string,
  ): boolean {
    const { placements, graph, channelBlock: block } = this;
    if (block === undefined || !operands.some(operand => placements.isBlocked(operand)))
      return false;
    const [batch, height, width, channels] = output.shape as [number, number, number, number];
    const isWhole = (operand: Value): boolean => sameShape(operand.shape, output.shape);
    const isVector = (operand: Value): boolean =>
      operand.shape.at(-1) === channels && sizeOf(operand.shape) === channels;
    const varying = operands.filter(operand => placements.uniform(operand) === undefined);
    if (!varying.every(operand => isWhole(operand) || isVector(operand))) return false;

    // A number for each channel meets images whose blocks are an axis of their own.
    const hasVector = !varying.every(isWhole);
    const blocks = [batch, channels / block, height * width, block];
    const names = operands.map(operand => {
      const uniform = placements.uniform(operand);
      if (uniform !== undefined) return graph.scalar(uniform, operand.type);
      if (!isWhole(operand)) return placements.reshaped(operand, [channels / block, 1, block]);
      const name = placements.blocked(operand);
      return hasVector ? graph.reshape(name, blocks) : name;
    });
    const result = build(...names);
    const image = [batch, channels, height, width];
    placements.setBlocked(output, hasVector ? graph.reshape(result, image) : result);
    return true;
  }
}
