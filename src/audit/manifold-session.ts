import { join } from 'node:path';
import type { Criterion } from '../attacks/attack.ts';
import type { AttackSettings } from '../attacks/attack-settings.ts';
import type { Batch } from '../arrays/batch.ts';
import type { ManifoldConfig } from '../config/manifold-config.ts';
import type { Samples } from '../data/samples.ts';
import type { Engine } from '../engine/engine.ts';
import { manifoldCorrections, modelFreeCorrections } from '../manifold/corrections.ts';
import { gradientSearch } from '../manifold/gradient-search.ts';
import {
  type LearningSettings,
  planLearning,
  type UnlabelledData,
} from '../manifold/learn-manifold.ts';
import { ManifoldStore } from '../manifold/manifold-store.ts';
import type { Manifold } from '../manifold/manifold.ts';
import { manifoldScores } from '../manifold/manifold-scores.ts';
import { findNaturalAdversaries, type LatentSearch } from '../manifold/natural-adversary.ts';
import { openManifold } from '../manifold/open-manifold.ts';
import { shellSearch, usualShellSearch } from '../manifold/shell-search.ts';
import type { ManifoldRecord } from '../manifold/trained-manifold.ts';
import type { Classifier } from '../model/classifier.ts';
import { attackCorrection } from './adaptive-attack.ts';
import { illustrateManifold } from './manifold-illustration.ts';
import type { NaturalSearch, OutputOf } from './piece.ts';
import type { ManifoldState } from './subject.ts';
import { topAnswers } from './top-answers.ts';

/** Folder of trained manifolds, in the folder of the configuration. */
export const manifoldFolder = join('.assay', 'manifolds');

/** Where the trained manifolds of a workspace are. @param folder of the configuration */
export function manifoldStore(folder: string): ManifoldStore {
  return new ManifoldStore(join(folder, manifoldFolder));
}

/** The settings of a training as the configuration has them. */
export function learningSettings(config: ManifoldConfig): LearningSettings {
  const { recipe, inverterInput, latentSize, width, steps } = config;
  return {
    recipe,
    steps,
    ...(inverterInput === 'auto' ? {} : { inverterInput }),
    ...(latentSize === undefined ? {} : { latentSize }),
    ...(width === undefined ? {} : { width }),
  };
}

/** Samples as a manifold learns from them. */
export function unlabelled(samples: Samples): UnlabelledData {
  return {
    count: samples.count,
    shape: samples.shape,
    fingerprint: samples.fingerprint,
    read: async indices => (await samples.read(indices)).inputs,
  };
}

export interface ManifoldParts {
  readonly engine: Engine;
  readonly classifier: Classifier;
  readonly config: ManifoldConfig;
  /** What the manifold has learned from. */
  readonly data: Samples;
  readonly folder: string;
  /** Seed of the training, and of the audit. */
  readonly trainingSeed: number;
  readonly seed: number;
}

/** Samples of a piece with what a search or an attack needs to know of them. */
export interface ManifoldRequest {
  readonly inputs: Batch;
  readonly labels: Int32Array;
  readonly indices: readonly number[];
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((fraction: number) => void) | undefined;
}

/** What one thread has open of the manifold of an audit. */
export class ManifoldSession {
  readonly #parts: ManifoldParts;
  readonly #manifold: Manifold;
  readonly #record: ManifoldRecord;

  private constructor(parts: ManifoldParts, manifold: Manifold, record: ManifoldRecord) {
    this.#parts = parts;
    this.#manifold = manifold;
    this.#record = record;
  }

  /** @returns undefined when the manifold has not been trained yet */
  static async open(parts: ManifoldParts): Promise<ManifoldSession | undefined> {
    const { engine, classifier, config, data, folder, trainingSeed } = parts;
    const plan = await planLearning({
      data: unlabelled(data),
      bounds: classifier.bounds,
      settings: learningSettings(config),
      seed: trainingSeed,
    });
    const trained = await manifoldStore(folder).load(plan.key);
    if (trained === undefined) return undefined;
    return new ManifoldSession(parts, openManifold(engine, trained), trained.record);
  }

