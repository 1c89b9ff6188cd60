import type { GraphBuilder } from '../graph-builder.ts';

/** Repeats each number of an image, channels first: whole numbers of times down and across. */
export function repeat(graph: GraphBuilder, image: string, times: readonly number[]): string {
  return graph.node('Resize', [image, '', graph.floats([1, 1, ...times])], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
}
