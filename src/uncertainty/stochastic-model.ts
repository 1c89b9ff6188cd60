import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { type Batch, sizeOf } from '../arrays/batch.ts';
import type { Engine } from '../engine/engine.ts';
import {
  type LogitNetwork,
  openLogitNetwork,
  type OpenModelOptions,
} from '../model/logit-network.ts';
import type { SavedModel } from '../model/saved-model.ts';
import { DrawnPosterior } from './drawn-posterior.ts';
import { fixedPasses } from './fixed-passes.ts';
import { GraphPassFunctions } from './graph-pass-functions.ts';
import { PassSampler } from './pass-sampler.ts';
import type { DrawOptions, DrawReceiver, NotApplicable, Posterior } from './posterior.ts';
import { surveyGraph } from './stochastic-graph.ts';
import { answersVary } from './variation-probe.ts';
import { counted } from '../wording/counted.ts';

/**
 * Samples a model that is stochastic by itself: a graph that draws random numbers in inference, as one
 * with sampled weights does, or one whose dropout was saved turned on. Its random nodes are fed from
 * outside, so that its answers can be repeated.
 *
 * @returns why not, for a model that draws nothing, or in a way that cannot be taken over
 * @throws ModelError when the model cannot be opened
 */
export async function openStochasticModel(
  engine: Engine,
  saved: SavedModel,
  options: OpenModelOptions,
): Promise<Posterior | NotApplicable> {
  if (saved.format === 'layers-model') return deterministic;
  const logits = await openLogitNetwork(engine, saved, options);
  const { graph } = logits.network;
  if (graph === undefined) throw new RangeError('a graph model has no graph');
  try {
    const survey = surveyGraph(graph);
    if (survey.random.length === 0 || survey.unsupported.length > 0) {
      logits.network.dispose();
      return survey.unsupported.length === 0 ? deterministic : cannotFeed(survey.unsupported);
    }
    const functions = await GraphPassFunctions.make(engine, logits, graph, survey);
    const model = new StochasticModel(engine, logits, functions);
    if (await answersVary(model, logits.inputShape, options.bounds)) return model;
    model.dispose();
    return deterministic;
  } catch (error) {
    logits.network.dispose();
    throw error;
  }
}

class StochasticModel extends DrawnPosterior {
  readonly method = 'stochastic-model';
  readonly description: string;
  readonly classCount: number;
  readonly #logits: LogitNetwork;
  readonly #functions: GraphPassFunctions;
  readonly #sampler: PassSampler;

  constructor(engine: Engine, logits: LogitNetwork, functions: GraphPassFunctions) {
    super();
    this.#logits = logits;
    this.#functions = functions;
    this.#sampler = new PassSampler(engine, functions, logits.classCount, 'stochastic-model');
    this.classCount = logits.classCount;
    this.description = describe(functions);
  }

  draw(inputs: Batch, options: DrawOptions, receive: DrawReceiver): Promise<void> {
    return this.#sampler.sample(inputs, options, receive);
  }

  fixedPasses(passes: number, seed: number): (inputs: Tensor) => Tensor2D {
    return fixedPasses(this.#functions, passes, seed);
  }

  dispose(): void {
    this.#sampler.dispose();
    this.#logits.network.dispose();
  }
}

const deterministic: NotApplicable = {
  applicable: false,
  reason: 'The model draws no random numbers of its own that change its answers.',
  remedy: 'Use its dropout, a last-layer Laplace approximation, or an ensemble.',
};

function cannotFeed(nodes: readonly string[]): NotApplicable {
  return {
    applicable: false,
    reason: `The model draws random numbers in a way that cannot be repeated: ${nodes.join(', ')}.`,
    remedy: 'Draw from RandomUniform, RandomStandardNormal or TruncatedNormal instead.',
  };
}

function describe({ sources }: GraphPassFunctions): string {
  const nodes = sources.map(
    ({ node, shape, perSample }) =>
      `${node} (${counted(sizeOf(shape), 'number')} for each ${perSample ? 'sample' : 'pass'})`,
  );
  return `Stochastic by itself: ${nodes.join(', ')}.`;
}
