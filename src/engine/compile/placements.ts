import { blocksDomain } from './channel-blocks.ts';
import type { GraphBuilder } from './graph-builder.ts';
import {
  padRank,
  permute,
  permuteData,
  reorderIsReshape,
  sameShape,
  toChannelsFirst,
  toNatural,
} from './layout.ts';
import type { OnnxAttributes } from './onnx.ts';
import { type Constant, isConstant, type Value, type ValueSpec } from './program.ts';

/** Where a value is in the ONNX graph; in one order of axes, in several, or not written out at all. */
interface Placement {
  natural?: string;
  channelsFirst?: string;
  /** Channels first, with the channels in blocks. */
  blocked?: string;
  /** A smaller value that broadcasts to this one. */
  source?: Value;
}

/**
 * Keeps for every recorded value the names of the ONNX tensors that hold it. An image may be there
 * in natural order, channels first, in blocks of channels, or in several of them; another order is
 * made when someone asks for it. A value that only repeats a smaller one is not written out before it
 * has to be.
 */
export class Placements {
  readonly #graph: GraphBuilder;
  readonly #placements = new Map<Value, Placement>();
  readonly #uniform = new Map<Constant, number | undefined>();

  constructor(graph: GraphBuilder) {
    this.#graph = graph;
  }

  /** A value that was not recorded: it stands for a step of a rule. */
  intermediate({ shape, type }: ValueSpec): Value {
    return { shape, type, origin: { kind: 'argument', index: -1 } };
  }

  setNatural(value: Value, name: string): void {
    this.#of(value).natural = name;
  }

  /** `name` has the axes of `value`, which is an image, in channels-first order. */
  setChannelsFirst(value: Value, name: string): void {
    this.#of(value).channelsFirst = name;
  }

  /** `name` has the image `value` in blocks of channels. */
  setBlocked(value: Value, name: string): void {
    this.#of(value).blocked = name;
  }

  /** `value` repeats `source` along axes where the source has length 1. */
  setBroadcast(value: Value, source: Value): void {
    this.#of(value).source = source;
  }

  /** The tensor of a value in natural order. */
  natural(value: Value): string {
    const placement = this.#of(value);
    placement.natural ??= this.#makeNatural(value, placement);
    return placement.natural;
  }

  /** The tensor of an image, or of a value that broadcasts as one, in channels-first order. */
  channelsFirst(value: Value): string {
    const placement = this.#of(value);
    placement.channelsFirst ??= this.#makeChannelsFirst(value, placement);
    return placement.channelsFirst;
  }

  /** The tensor of an image in blocks of channels, whose number is a multiple of a block. */
  blocked(value: Value): string {
    const placement = this.#of(value);
    placement.blocked ??= this.#makeBlocked(value, placement);
    return placement.blocked;
  }

  /** Whether an image is at hand only in blocks of channels. */
  isBlocked(value: Value): boolean {
    const { natural, channelsFirst, blocked } = this.#of(value);
    return blocked !== undefined && (natural ?? channelsFirst) === undefined;
  }

  /** Whether an image is at hand only with its channels in front of its pixels. */
  isChannelsFirst(value: Value): boolean {
    const { natural, channelsFirst, blocked } = this.#of(value);
    const isAtHand = channelsFirst !== undefined || blocked !== undefined;
    return isAtHand && natural === undefined && !isConstant(value);
  }

  /** The smallest value that broadcasts to this one without being computed anew. */
  unbroadcast(value: Value): Value {
    let current = value;
    for (;;) {
      const { natural, channelsFirst, blocked, source } = this.#of(current);
      if (source === undefined || (natural ?? channelsFirst ?? blocked) !== undefined) {
        return current;
      }
      current = source;
    }
  }

  /** The one number that a constant consists of, if it is only one. */
  uniform(value: Value): number | undefined {
    const constant = this.unbroadcast(value);
    if (!isConstant(constant)) return undefined;
    if (!this.#uniform.has(constant)) {
      const { data } = constant.origin;
      const [first] = data;
      this.#uniform.set(constant, data.every(item => Object.is(item, first)) ? first : undefined);
    }
    return this.#uniform.get(constant);
  }

  /** The tensor of a value in natural order with its axes regrouped. */
  reshaped(value: Value, shape: readonly number[]): string {
    if (isConstant(value)) return this.#initializer(value, value.origin.data, shape);
    const name = this.natural(value);
    return sameShape(value.shape, shape) ? name : this.#graph.reshape(name, shape);
  }

  #of(value: Value): Placement {
    const known = this.#placements.get(value);
    if (known !== undefined) return known;
    const placement: Placement = {};
    this.#placements.set(value, placement);
    return placement;
  }

  #makeBlocked(value: Value, { natural, channelsFirst }: Placement): string {
    return channelsFirst === undefined && natural !== undefined
      ? this.#reorder('ReorderInput', natural, value, { channels_last: 1 })
      : this.#reorder('ReorderInput', this.channelsFirst(value), value, {});
  }

  /** Puts an image into blocks of channels or takes it out; ONNX Runtime does so with real numbers. */
  #reorder(
    operator: 'ReorderInput' | 'ReorderOutput',
    name: string,
    { type }: Value,
    options: OnnxAttributes,
  ): string {
    const numbers = this.#graph.cast(name, type, 'float32');
    const reordered = this.#graph.node(operator, [numbers], options, blocksDomain);
    return this.#graph.cast(reordered, 'float32', type);
  }

  #makeNatural(value: Value, { channelsFirst, blocked, source }: Placement): string {
    if (isConstant(value)) return this.#initializer(value, value.origin.data, value.shape);
    if (channelsFirst === undefined && blocked !== undefined) {
      const options = { channels: value.shape[3] as number, channels_last: 1 };
      return this.#reorder('ReorderOutput', blocked, value, options);
    }
    if (channelsFirst !== undefined) {
      return reorderIsReshape(value.shape)
        ? this.#graph.reshape(channelsFirst, value.shape)
        : this.#graph.transpose(channelsFirst, toNatural);
    }
    if (source === undefined) throw new Error('A value is used before it is computed.');
    return this.#expand(this.natural(source), source.shape, value.shape);
  }

  #makeChannelsFirst(value: Value, { natural, blocked, source }: Placement): string {
    if (blocked !== undefined) {
      return this.#reorder('ReorderOutput', blocked, value, { channels: value.shape[3] as number });
    }
    const shape = padRank(value.shape, 4);
    const target = permute(shape, toChannelsFirst);
    if (isConstant(value)) {
      const data = permuteData(value.origin.data, shape, toChannelsFirst);
      return this.#initializer(value, data, target);
    }
    if (natural === undefined && source !== undefined) {
      const from = permute(padRank(source.shape, 4), toChannelsFirst);
      return this.#expand(this.channelsFirst(source), from, target);
    }
    const name = this.natural(value);
    if (reorderIsReshape(shape)) {
      return sameShape(value.shape, target) ? name : this.#graph.reshape(name, target);
    }
    const image = value.shape.length === 4 ? name : this.#graph.reshape(name, shape);
    return this.#graph.transpose(image, toChannelsFirst);
  }

  #expand(name: string, from: readonly number[], to: readonly number[]): string {
    return sameShape(from, to)
      ? name
      : this.#graph.node('Expand', [name, this.#graph.integers(to)]);
  }

  #initializer(
    value: Constant,
    data: Constant['origin']['data'],
    shape: readonly number[],
  ): string {
    return this.#graph.initializer({ type: value.type, shape, data });
  }
}
