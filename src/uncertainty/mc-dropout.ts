import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { Batch } from '../arrays/batch.ts';
import type { Engine } from '../engine/engine.ts';
import {
  openLogitNetwork,
  type LogitNetwork,
  type OpenModelOptions,
} from '../model/logit-network.ts';
import type { SavedModel } from '../model/saved-model.ts';
import { fixedPasses } from './fixed-passes.ts';
import { DrawnPosterior } from './drawn-posterior.ts';
import { type LayerProgram, unfoldLayers } from './layer-program.ts';
import { LayerPassFunctions } from './layer-pass-functions.ts';
import { PassSampler } from './pass-sampler.ts';
import type { DrawOptions, DrawReceiver, NotApplicable } from './posterior.ts';
import { names, surveyStochasticLayers, type StochasticSurvey } from './stochastic-program.ts';
import { UncertaintyError } from './uncertainty-error.ts';
import { answersVary, probePasses } from './variation-probe.ts';

export interface MonteCarloDropoutOptions extends Partial<OpenModelOptions> {
  /** Names of the layers to make stochastic; all that can be when it is left out. */
  readonly layers?: readonly string[];
}

/** What would give an uncertainty to a model without usable dropout. */
const remedy =
  'A last-layer Laplace approximation needs no dropout, only a few hundred inputs like those of training; an ensemble of two or more saved models is better still.';

/**
 * Makes a saved model Bayesian by keeping its dropout on in inference (Gal and Ghahramani 2016,
 * "Dropout as a Bayesian approximation"). All kinds of dropout count, noise layers and dropout inside
 * recurrent layers too. Everything else stays in inference mode; weights and moving statistics are
 * not touched.
 *
 * @returns why not, and what would do instead, when the answers of the model would not vary
 * @throws ModelError when the model cannot be opened
 * @throws UncertaintyError `uncertainty/unknown-layer` when a chosen layer does not exist
 */
export async function monteCarloDropout(
  engine: Engine,
  saved: SavedModel,
  options: MonteCarloDropoutOptions = {},
): Promise<McDropout | NotApplicable> {
  if (saved.format === 'graph-model') {
    return notApplicable(
      'The model is a graph: its dropout was removed when it was converted.',
      `${remedy} If the original Keras model has dropout, convert it as tfjs_layers_model.`,
    );
  }
  const bounds = options.bounds ?? { lower: 0, upper: 1 };
  const logits = await openLogitNetwork(engine, saved, { ...options, bounds });
  const { layersModel } = logits.network;
  if (layersModel === undefined) throw new RangeError('a layers model has no layers');
  const program = unfoldLayers(layersModel);
  try {
    requireKnownLayers(program, options.layers, saved.path);
    const survey = surveyStochasticLayers(program, options.layers);
    if (survey.steps.length === 0) {
      logits.network.dispose();
      return notApplicable(whyNothing(survey), remedy);
    }
    const posterior = await McDropout.open(engine, saved.path, logits, program, survey);
    if (await answersVary(posterior, logits.inputShape, bounds)) return posterior;
    posterior.dispose();
    return notApplicable(
      `The answers do not vary: ${probePasses} passes over random inputs with the dropout of ${survey.steps.map(({ key }) => key).join(', ')} agree to the last digit.`,
      remedy,
    );
  } catch (error) {
    logits.network.dispose();
    throw error;
  }
}

/** A saved model with its dropout kept on. */
export class McDropout extends DrawnPosterior {
  readonly method = 'mc-dropout';
  readonly description: string;
  readonly classCount: number;
  readonly #logits: LogitNetwork;
  readonly #functions: LayerPassFunctions;
  readonly #sampler: PassSampler;

  private constructor(
    engine: Engine,
    logits: LogitNetwork,
    functions: LayerPassFunctions,
    description: string,
  ) {
    super();
    this.#logits = logits;
    this.#functions = functions;
    this.#sampler = new PassSampler(engine, functions, logits.classCount, 'mc-dropout');
    this.classCount = logits.classCount;
    this.description = description;
  }

  static async open(
    engine: Engine,
    name: string,
    logits: LogitNetwork,
    program: LayerProgram,
    survey: StochasticSurvey,
  ): Promise<McDropout> {
    const model = { ...logits, name, program };
    const functions = await LayerPassFunctions.make(engine, model, survey.steps);
    return new McDropout(engine, logits, functions, describe(survey));
  }

  draw(inputs: Batch, options: DrawOptions, receive: DrawReceiver): Promise<void> {
    return this.#sampler.sample(inputs, options, receive);
  }

  /**
   * Passes that are the same for every input, as a differentiable function of the input: logits side
   * by side, `[batch, passes · classes]`.
   */
  fixedPasses(passes: number, seed: number): (inputs: Tensor) => Tensor2D {
    return fixedPasses(this.#functions, passes, seed);
  }

  dispose(): void {
    this.#sampler.dispose();
    this.#logits.network.dispose();
  }
}

function describe({ steps, remarks }: StochasticSurvey): string {
  const layers = steps.map(({ key, layer }) => `${key} (${layer.description})`);
  return [`Stochastic: ${layers.join(', ')}.`, ...remarks].join(' ');
}

function whyNothing({ remarks }: StochasticSurvey): string {
  return remarks.length === 0
    ? 'The model has no dropout or noise layer with a rate above zero, so all passes would agree.'
    : `No layer can be made stochastic. ${remarks.join(' ')}`;
}

function notApplicable(reason: string, whatInstead: string): NotApplicable {
  return { applicable: false, reason, remedy: whatInstead };
}

function requireKnownLayers(
  program: LayerProgram,
  layers: readonly string[] | undefined,
  file: string,
): void {
  const unknown = layers?.find(name => !program.steps.some(step => names(name, step)));
  if (unknown === undefined) return;
  throw new UncertaintyError('uncertainty/unknown-layer', `The model has no layer ${unknown}.`, {
    place: { file, field: unknown },
    remedy: `Choose among its layers: ${program.steps.map(step => step.path).join(', ')}.`,
  });
}
