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
import { findGraphEnding, withoutFusedActivation, type GraphEnding } from './graph-ending.ts';
import { ModelError } from './model-error.ts';
import type { FinalActivation, Network } from './network.ts';
import { chooseOutput, severalInputs, wrongInputDtype } from './network-ends.ts';
import type { SavedModel } from './saved-model.ts';

/**
 * Opens one output of a graph model.
 *
 * @param outputName key of the output in the signature, or name of a node; needed where several
 *   outputs could hold the classes
 * @throws ModelError
 */
export function openGraphNetwork(saved: SavedModel, outputName: string | undefined): Network {
  const graph = readGraph(saved);
  const ends = chooseInput(saved, graph);
  const endings = graph.outputs.map(({ tensor }) => findGraphEnding(graph, tensor));
  const candidates = graph.outputs.map(({ key, tensor }, index) => ({
    names: [key, tensor],
    activation: endings[index]?.activation ?? 'linear',
  }));
  const index = chooseOutput(candidates, outputName, saved.path);
  const { key, tensor } = graph.outputs[index] as GraphEnd;
  return new GraphNetwork({
    saved,
    model: loadGraphModel(saved, ends.input),
    nodes: graph.nodes,
    ...ends,
    tensor,
    outputName: key,
    ending: endings[index] as GraphEnding,
  });
}

/** The input to change, and those that tell a network whether it is being trained. */
interface GraphInputs {
  readonly input: GraphEnd;
  readonly trainingFlags: readonly string[];
}

interface GraphParts extends GraphInputs {
  readonly saved: SavedModel;
  readonly model: GraphModel<tf.io.IOHandlerSync>;
  readonly nodes: Graph['nodes'];
  /** Tensor that is executed. */
  readonly tensor: string;
  readonly outputName: string;
  readonly ending: GraphEnding;
}

class GraphNetwork implements Network {
  readonly inputShape: readonly (number | null)[] | undefined;
  readonly outputName: string;
  readonly ending: FinalActivation;
  readonly parameterCount: number;
  /** A graph saved for a batch of one may reshape all samples into one. */
  readonly rowsAreIndependent = false;
  readonly graph: RunnableGraph;
  readonly #parts: GraphParts;

  constructor(parts: GraphParts) {
    this.#parts = parts;
    this.inputShape = parts.input.shape?.slice(1);
    this.outputName = parts.outputName;
    this.ending = parts.ending;
    this.parameterCount = parts.saved.weights
      .filter(({ dtype }) => dtype === 'float32')
      .reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    this.graph = {
      nodes: parts.nodes,
      input: parts.input.tensor,
      output: parts.tensor,
      execute: (feeds, tensor) => {
        const isTraining = Object.fromEntries(
          parts.trainingFlags.map(name => [name, tf.scalar(false, 'bool')]),
        );
        return parts.model.execute({ ...feeds, ...isTraining }, tensor) as tf.Tensor;
      },
    };
  }

  apply(inputs: tf.Tensor): tf.Tensor {
    const { input, output, execute } = this.graph;
    return execute({ [input]: inputs }, output);
  }

  beforeActivation(): Promise<Network> {
    const { saved, model, input, ending } = this.#parts;
    const isFused = ending.fusedInto !== undefined;
    if (isFused) this.dispose();
    const network = new GraphNetwork({
      ...this.#parts,
      model: isFused ? loadGraphModel(saved, input, ending.fusedInto) : model,
      tensor: ending.before,
      ending: { ...ending, activation: 'linear', removable: false },
    });
    return Promise.resolve(network);
  }

  dispose(): void {
    this.#parts.model.dispose();
  }
}

function chooseInput(saved: SavedModel, graph: Graph): GraphInputs {
  const isFlag = ({ dtype, shape }: GraphEnd): boolean =>
    dtype === 'DT_BOOL' && (shape === undefined || shape.length === 0);
  const trainingFlags = graph.inputs.filter(isFlag).map(({ tensor }) => tensor);
  const inputs = graph.inputs.filter(end => !isFlag(end));
  const [input, ...others] = inputs;
  if (input === undefined || others.length > 0) {
    throw severalInputs(
      inputs.map(({ key }) => key),
      saved.path,
    );
  }
  if (input.dtype !== undefined && input.dtype !== 'DT_FLOAT') {
    throw wrongInputDtype(input.key, input.dtype, saved.path);
  }
  return { input, trainingFlags };
}

/** @param unfused node from which a fused activation is taken */
function loadGraphModel(
  saved: SavedModel,
  input: GraphEnd,
  unfused?: string,
): GraphModel<tf.io.IOHandlerSync> {
  const { specs, data } = dequantise(saved);
  const artifacts: tf.io.ModelArtifacts = {
    format: 'graph-model',
    modelTopology: rewrittenTopology(saved, input, unfused),
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

interface MutableNode {
  name: string;
  attr?: Record<string, unknown>;
}

/** A copy of the topology whose input takes any batch size, and with the versions that tfjs needs. */
function rewrittenTopology(
  saved: SavedModel,
  input: GraphEnd,
  unfused: string | undefined,
): object {
  const copy = structuredClone(saved.topology) as { node: MutableNode[]; versions?: object };
  copy.versions ??= { producer: 0, minConsumer: 0 };
  const inputName = parseTensorName(input.tensor).node;
  for (const node of copy.node) {
    const { attr = {} } = node;
    if (node.name === inputName) openBatchAxis(attr);
    if (node.name === unfused) node.attr = withoutFusedActivation({ attr });
  }
  return copy;
}

function openBatchAxis(attr: Record<string, unknown>): void {
  const { shape } = attr as { shape?: { shape?: { dim?: { size?: unknown }[] } } };
  const batchAxis = shape?.shape?.dim?.[0];
  if (batchAxis !== undefined) batchAxis.size = -1;
}
