import type { Engine } from '../engine/engine.ts';
import type { OpenModelOptions } from '../model/logit-network.ts';
import type { SavedModel } from '../model/saved-model.ts';
import { openEnsemble } from './ensemble.ts';
import { type CalibrationInputs, lastLayerLaplace } from './last-layer-laplace.ts';
import { monteCarloDropout } from './mc-dropout.ts';
import type { NotApplicable, Posterior, PosteriorMethod } from './posterior.ts';
import { openStochasticModel } from './stochastic-model.ts';

export interface PosteriorOptions extends OpenModelOptions {
  /** `auto` takes the first that applies; the others force one. */
  readonly method: 'auto' | PosteriorMethod;
  /** Other saved models of the same task; with them an ensemble can be had. */
  readonly companions?: readonly SavedModel[];
  /** Inputs like those of training, for the Laplace approximation; read only when it is tried. */
  readonly calibration?: CalibrationInputs;
  /** How many samples the model was trained on, for the Laplace approximation. */
  readonly trainingCount?: number;
  /** Names of the layers that dropout is kept on in; all when it is left out. */
  readonly dropoutLayers?: readonly string[];
}

/** A posterior and why it was taken. */
export interface ChosenPosterior {
  readonly applicable: true;
  readonly posterior: Posterior;
  /** One or more sentences for the report. */
  readonly reason: string;
}

/** What is tried in turn, and why the first that applies is taken before the others. */
const preferences: readonly (readonly [method: PosteriorMethod, because: string])[] = [
  ['ensemble', 'Several models of the task were given, and an ensemble of them is the best guide.'],
  ['stochastic-model', 'The model draws random numbers itself, so its own answers vary.'],
  ['mc-dropout', 'The model has dropout, which training has made meaningful.'],
  ['last-layer-laplace', 'Nothing in the model varies, so its last layer was made Bayesian.'],
];

/**
 * Makes a saved model Bayesian in the way that was asked for, or in the best way that applies:
 * ensemble, then a model stochastic by itself, then dropout, then Laplace on the last layer.
 *
 * @returns why none applies, and what would
 * @throws ModelError when a model cannot be opened
 */
export async function choosePosterior(
  engine: Engine,
  saved: SavedModel,
  options: PosteriorOptions,
): Promise<ChosenPosterior | NotApplicable> {
  if (options.method !== 'auto') {
    const posterior = await open(options.method, engine, saved, options);
    return posterior.applicable
      ? { applicable: true, posterior, reason: 'As configured.' }
      : posterior;
  }
  const refusals: NotApplicable[] = [];
  for (const [method, because] of preferences) {
    if (method === 'ensemble' && (options.companions ?? []).length === 0) continue;
    const posterior = await open(method, engine, saved, options);
    if (posterior.applicable) {
      const dropout = method === 'last-layer-laplace' ? refusals.at(-1) : undefined;
      return {
        applicable: true,
        posterior,
        reason: [because, dropout?.reason ?? ''].join(' ').trim(),
      };
    }
    refusals.push(posterior);
  }
  return {
    applicable: false,
    reason: refusals.map(({ reason }) => reason).join(' '),
    remedy: refusals.at(-1)?.remedy ?? '',
  };
}

function open(
  method: PosteriorMethod,
  engine: Engine,
  saved: SavedModel,
  options: PosteriorOptions,
): Promise<Posterior | NotApplicable> {
  switch (method) {
    case 'ensemble':
      return openEnsemble(engine, [saved, ...(options.companions ?? [])], options);
    case 'stochastic-model':
      return openStochasticModel(engine, saved, options);
    case 'mc-dropout': {
      const { dropoutLayers } = options;
      const chosen = dropoutLayers === undefined ? {} : { layers: dropoutLayers };
      return monteCarloDropout(engine, saved, { ...options, ...chosen });
    }
    case 'last-layer-laplace': {
      const { calibration } = options;
      return calibration === undefined
        ? Promise.resolve(noCalibration)
        : lastLayerLaplace(engine, saved, { ...options, calibration });
    }
  }
}

const noCalibration: NotApplicable = {
  applicable: false,
  reason: 'A last-layer Laplace approximation needs calibration data, and none was given.',
  remedy:
    'Set aside a few hundred inputs like those of training for a last-layer Laplace approximation, or give two or more models as an ensemble.',
};
