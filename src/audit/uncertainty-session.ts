import { createHash } from 'node:crypto';
import { Batch } from '../arrays/batch.ts';
import type { LabelledBatch, Samples } from '../data/samples.ts';
import type { Engine } from '../engine/engine.ts';
import type { Classifier } from '../model/classifier.ts';
import type { OpenModelOptions } from '../model/logit-network.ts';
import { readSavedModel } from '../model/read-saved-model.ts';
import type { SavedModel } from '../model/saved-model.ts';
import { choosePasses, pilotPasses } from '../uncertainty/choose-passes.ts';
import {
  choosePosterior,
  type ChosenPosterior,
  type PosteriorOptions,
} from '../uncertainty/choose-posterior.ts';
import { evasiveClassifier, type EvasiveClassifier } from '../uncertainty/evasion.ts';
import { type LastLayer, openLastLayer } from '../uncertainty/last-layer.ts';
import type { NotApplicable, UncertaintyScores } from '../uncertainty/posterior.ts';
import { logProbabilities } from '../uncertainty/softmax.ts';
import { describeDetectors, type Detectors, fitDetectors, observe, scoreKey } from './detectors.ts';
import type { EvasionStep, OutputOf } from './piece.ts';
import type { SampleDivision } from './sample-division.ts';
import type { AuditSubject, PosteriorRecord } from './subject.ts';
import type { ThreadPhase } from './thread-phase.ts';
import { counted } from '../wording/counted.ts';

/** What a thread has open already, and what scores are fitted on. */
export interface UncertaintyParts {
  readonly engine: Engine;
  readonly saved: SavedModel;
  readonly classifier: Classifier;
  readonly options: OpenModelOptions;
  readonly subject: AuditSubject;
  readonly division: SampleDivision;
  readonly samples: Samples;
  /** Hears when something is fitted, which takes a while. */
  readonly phase: ThreadPhase;
  /** Where the samples to fit on come from, and which of them. */
  readonly fitting: { readonly samples: Samples; readonly indices: readonly number[] };
}

export interface ScoreRequest {
  readonly inputs: Batch;
  readonly indices: readonly number[];
  readonly passes: number;
  /** Whether the posterior's mean prediction is wanted too. */
  readonly calibrated: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Samples that are read at a time to be fitted on. */
const fittingBatch = 50;
/** Samples that the number of passes is tried on. */
const pilotSamples = 30;

/** Everything that one thread has open of a model's uncertainty: posterior and fitted scores. */
export class UncertaintySession {
  readonly choice: ChosenPosterior | NotApplicable;
  readonly companions: readonly SavedModel[];
  readonly #parts: UncertaintyParts;
  #layer: Promise<LastLayer | NotApplicable> | undefined;
  #detectors: Promise<Detectors> | undefined;

  private constructor(
    parts: UncertaintyParts,
    choice: ChosenPosterior | NotApplicable,
    companions: readonly SavedModel[],
  ) {
    this.#parts = parts;
    this.choice = choice;
    this.companions = companions;
  }

  static async open(parts: UncertaintyParts): Promise<UncertaintySession> {
    const { engine, saved, subject, options, fitting } = parts;
    const { method, layers, models = [] } = subject.uncertainty;
    const trainingCount = trainingCountOf(parts);
    if (method === 'off') return new UncertaintySession(parts, turnedOff, []);
    const companions = await Promise.all(
      models.map(path => readSavedModel(path, { workspaceFolder: subject.folder })),
    );
    const choice = await choosePosterior(engine, saved, {
      ...options,
      method: methodNames[method],
      companions,
      ...(fitting.indices.length === 0 ? {} : { calibration: inputsOf(parts) }),
      ...(trainingCount === undefined ? {} : { trainingCount }),
      ...(layers === undefined ? {} : { dropoutLayers: layers }),
    });
    parts.phase.enter(undefined);
    return new UncertaintySession(parts, choice, companions);
  }

