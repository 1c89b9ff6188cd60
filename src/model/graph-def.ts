import type { Tensor } from '@tensorflow/tfjs-core';
import * as v from 'valibot';
import { ModelError } from './model-error.ts';
import type { SavedModel } from './saved-model.ts';

/** A node of a TensorFlow graph in JSON. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** Inputs as `node`, `node:output` or, for an order without data, `^node`. */
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, unknown>>;
}

/** An end of a graph: the name that a user may give it and the node behind it. */
export interface GraphEnd {
  /** Key of the signature, or else the name of the node. */
  readonly key: string;
  /** `node` or `node:output`. */
  readonly tensor: string;
  /** `DT_FLOAT`, `DT_INT32`, …; `undefined` where the graph does not say. */
  readonly dtype: string | undefined;
  /** With the batch axis; `null` where open. `undefined` where the graph does not say. */
  readonly shape: readonly (number | null)[] | undefined;
}

/** A graph with the names of its nodes resolved. */
export interface Graph {
  readonly nodes: ReadonlyMap<string, GraphNode>;
  readonly inputs: readonly GraphEnd[];
  readonly outputs: readonly GraphEnd[];
}

/** A loaded graph, of which any tensor can be computed. */
export interface RunnableGraph {
  readonly nodes: ReadonlyMap<string, GraphNode>;
  /** Tensor that the inputs are fed to. */
  readonly input: string;
  /** Tensor that holds the answer. */
  readonly output: string;
  /** @param feeds values by the name of their tensor */
  readonly execute: (feeds: Readonly<Record<string, Tensor>>, tensor: string) => Tensor;
}

const NodeSchema = v.object({
  name: v.string(),
  op: v.string(),
  input: v.optional(v.array(v.string()), []),
  attr: v.optional(v.record(v.string(), v.unknown()), {}),
});

// Sizes are numbers or, as JSON of Protocol Buffers has 64-bit integers, strings.
const ShapeSchema = v.object({
  unknownRank: v.optional(v.boolean(), false),
  dim: v.optional(
    v.array(v.object({ size: v.optional(v.union([v.number(), v.string()]), 0) })),
    [],
  ),
});

const EndsSchema = v.record(
  v.string(),
  v.looseObject({
    name: v.optional(v.string()),
    dtype: v.optional(v.string()),
    tensorShape: v.optional(ShapeSchema),
    resourceId: v.optional(v.unknown()),
  }),
);

const SignatureSchema = v.looseObject({
  inputs: v.optional(EndsSchema),
  outputs: v.optional(EndsSchema),
});

/**
 * Reads the graph of a saved graph model, with its ends from the signature or, where there is none,
 * its placeholders and the nodes that nobody reads.
 *
 * @throws ModelError `model/invalid`
 */
export function readGraph(saved: SavedModel): Graph {
  const list = v.safeParse(v.object({ node: v.array(NodeSchema) }), saved.topology);
  const signature = v.safeParse(v.optional(SignatureSchema, {}), saved.signature);
  if (!list.success) throw invalidGraph(saved, 'modelTopology.node', list.issues[0]);
  if (!signature.success) throw invalidGraph(saved, 'signature', signature.issues[0]);

  const nodes = new Map(list.output.node.map(node => [node.name, node]));
  const { inputs = {}, outputs = {} } = signature.output;
  const signedInputs = endsOf(inputs, nodes);
  const signedOutputs = endsOf(outputs, nodes);
  return {
    nodes,
    inputs: signedInputs.length > 0 ? signedInputs : placeholders(nodes),
    outputs: signedOutputs.length > 0 ? signedOutputs : unreadNodes(nodes),
  };
}

/** Splits `node:1` into node and output; a control input (`^node`) has no data. */
export function parseTensorName(name: string): { readonly node: string; readonly output: number } {
  const match = /^(.*?)(?::(\d+))?$/.exec(name);
  return { node: match?.[1] ?? name, output: Number(match?.[2] ?? 0) };
}

function endsOf(
  ends: v.InferOutput<typeof EndsSchema>,
  nodes: ReadonlyMap<string, GraphNode>,
): GraphEnd[] {
  return Object.entries(ends)
    .filter(([, end]) => end.resourceId === undefined)
    .map(([key, { name = key, dtype, tensorShape }]) => {
      const { node, output } = parseTensorName(name);
      const declared = nodes.get(node)?.attr;
      return {
        key,
        tensor: output === 0 ? node : `${node}:${output}`,
        dtype: dtype ?? typeAttribute(declared),
        shape: shapeOf(tensorShape) ?? shapeAttribute(declared),
      };
    });
}

function placeholders(nodes: ReadonlyMap<string, GraphNode>): GraphEnd[] {
  return [...nodes.values()]
    .filter(({ op }) => op === 'Placeholder')
    .map(({ name, attr }) => ({
      key: name,
      tensor: name,
      dtype: typeAttribute(attr),
      shape: shapeAttribute(attr),
    }));
}

function unreadNodes(nodes: ReadonlyMap<string, GraphNode>): GraphEnd[] {
  const read = new Set(
    [...nodes.values()].flatMap(({ input }) =>
      input.map(name => parseTensorName(name.replace(/^\^/, '')).node),
    ),
  );
  return [...nodes.values()]
    .filter(({ name, op }) => !read.has(name) && op !== 'Const' && op !== 'NoOp')
    .map(({ name }) => ({ key: name, tensor: name, dtype: undefined, shape: undefined }));
}

function typeAttribute(attr: GraphNode['attr'] | undefined): string | undefined {
  const parsed = v.safeParse(v.object({ type: v.string() }), attr?.['dtype']);
  return parsed.success ? parsed.output.type : undefined;
}

function shapeAttribute(
  attr: GraphNode['attr'] | undefined,
): readonly (number | null)[] | undefined {
  const parsed = v.safeParse(v.object({ shape: ShapeSchema }), attr?.['shape']);
  return parsed.success ? shapeOf(parsed.output.shape) : undefined;
}

function shapeOf(
  shape: v.InferOutput<typeof ShapeSchema> | undefined,
): readonly (number | null)[] | undefined {
  if (shape === undefined || shape.unknownRank) return undefined;
  return shape.dim.map(({ size }) => (Number(size) < 0 ? null : Number(size)));
}

function invalidGraph(saved: SavedModel, field: string, issue: v.BaseIssue<unknown>): ModelError {
  return new ModelError(
    'model/invalid',
    `The graph is not as TensorFlow writes it, at ${field}.${v.getDotPath(issue) ?? ''}: ${issue.message}.`,
    { place: { file: saved.path, field }, remedy: 'Convert the model again.' },
  );
}
