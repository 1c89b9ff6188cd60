import type { GraphBuilder } from '../graph-builder.ts';

/** From `start` to `end` (exclusive) along the first axis of a tensor. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/** Parts of nearly the same length, with at most `most` samples in each, but one at least. */
export function partsOf({ start, end }: Part, most: number): readonly Part[] {
  const count = Math.ceil((end - start) / Math.max(1, Math.floor(most)));
  const length = Math.ceil((end - start) / count);
  return Array.from({ length: count }, (_, index) => ({
    start: start + index * length,
    end: Math.min(end, start + (index + 1) * length),
  })).filter(part => part.start < part.end);
}

/** A part of a tensor whose first axis has length `whole`. */
export function takePart(
  graph: GraphBuilder,
  name: string,
  { start, end }: Part,
  whole: number,
): string {
  return end - start === whole ? name : graph.slice(name, [start], [end], [0]);
}
