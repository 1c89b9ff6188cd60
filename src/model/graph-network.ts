import * as tf from '@tensorflow/tfjs-core';
import { GraphModel } from '@tensorflow/tfjs-converter';
import { sizeOf } from '../arrays/batch.ts';
import { dequantise } from './dequantised-weights.ts';
import {
  parseTensorName,
  readGraph,
  type Graph,
  type GraphEnd,
  type RunnableGraph,
} from './graph-def.ts';
import { findGraphEnding, type GraphEnding } from './graph-ending.ts';
import { ModelError } from './model-error.ts';
import { type FinalActivation, type Network } from './network.ts';
import { chooseOutput, severalInputs, wrongInputDtype } from './network-ends.ts';
import { type SavedModel } from './saved-model.ts';

/**
 * Opens one output of a graph model.
 *
 * @param outputName key of the output in the signature, or name of a node; needed where several
 *   outputs could hold the classes
 * @throws ModelError
 */
export function openGraphNetwork(saved: SavedModel, outputName: string | undefined): Network {
  const graph = readGraph(saved);
  const input = onlyInput(saved, graph);
  const endings = graph.outputs.map(({ tensor }) => findGraphEnding(graph, tensor));
  const candidates = graph.outputs.map(({ key, tensor }, index) => ({
    names: [key, tensor],
    activation: endings[index]?.activation ?? 'linear',
  }));
  const index = chooseOutput(candidates, outputName, saved.path);
  const { key, tensor } = graph.outputs[index] as GraphEnd;
  const parameterCount = saved.weights
    .filter(({ dtype }) => dtype === 'float32')
    .reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return new GraphNetwork({
    model: loadGraphModel(saved, input),
    graph,
    input,
    tensor,
    outputName: key,
    ending: endings[index] as GraphEnding,
    parameterCount,
  });
}

interface GraphParts {
  readonly model: GraphModel<tf.io.IOHandlerSync>;
  readonly graph: Graph;
  readonly input: GraphEnd;
  readonly tensor: string;
  readonly outputName: string;
  readonly ending: GraphEnding;
  readonly parameterCount: number;
}

class GraphNetwork implements Network {
  readonly inputShape: readonly (number | null)[] | undefined;
  readonly outputName: string;
  readonly ending: FinalActivation;
  readonly parameterCount: number;
  readonly graph: RunnableGraph;
  readonly #parts: GraphParts;

  constructor(parts: GraphParts) {
    this.#parts = parts;
    this.inputShape = parts.input.shape?.slice(1);
    this.outputName = parts.outputName;
    this.ending = parts.ending;
    this.parameterCount = parts.parameterCount;
    this.graph = {
      nodes: parts.graph.nodes,
      input: parts.input.tensor,
      output: parts.tensor,
      execute: (feeds, tensor) => parts.model.execute({ ...feeds }, tensor) as tf.Tensor,
    };
  }

  apply(inputs: tf.Tensor): tf.Tensor {
    const { input, output, execute } = this.graph;
    return execute({ [input]: inputs }, output);
  }

  /** Another tensor of the same graph, so there is nothing to dispose of. */
  beforeActivation(): Promise<Network> {
    const { ending } = this.#parts;
    const before: GraphEnding = { ...ending, activation: 'linear', removable: false };
    return Promise.resolve(
      new GraphNetwork({
        ...this.#parts,
        tensor: ending.before ?? this.#parts.tensor,
        ending: before,
      }),
    );
  }

  dispose(): void {
    this.#parts.model.dispose();
  }
}

/** Every other placeholder must be one that Assay knows how to fill. */
function onlyInput(saved: SavedModel, graph: Graph): GraphEnd {
  const [input, ...others] = graph.inputs;
  if (input === undefined || others.length > 0) {
    throw severalInputs(
      graph.inputs.map(({ key }) => key),
      saved.path,
    );
  }
  if (input.dtype !== undefined && input.dtype !== 'DT_FLOAT') {
    throw wrongInputDtype(input.key, input.dtype, saved.path);
  }
  return input;
}

function loadGraphModel(saved: SavedModel, input: GraphEnd): GraphModel<tf.io.IOHandlerSync> {
  const { specs, data } = dequantise(saved);
  const artifacts: tf.io.ModelArtifacts = {
    format: 'graph-model',
    modelTopology: openBatchAxis(saved, input),
    weightSpecs: specs.map(spec => ({ ...spec, shape: [...spec.shape] })),
    weightData: data,
  };
  try {
    const model = new GraphModel(tf.io.fromMemorySync(artifacts));
    model.load();
    return model;
  } catch (error) {
    throw new ModelError(
      'model/failed',
      `TensorFlow.js cannot build the graph: ${error instanceof Error ? error.message : String(error)}`,
      {
        place: { file: saved.path },
        remedy: 'Check that tf.loadGraphModel loads it; if it does, please report this.',
        cause: error,
      },
    );
  }
}

/** A copy of the topology whose input takes any batch size, and with the versions tfjs asks for. */
function openBatchAxis(saved: SavedModel, input: GraphEnd): object {
  const copy = structuredClone(saved.topology) as {
    node: { name: string; attr?: { shape?: { shape?: { dim?: { size?: unknown }[] } } } }[];
    versions?: object;
  };
  copy.versions ??= { producer: 0, minConsumer: 0 };
  const { node: name } = parseTensorName(input.tensor);
  const placeholder = copy.node.find(node => node.name === name);
  const batchAxis = placeholder?.attr?.shape?.shape?.dim?.[0];
  if (batchAxis !== undefined) batchAxis.size = -1;
  return copy;
}
