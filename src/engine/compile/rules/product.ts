import { type Lowering } from '../lowering.ts';
import { type Value } from '../program.ts';

/** Lowers `a · b`. A factor that is one everywhere is left out. */
export function lowerProduct(lowering: Lowering, a: Value, b: Value, output: Value): void {
  const { graph, placements } = lowering;
  if (placements.uniform(a) === 1) lowering.elementwise(output, [b], x => x);
  else if (placements.uniform(b) === 1) lowering.elementwise(output, [a], x => x);
  else lowering.elementwise(output, [a, b], (x, y) => graph.node('Mul', [x, y]));
}
