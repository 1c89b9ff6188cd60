import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../arrays/batch.ts';
import { Matrix } from '../linear-algebra/matrix.ts';
import { type GraphNode, parseTensorName, type RunnableGraph } from '../model/graph-def.ts';
import type { SavedModel } from '../model/saved-model.ts';
import { decodeWeight, locateWeights } from '../model/weight-values.ts';
import type { LinearEnd } from './linear-end.ts';

/** Operations that pass their first input on, at most in another shape. */
const transparent = new Set(['Identity', 'Reshape', 'Squeeze', 'ExpandDims', 'StopGradient']);

/** A constant of the graph. */
interface Constant {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/**
 * The matrix product (or the convolution of one pixel) that gives the output of a graph, with the
 * bias that is added to it, whether in nodes of their own or fused into one.
 */
export function lastGraphLayer(graph: RunnableGraph, saved: SavedModel): LinearEnd | undefined {
  let tensor: string | undefined = graph.output;
  let addedBias: Constant | undefined;
  while (tensor !== undefined) {
    const node: GraphNode | undefined = graph.nodes.get(parseTensorName(tensor).node);
    if (node === undefined) return undefined;
    const [first, second, third] = node.input;
    if (transparent.has(node.op)) {
      tensor = first;
      continue;
    }
    const bias = biasOf(node, graph, saved);
    if (bias !== undefined && addedBias === undefined) {
      addedBias = bias.constant;
      tensor = bias.rest;
      continue;
    }
    const weights = weightsOf(node, constant(second, graph, saved));
    if (weights === undefined || first === undefined) return undefined;
    const fusedBias = node.op.startsWith('_Fused') ? constant(third, graph, saved) : undefined;
    return linearEnd(graph, node.name, first, weights, addedBias ?? fusedBias);
  }
  return undefined;
}

function linearEnd(
  graph: RunnableGraph,
  name: string,
  featureTensor: string,
  weights: Matrix,
  bias: Constant | undefined,
): LinearEnd | undefined {
  const biasValues = bias?.values ?? new Float64Array(weights.columns);
  if (biasValues.length !== weights.columns) return undefined;
  return {
    name,
    weights,
    bias: biasValues,
    features: prepared =>
      tf.reshape(graph.execute({ [graph.input]: prepared }, featureTensor), [-1, weights.rows]),
  };
}

/** A bias that is added by a node of its own, and the tensor it is added to. */
function biasOf(
  node: GraphNode,
  graph: RunnableGraph,
  saved: SavedModel,
): { readonly constant: Constant; readonly rest: string } | undefined {
  if (!['BiasAdd', 'Add', 'AddV2'].includes(node.op)) return undefined;
  const [first, second] = node.input;
  if (first === undefined || second === undefined) return undefined;
  const right = constant(second, graph, saved);
  if (right !== undefined) return { constant: right, rest: first };
  const left = constant(first, graph, saved);
  return left === undefined ? undefined : { constant: left, rest: second };
}

/** `[features, outputs]` of a node that multiplies by these weights, and does nothing after. */
function weightsOf(node: GraphNode, kernel: Constant | undefined): Matrix | undefined {
  if (kernel === undefined) return undefined;
  switch (node.op) {
    case '_FusedMatMul':
    case 'MatMul': {
      if (flag(node, 'transpose_a') || hasFusedActivation(node)) return undefined;
      const [rows = 0, columns = 0] = kernel.shape;
      const matrix = new Matrix(rows, columns, kernel.values);
      return flag(node, 'transpose_b') ? matrix.transpose() : matrix;
    }
    case '_FusedConv2D':
    case 'Conv2D': {
      const [height, width, inputs = 0, outputs = 0] = kernel.shape;
      if (height !== 1 || width !== 1 || hasFusedActivation(node)) return undefined;
      return new Matrix(inputs, outputs, kernel.values);
    }
    default:
      return undefined;
  }
}

function flag(node: GraphNode, name: string): boolean {
  return (node.attr[name] as { readonly b?: boolean } | undefined)?.b === true;
}

/** Whether more than a bias is fused into the node. */
function hasFusedActivation(node: GraphNode): boolean {
  const fused = node.attr['fused_ops'] as
    { readonly list?: { readonly s?: readonly string[] } } | undefined;
  const names = fused?.list?.s?.map(text => Buffer.from(text, 'base64').toString('latin1')) ?? [];
  return names.some(name => name !== 'BiasAdd');
}

/** The value of a constant of the graph, behind any number of identities. */
function constant(
  tensor: string | undefined,
  graph: RunnableGraph,
  saved: SavedModel,
): Constant | undefined {
  const node = tensor === undefined ? undefined : graph.nodes.get(parseTensorName(tensor).node);
  if (node?.op === 'Identity') return constant(node.input[0], graph, saved);
  if (node?.op !== 'Const') return undefined;
  const located = locateWeights(saved.weights, saved.weightData).find(
    ({ entry }) => entry.name === node.name,
  );
  if (located?.entry.dtype !== 'float32') return undefined;
  const values = decodeWeight(located, saved.weightData) as Float32Array;
  const { shape } = located.entry;
  return values.length === sizeOf(shape) ? { shape, values: Float64Array.from(values) } : undefined;
}