  describe(): ManifoldState {
    const { key, recipe, sizes, steps, seconds, heldOutError, errorOfMean } = this.#record;
    const form = recipe.generatorReconstructs ? 'all networks in one loop' : 'in two stages';
    return {
      trained: true,
      key,
      description: `WGAN-GP with inverter, ${form}, inverter’s input: ${recipe.inverterInput.replaceAll('-', ' ')}.`,
      latentSize: sizes.latentSize,
      steps,
      seconds,
      heldOutError,
      errorOfMean,
    };
  }

  /** Natural adversaries of the samples. */
  async natural(name: NaturalSearch, request: ManifoldRequest): Promise<OutputOf<'attack'>> {
    const { classifier, seed } = this.#parts;
    const { inputs, labels, indices, signal, onProgress } = request;
    const found = await findNaturalAdversaries(searchNamed(name), {
      classifier,
      manifold: this.#manifold,
      inputs,
      labels,
      seed,
      sampleIndices: indices,
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress }),
    });
    return {
      kind: 'attack',
      adversaries: found.adversaries.values,
      logits: found.logits.values,
      outcomes: found.outcomes,
      steps: found.queries,
      lostSuccess: new Int32Array(indices.length),
      survivesRounding: new Int32Array(indices.length).fill(-1),
      latentDistances: found.latentDistances,
    };
  }

  /** What the model says of inputs after each correction, and of an adversary who knows of it. */
  async correct(
    inputs: Batch,
    adaptive: { readonly settings: AttackSettings; readonly criterion: Criterion } | undefined,
    request: ManifoldRequest,
  ): Promise<OutputOf<'correct'>> {
    const { classifier, config } = this.#parts;
    const all = [
      ...manifoldCorrections(this.#manifold, { steps: config.refinementSteps, rate: 0.1 }),
      ...modelFreeCorrections(classifier.inputShape, classifier.bounds),
    ];
    const corrections: OutputOf<'correct'>['corrections'][number][] = [];
    for (const correction of all) {
      const { name, label, kind } = correction;
      request.signal?.throwIfAborted();
      const corrected = await correction.apply(inputs);
      const answers = topAnswers(await classifier.logits(corrected));
      const isPicture = kind === 'manifold' && classifier.inputShape.length === 3;
      corrections.push({
        method: name,
        label,
        kind,
        ...answers,
        ...(isPicture ? { inputs: corrected.values } : {}),
      });
    }
    if (adaptive !== undefined) {
      const logits = await attackCorrection({
        ...adaptive,
        classifier,
        manifold: this.#manifold,
        inputs: request.inputs,
        seed: this.#parts.seed,
        sampleIndices: request.indices,
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      });
      corrections.push({
        method: 'adaptive-reconstruction',
        label: 'reconstruction, adversary who knows of it',
        kind: 'adaptive',
        ...topAnswers(logits),
      });
    }
    return { kind: 'correct', corrections };
  }

  /** Scores of how far inputs lie off the manifold, by name, higher = further. */
  async scores(inputs: Batch): Promise<Record<string, Float64Array>> {
    return await manifoldScores(this.#manifold, this.#parts.classifier, inputs);
  }

  /** What the manifold holds, as pictures: random samples, and ways between the samples' classes. */
  async illustrate(request: ManifoldRequest): Promise<OutputOf<'illustrate'>> {
    const { classifier, seed } = this.#parts;
    return await illustrateManifold(this.#manifold, classifier, { ...request, seed });
  }

  dispose(): void {
    this.#manifold.dispose();
  }
}

function searchNamed(name: NaturalSearch): LatentSearch {
  switch (name) {
    case 'gradient':
      return gradientSearch();
    case 'hybrid':
    case 'iterative':
      return shellSearch({ ...usualShellSearch, algorithm: name });
  }
}
