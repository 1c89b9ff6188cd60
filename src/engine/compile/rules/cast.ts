import type { GraphBuilder } from '../graph-builder.ts';
import { onnxTypeNumber } from '../onnx.ts';
import type { ValueType } from '../program.ts';

/** The tensor `name` in another type; itself when it has that type already. */
export function castTo(graph: GraphBuilder, name: string, from: ValueType, to: ValueType): string {
  return from === to ? name : graph.node('Cast', [name], { to: onnxTypeNumber(to) });
}
