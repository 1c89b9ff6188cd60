import { parseTensorName, type GraphNode, type RunnableGraph } from '../model/graph-def.ts';
import type { NoiseDistribution } from './noise.ts';

/** A node of a graph that draws random numbers. */
export interface RandomNode {
  readonly name: string;
  readonly operation: string;
  readonly distribution: NoiseDistribution;
  /** Tensor that holds the shape of what it draws. */
  readonly shapeTensor: string;
}

/** What in a graph is random, and what that reaches. */
export interface GraphSurvey {
  readonly random: readonly RandomNode[];
  /** Nodes that draw numbers in a way that cannot be taken over. */
  readonly unsupported: readonly string[];
  /** Tensors that depend on the input, not on random numbers, and are read by nodes that do. */
  readonly frontier: readonly string[];
}

const distributions: Readonly<Record<string, NoiseDistribution>> = {
  RandomUniform: { kind: 'uniform' },
  RandomStandardNormal: { kind: 'normal', mean: 0, standardDeviation: 1 },
  TruncatedNormal: { kind: 'truncated-normal' },
};

const otherRandomOperations = new Set(['RandomUniformInt', 'Multinomial']);

/** Finds the random nodes that the output of a graph depends on. */
export function surveyGraph(graph: RunnableGraph): GraphSurvey {
  const nodes = ancestorsOf(graph, graph.output);
  const random = nodes.flatMap(node => {
    const distribution = distributions[node.op];
    const [shapeTensor] = node.input;
    return distribution === undefined || shapeTensor === undefined
      ? []
      : [{ name: node.name, operation: node.op, distribution, shapeTensor }];
  });
  const unsupported = nodes
    .filter(({ op }) => otherRandomOperations.has(op))
    .map(({ name, op }) => `${name} (${op})`);

  const differs = descendantsOf(
    nodes,
    random.map(({ name }) => name),
  );
  const varies = descendantsOf(nodes, [nodeOf(graph.input)]);
  const randomNames = new Set(random.map(({ name }) => name));
  const read = nodes
    .filter(({ name }) => differs.has(name) && !randomNames.has(name))
    .flatMap(dataInputs);
  const frontier = new Set(
    read.filter(tensor => !differs.has(nodeOf(tensor)) && varies.has(nodeOf(tensor))),
  );
  return { random, unsupported, frontier: [...frontier] };
}

/** The nodes that a tensor needs, each after those that it needs itself. */
function ancestorsOf(graph: RunnableGraph, tensor: string): readonly GraphNode[] {
  const found = new Map<string, GraphNode>();
  const visit = (name: string): void => {
    const node = graph.nodes.get(name);
    if (node === undefined || found.has(name)) return;
    for (const input of dataInputs(node)) visit(nodeOf(input));
    found.set(name, node);
  };
  visit(nodeOf(tensor));
  return [...found.values()];
}

/** These nodes and all that depend on them. The list must have each node after what it needs. */
function descendantsOf(
  nodes: readonly GraphNode[],
  origins: readonly string[],
): ReadonlySet<string> {
  const reached = new Set(origins);
  for (const node of nodes) {
    if (dataInputs(node).some(input => reached.has(nodeOf(input)))) reached.add(node.name);
  }
  return reached;
}

function dataInputs(node: GraphNode): readonly string[] {
  return node.input.filter(input => !input.startsWith('^'));
}

function nodeOf(tensor: string): string {
  return parseTensorName(tensor).node;
}
