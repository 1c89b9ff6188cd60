import * as v from 'valibot';
import { parseTensorName, type Graph, type GraphNode } from './graph-def.ts';
import type { FinalActivation } from './network.ts';

/** What ends an output of a graph, and where the value before it is. */
export interface GraphEnding extends FinalActivation {
  /** Tensor that holds the value before the activation. */
  readonly before: string;
  /** Node into which the activation is fused, and has to be taken out of first. */
  readonly fusedInto?: string;
}

/** Operations that pass their first input on, at most in another shape. */
const transparent = new Set([
  'Identity',
  'Snapshot',
  'StopGradient',
  'PreventGradient',
  'CheckNumerics',
  'Reshape',
  'Squeeze',
  'ExpandDims',
]);

const activations: Readonly<Record<string, string>> = {
  Softmax: 'softmax',
  LogSoftmax: 'log_softmax',
  Sigmoid: 'sigmoid',
  Relu: 'relu',
  Relu6: 'relu6',
  Tanh: 'tanh',
};

const removable = new Set(['softmax', 'sigmoid']);

/** Operations that end a network without activation. */
const linearOperations = new Set([
  'MatMul',
  '_FusedMatMul',
  'BatchMatMul',
  'BatchMatMulV2',
  'Conv2D',
  '_FusedConv2D',
  'BiasAdd',
  'Add',
  'AddV2',
  'Sub',
  'Mean',
]);

/**
 * Walks back from an output over operations that only pass values on, to the activation that ends
 * it: a `Softmax` or `Sigmoid` node, one fused into a matrix product or convolution, or a softmax
 * spelled out as exp(z) / Σ exp(z).
 *
 * @param tensor the output, `node` or `node:output`
 */
export function findGraphEnding(graph: Graph, tensor: string): GraphEnding {
  const { node: name, output } = parseTensorName(tensor);
  const node = graph.nodes.get(name);
  if (node === undefined) return linear(name, tensor);
  const inputs = node.input.filter(input => !input.startsWith('^'));

  if (transparent.has(node.op)) return findGraphEnding(graph, inputs[0] ?? '');
  if (node.op === 'IdentityN') return findGraphEnding(graph, inputs[output] ?? '');
  const activation = activations[node.op];
  if (activation !== undefined) {
    const before = inputs[0] ?? tensor;
    return { activation, layer: name, removable: removable.has(activation), before };
  }
  const fused = fusedActivation(node);
  if (fused !== undefined) {
    const isRemovable = removable.has(fused);
    return {
      activation: fused,
      layer: name,
      removable: isRemovable,
      before: name,
      fusedInto: name,
    };
  }
  const logits = spelledOutSoftmax(graph, node);
  if (logits !== undefined) {
    return { activation: 'softmax', layer: name, removable: true, before: logits };
  }
  return linearOperations.has(node.op)
    ? linear(name, tensor)
    : { ...linear(name, tensor), activation: node.op };
}

function linear(layer: string, tensor: string): GraphEnding {
  return { activation: 'linear', layer, removable: false, before: tensor };
}

/** The activation that an optimiser has fused into the node; TensorFlow.js runs it as one kernel. */
function fusedActivation(node: GraphNode): string | undefined {
  return fusedOperations(node)
    .map(operation => activations[operation])
    .find(activation => activation !== undefined);
}

/** Names of the operations fused into a node, which the JSON of a graph has in base64. */
function fusedOperations(node: Pick<GraphNode, 'attr'>): readonly string[] {
  const parsed = v.safeParse(FusedOperationsSchema, node.attr['fused_ops']);
  if (!parsed.success) return [];
  return parsed.output.list.s.map(text => Buffer.from(text, 'base64').toString('latin1'));
}

const FusedOperationsSchema = v.object({ list: v.object({ s: v.array(v.string()) }) });

/** The attributes of a node without the activation fused into it. */
export function withoutFusedActivation(node: Pick<GraphNode, 'attr'>): Record<string, unknown> {
  const kept = fusedOperations(node).filter(operation => !(operation in activations));
  const s = kept.map(operation => Buffer.from(operation, 'latin1').toString('base64'));
  return { ...node.attr, fused_ops: { list: { s } } };
}

/** The logits of exp(z) / Σ exp(z), with or without the maximum subtracted before. */
function spelledOutSoftmax(graph: Graph, division: GraphNode): string | undefined {
  if (division.op !== 'RealDiv' && division.op !== 'Div') return undefined;
  const [dividend, divisor] = division.input;
  const exponential = behind(graph, dividend);
  const sum = behind(graph, divisor);
  if (exponential?.op !== 'Exp' || sum?.op !== 'Sum') return undefined;
  if (behind(graph, sum.input[0]) !== exponential) return undefined;

  const exponent = exponential.input[0];
  const difference = behind(graph, exponent);
  if (difference?.op !== 'Sub') return exponent;
  const maximum = behind(graph, difference.input[1]);
  const sameLogits =
    maximum?.op === 'Max' && behind(graph, maximum.input[0]) === behind(graph, difference.input[0]);
  return sameLogits ? difference.input[0] : exponent;
}

function behind(graph: Graph, tensor: string | undefined): GraphNode | undefined {
  return tensor === undefined ? undefined : graph.nodes.get(parseTensorName(tensor).node);
}
