import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../arrays/batch.ts';
import type { BatchFunction, Engine, SampleShape } from '../engine/engine.ts';
import type { RunnableGraph } from '../model/graph-def.ts';
import type { LogitNetwork } from '../model/logit-network.ts';
import type { KeyedSource } from './noise-drawer.ts';
import type { PassFunctions } from './pass-sampler.ts';
import { joinPasses, splitPasses, spread } from './pass-tensor.ts';
import type { GraphSurvey, RandomNode } from './stochastic-graph.ts';

/** A random node whose numbers come from us. */
interface NoiseFeed extends KeyedSource {
  readonly node: string;
  /** Whether each sample has numbers of its own; otherwise a whole pass shares them. */
  readonly perSample: boolean;
}

/**
 * Trunk and head of a graph that draws random numbers: its random nodes are fed from outside, so
 * that the graph becomes a function that can be repeated.
 */
export class GraphPassFunctions implements PassFunctions {
  readonly sources: readonly NoiseFeed[];
  readonly frontierShapes: readonly SampleShape[];
  readonly widestValue: number;
  readonly #logits: LogitNetwork;
  readonly #graph: RunnableGraph;
  readonly #frontier: readonly string[];

  private constructor(
    logits: LogitNetwork,
    graph: RunnableGraph,
    sources: readonly NoiseFeed[],
    frontier: ReadonlyMap<string, SampleShape>,
  ) {
    this.#logits = logits;
    this.#graph = graph;
    this.sources = sources;
    this.#frontier = [...frontier.keys()];
    this.frontierShapes = [...frontier.values()];
    this.widestValue = Math.max(
      ...this.frontierShapes.map(sizeOf),
      ...sources.map(({ shape }) => sizeOf(shape)),
    );
  }

  /** Runs parts of the graph to learn the shapes of its random numbers. */
  static async make(
    engine: Engine,
    logits: LogitNetwork,
    graph: RunnableGraph,
    survey: GraphSurvey,
  ): Promise<GraphPassFunctions> {
    const sources: NoiseFeed[] = [];
    for (const node of survey.random) {
      sources.push(await measureNoise(engine, logits, graph, node));
    }
    const frontier = await measureFrontier(engine, logits, graph, survey.frontier);
    return new GraphPassFunctions(logits, graph, sources, frontier);
  }

  trunk(): BatchFunction {
    return {
      name: 'deterministic part of a graph',
      inputs: [this.#logits.inputShape],
      compute: (inputs: tf.Tensor) => {
        const prepared = this.#logits.prepare(inputs);
        return this.#frontier.map(tensor => execute(this.#graph, prepared, tensor));
      },
    };
  }

  head(passes: number): BatchFunction {
    return {
      name: `${passes} passes of a graph`,
      inputs: [...this.frontierShapes, ...this.sources.map(({ shape }) => [passes, ...shape])],
      compute: (...tensors: tf.Tensor[]) => {
        const frontier = tensors.slice(0, this.#frontier.length).map(tensor => {
          const same = { tensor, mask: undefined, differs: false };
          return spread(same, passes).tensor;
        });
        const noise = tensors.slice(this.#frontier.length).map(joinPasses);
        const rows = frontier[0]?.shape[0] ?? 0;
        const together = this.sources.every(({ perSample }) => perSample);
        const answers = together
          ? this.#answer(frontier, noise)
          : tf.concat(
              Array.from({ length: rows }, (_, row) =>
                this.#answer(
                  frontier.map(tensor => rowOf(tensor, row)),
                  noise.map(tensor => rowOf(tensor, row)),
                ),
              ),
            );
        return [splitPasses(this.#logits.toLogits(answers), passes)];
      },
    };
  }

  /** What the graph answers when its frontier and its random nodes are given. */
  #answer(frontier: readonly tf.Tensor[], noise: readonly tf.Tensor[]): tf.Tensor {
    const feeds = new Map(this.#frontier.map((tensor, i) => [tensor, frontier[i] as tf.Tensor]));
    this.sources.forEach(({ node, shape, perSample }, i) => {
      const numbers = noise[i] as tf.Tensor;
      feeds.set(node, perSample ? numbers : tf.reshape(numbers, [...shape]));
    });
    return this.#graph.execute(Object.fromEntries(feeds), this.#graph.output);
  }
}

function execute(graph: RunnableGraph, prepared: tf.Tensor, tensor: string): tf.Tensor {
  return tensor === graph.input ? prepared : graph.execute({ [graph.input]: prepared }, tensor);
}

function rowOf(tensor: tf.Tensor, row: number): tf.Tensor {
  return tf.slice(tensor, [row], [1]);
}

/** Finds the shape of what a node draws for two samples and for three: does it grow with them? */
async function measureNoise(
  engine: Engine,
  logits: LogitNetwork,
  graph: RunnableGraph,
  node: RandomNode,
): Promise<NoiseFeed> {
  const prepared = engine.prepare({
    name: `shape of ${node.name}`,
    inputs: [logits.inputShape],
    compute: (inputs: tf.Tensor) => {
      const shape = execute(graph, logits.prepare(inputs), node.shapeTensor);
      const [rows] = inputs.shape as [number];
      return [tf.tile(tf.expandDims(tf.cast(shape, 'float32'), 0), [rows, 1])];
    },
  });
  try {
    const shapeFor = async (rows: number): Promise<readonly number[]> => {
      const inputs = new Float32Array(rows * sizeOf(logits.inputShape));
      const [values] = await prepared.run(rows, [inputs]);
      return [...(values as Float32Array).subarray(0, (values as Float32Array).length / rows)];
    };
    const [two, three] = [await shapeFor(2), await shapeFor(3)];
    const perSample = two[0] === 2 && three[0] === 3;
    return {
      node: node.name,
      distribution: node.distribution,
      shape: perSample ? two.slice(1) : two,
      perSample,
      key: [node.name],
    };
  } finally {
    prepared.dispose();
  }
}

/**
 * Shapes at the frontier; the input itself where the frontier cannot be handed on, because a tensor
 * of it is no float32 or has no batch axis (a shape that was computed, say).
 */
async function measureFrontier(
  engine: Engine,
  logits: LogitNetwork,
  graph: RunnableGraph,
  frontier: readonly string[],
): Promise<ReadonlyMap<string, SampleShape>> {
  let modelShape: SampleShape = [];
  const measured = new Map<string, SampleShape>();
  let usable = frontier.length > 0;
  const prepared = engine.prepare({
    name: 'shapes at the frontier',
    inputs: [logits.inputShape],
    compute: (inputs: tf.Tensor) => {
      const [rows] = inputs.shape as [number];
      const input = logits.prepare(inputs);
      modelShape = input.shape.slice(1);
      for (const name of frontier) {
        const tensor = execute(graph, input, name);
        usable &&= tensor.dtype === 'float32' && tensor.shape[0] === rows;
        measured.set(name, tensor.shape.slice(1));
      }
      return [inputs];
    },
  });
  try {
    for (const rows of [2, 3]) {
      await prepared.run(rows, [new Float32Array(rows * sizeOf(logits.inputShape))]);
    }
    return usable ? measured : new Map([[graph.input, modelShape]]);
  } finally {
    prepared.dispose();
  }
}