  /** What was chosen and why, with the number of passes. */
  async describe(): Promise<PosteriorRecord> {
    const { choice } = this;
    if (!choice.applicable) {
      return { applicable: false, reason: choice.reason, remedy: choice.remedy };
    }
    const { posterior, reason } = choice;
    return {
      applicable: true,
      method: posterior.method,
      description: posterior.description,
      reason,
      ...(await this.#choosePasses()),
    };
  }

  /** SHA-256 over what the scores depend on besides model and data. */
  fingerprint(): string {
    const { subject, fitting } = this.#parts;
    const { method, layers } = subject.uncertainty;
    const parts = [
      method,
      layers ?? null,
      this.companions.map(({ fingerprint }) => fingerprint),
      fitting.samples.fingerprint,
      fitting.indices,
      trainingCountOf(this.#parts) ?? null,
    ];
    return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  }

  /** The fitted scores, and which are missing why. Fits them when it is first called. */
  detectors(): Promise<Detectors> {
    this.#detectors ??= this.#fitDetectors();
    return this.#detectors;
  }

  async #fitDetectors(): Promise<Detectors> {
    const { classifier, phase } = this.#parts;
    const layer = await this.#lastLayer();
    phase.enter('Fitting scores');
    try {
      return await fitDetectors(classifier, layer, fittingSamples(this.#parts));
    } finally {
      phase.enter(undefined);
    }
  }

  /** All scores of some inputs. */
  async score(request: ScoreRequest): Promise<OutputOf<'score'>> {
    const { inputs, indices, passes, calibrated, signal } = request;
    const { choice } = this;
    const drawn = choice.applicable
      ? await choice.posterior.score(inputs, {
          passes,
          seed: this.#parts.subject.seed,
          sampleIndices: indices,
          ...(signal === undefined ? {} : { signal }),
        })
      : undefined;
    const probit =
      choice.applicable && calibrated ? await choice.posterior.probitLogits?.(inputs) : undefined;
    const detectors = await this.detectors();
    const layer = await this.#lastLayer();
    const observed = layer.applicable
      ? await observe(layer, inputs)
      : {
          inputs,
          logits: await this.#parts.classifier.logits(inputs),
          // No score of the features is among those that apply.
          features: Batch.zeros(inputs.count, [1]),
        };
    const fitted: [string, Float64Array][] = [];
    for (const score of detectors.scores) {
      signal?.throwIfAborted();
      fitted.push([scoreKey(score.name), await score.score(observed)]);
    }
    return {
      kind: 'score',
      scores: { ...(drawn === undefined ? {} : columnsOf(drawn)), ...Object.fromEntries(fitted) },
      posterior:
        drawn === undefined
          ? undefined
          : {
              prediction: drawn.prediction,
              mutualInformationError: drawn.mutualInformationError,
              ...(calibrated
                ? { monteCarloLogits: logProbabilities(drawn.meanProbabilities) }
                : {}),
              ...(probit === undefined ? {} : { probitLogits: probit.values }),
            },
      detectors: describeDetectors(detectors),
    };
  }

  /** The model as an adversary sees it who knows of the posterior; dispose of it after use. */
  evasive(evasion: EvasionStep, direction: 1 | -1): EvasiveClassifier {
    const { choice } = this;
    const { engine, classifier, subject } = this.#parts;
    if (!choice.applicable) throw new RangeError(choice.reason);
    const options = { ...evasion, direction, seed: subject.seed };
    return evasiveClassifier(engine, classifier, choice.posterior, options);
  }

  async dispose(): Promise<void> {
    if (this.choice.applicable) this.choice.posterior.dispose();
    const layer = await this.#layer?.catch(() => undefined);
    if (layer?.applicable === true) layer.dispose();
  }

  #lastLayer(): Promise<LastLayer | NotApplicable> {
    const { engine, saved, options } = this.#parts;
    this.#layer ??= openLastLayer(engine, saved, options);
    return this.#layer;
  }

  async #choosePasses(): Promise<{ passes: number; passesReason: string }> {
    const { choice } = this;
    const { subject, samples, division, phase } = this.#parts;
    const { passes, standardError } = subject.uncertainty;
    if (!choice.applicable) throw new RangeError(choice.reason);
    const { ownPasses } = choice.posterior;
    if (ownPasses !== undefined) {
      return { passes: ownPasses, passesReason: 'One pass for each model of the ensemble.' };
    }
    if (passes !== 'auto') return { passes, passesReason: 'As configured.' };
    // The separate clean set, so that nothing is chosen by what is measured; failing that, the rest.
    const [pilot] = [division.baseline, division.samples].filter(({ length }) => length > 0);
    const indices = (pilot ?? []).slice(0, pilotSamples);
    const { inputs } = await samples.read(indices);
    phase.enter('Choosing the number of passes');
    const { mutualInformationError } = await choice.posterior.score(inputs, {
      passes: pilotPasses,
      seed: subject.seed,
      sampleIndices: indices,
    });
    const chosen = choosePasses(mutualInformationError, standardError);
    const reached = `a standard error of ${chosen.standardError.toPrecision(2)} nats for the mutual information of a clean sample`;
    return {
      passes: chosen.passes,
      passesReason: chosen.atBound
        ? `The most there may be, for ${reached}; the configuration wants ${standardError}.`
        : `Chosen for ${reached}, by a pilot of ${pilotPasses} passes on ${counted(indices.length, 'sample')}.`,
    };
  }
}

const turnedOff: NotApplicable = {
  applicable: false,
  reason: 'Uncertainty is turned off in the configuration.',
  remedy: 'Set "uncertainty.method" to "auto" to turn it on.',
};

const methodNames = {
  auto: 'auto',
  'mc-dropout': 'mc-dropout',
  laplace: 'last-layer-laplace',
  ensemble: 'ensemble',
  stochastic: 'stochastic-model',
} as const satisfies Record<string, PosteriorOptions['method']>;

function columnsOf(scores: UncertaintyScores): Record<string, Float64Array> {
  return {
    'mutual-information': scores.mutualInformation,
    'softmax-variance': scores.softmaxVariance,
    'predictive-entropy': scores.predictiveEntropy,
    'expected-entropy': scores.expectedEntropy,
  };
}

/**
 * How many samples the model was trained on, as far as it is known: as configured, or as many as the
 * data set has that stands for that of training.
 */
function trainingCountOf({ subject, samples, fitting }: UncertaintyParts): number | undefined {
  const { trainingSamples } = subject.uncertainty.calibration;
  return trainingSamples ?? (fitting.samples === samples ? undefined : fitting.samples.count);
}

async function* fittingSamples({ fitting }: UncertaintyParts): AsyncGenerator<LabelledBatch> {
  const { samples, indices } = fitting;
  for (let start = 0; start < indices.length; start += fittingBatch) {
    yield await samples.read(indices.slice(start, start + fittingBatch));
  }
}

/** Inputs to fit a posterior on, read only where it is fitted. */
async function* inputsOf(parts: UncertaintyParts): AsyncGenerator<Batch> {
  parts.phase.enter('Fitting the posterior');
  for await (const { inputs } of fittingSamples(parts)) yield inputs;
}
