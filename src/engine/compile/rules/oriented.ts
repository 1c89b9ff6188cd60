import { permute, toChannelsFirst, toNatural } from '../layout.ts';
import type { Lowering } from '../lowering.ts';
import type { Value } from '../program.ts';

/** An image or any other tensor in the order in which it is at hand. */
export interface Oriented {
  readonly name: string;
  /** Where an axis of the natural order lies. */
  axis(natural: number): number;
  /** A list with one item an axis, in this order. */
  ordered<T>(perAxis: readonly T[]): T[];
  place(output: Value, name: string): void;
}

/** A value as it is, channels first or not. */
export function orient(lowering: Lowering, x: Value): Oriented {
  const { placements } = lowering;
  if (!placements.isChannelsFirst(x)) {
    return {
      name: placements.natural(x),
      axis: natural => natural,
      ordered: perAxis => [...perAxis],
      place: (output, name) => placements.setNatural(output, name),
    };
  }
  return {
    name: placements.channelsFirst(x),
    axis: natural => toNatural[natural] as number,
    ordered: perAxis => permute(perAxis, toChannelsFirst),
    place: (output, name) => placements.setChannelsFirst(output, name),
  };
}
