import { unsupportedKernel } from '../compile-error.ts';
import type { GraphBuilder } from '../graph-builder.ts';

type Activation = 'linear' | 'relu' | 'relu6' | 'elu' | 'sigmoid' | 'leakyrelu' | 'prelu';

/** What a fused kernel does to its result before it returns it. */
export interface FusedActivation {
  readonly activation?: Activation | null;
  readonly leakyreluAlpha?: number;
}

/**
 * Applies the activation of a fused kernel.
 *
 * @param slopes name of the slopes of prelu, in a shape that broadcasts to `x`
 */
export function activate(
  graph: GraphBuilder,
  x: string,
  { activation, leakyreluAlpha = 0.2 }: FusedActivation,
  slopes?: string,
): string {
  if (activation === undefined || activation === null) return x;
  switch (activation) {
    case 'linear':
      return x;
    case 'relu':
      return graph.node('Relu', [x]);
    case 'relu6':
      return graph.node('Clip', [x, graph.scalar(0), graph.scalar(6)]);
    case 'elu':
      return graph.node('Elu', [x]);
    case 'sigmoid':
      return graph.node('Sigmoid', [x]);
    case 'leakyrelu':
      return graph.node('LeakyRelu', [x], { alpha: { float: leakyreluAlpha } });
    case 'prelu': {
      if (slopes === undefined) throw unsupportedKernel('Prelu', 'no slopes');
      const negative = graph.node('Min', [x, graph.scalar(0)]);
      return graph.node('Add', [graph.node('Relu', [x]), graph.node('Mul', [negative, slopes])]);
    }
  }
}
