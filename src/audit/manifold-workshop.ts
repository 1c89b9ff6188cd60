import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { InputConfig } from '../config/audit-config.ts';
import type { DataConfig } from '../config/data-config.ts';
import type { ManifoldConfig } from '../config/manifold-config.ts';
import type { InputLayout, Samples } from '../data/samples.ts';
import { openSamples } from '../data/open-samples.ts';
import type { Engine } from '../engine/engine.ts';
import { openEngine } from '../engine/open-engine.ts';
import { findNaturalAdversaries } from '../manifold/natural-adversary.ts';
import { gradientSearch } from '../manifold/gradient-search.ts';
import { latentPath } from '../manifold/latent-path.ts';
import { learnManifold, planLearning, type LearningProgress } from '../manifold/learn-manifold.ts';
import { ManifoldError } from '../manifold/manifold-error.ts';
import { openManifold } from '../manifold/open-manifold.ts';
import {
  differenceTiles,
  encodeSheet,
  saliencyTiles,
  sampleTiles,
  type Tile,
} from '../manifold/picture-sheet.ts';
import { randomLatents } from '../manifold/random-latents.ts';
import type { TrainedManifold } from '../manifold/trained-manifold.ts';
import type { Batch } from '../arrays/batch.ts';
import type { Classifier } from '../model/classifier.ts';
import { openClassifier, type OpenedModel } from '../model/open-classifier.ts';
import { readSavedModel } from '../model/read-saved-model.ts';
import type { SavedModel } from '../model/saved-model.ts';
import { readReport, reportPathOf } from '../report/report-files.ts';
import type { EngineChoice, ManifoldProgress } from '../protocol/worker-protocol.ts';
import { makeGuard } from './guard-export.ts';
import { writeGuardFolder } from './guard-folder.ts';
import { learningSettings, manifoldStore, unlabelled } from './manifold-session.ts';
import { topAnswers } from './top-answers.ts';

/** What a thread needs to train the manifold of a configuration, and to work with it. */
export interface ManifoldSubject {
  readonly purpose: 'manifold';
  /** Absolute folder of the configuration. */
  readonly folder: string;
  /** A model of the configuration: says what samples look like, and answers in pictures. */
  readonly modelPath: string;
  readonly input: InputConfig;
  /** With absolute paths. */
  readonly data: DataConfig;
  readonly manifold: ManifoldConfig;
  readonly seed: number;
  readonly engine: EngineChoice;
}

/** A trained manifold, for those who asked for it. */
export interface TrainedSummary {
  readonly key: string;
  readonly steps: number;
  readonly seconds: number;
  readonly heldOutError: number;
  readonly errorOfMean: number;
  /** Remarks of the engine, for example what could not be compiled. */
  readonly notes: readonly string[];
}

/** Samples in each row of a picture. */
const columns = 10;

/** Everything that is done with a manifold outside of an audit: training, pictures, export. */
export class ManifoldWorkshop {
  readonly #subject: ManifoldSubject;
  readonly #engine: Engine;
  readonly #saved: SavedModel;
  readonly #opened: OpenedModel;
  readonly #classifier: Classifier;
  readonly #layout: InputLayout;

  private constructor(
    subject: ManifoldSubject,
    engine: Engine,
    saved: SavedModel,
    opened: OpenedModel,
    layout: InputLayout,
  ) {
    this.#subject = subject;
    this.#engine = engine;
    this.#saved = saved;
    this.#opened = opened;
    this.#classifier = opened.classifier;
    this.#layout = layout;
  }

  static async open(subject: ManifoldSubject): Promise<ManifoldWorkshop> {
    const { folder, modelPath, input } = subject;
    const engine = await openEngine({ name: subject.engine, moduleFolders: [folder] });
    const saved = await readSavedModel(modelPath, { workspaceFolder: folder });
    const [lower, upper] = input.bounds;
    const opened = await openClassifier(engine, saved, {
      bounds: { lower, upper },
      ...(input.shape === undefined ? {} : { inputShape: input.shape }),
      ...(input.preprocessing === undefined ? {} : { preprocessing: input.preprocessing }),
      ...(input.output === undefined ? {} : { output: input.output }),
    });
    const { inputShape: shape, classCount } = opened.classifier;
    return new ManifoldWorkshop(subject, engine, saved, opened, {
      shape,
      bounds: input.bounds,
      classCount,
      ...(input.classNames === undefined ? {} : { classNames: input.classNames }),
    });
  }

  /** Trains the manifold, or goes on where it was; undefined when the signal was raised. */
  async train(
    onProgress: (progress: ManifoldProgress) => void,
    signal: AbortSignal | undefined,
  ): Promise<TrainedSummary | undefined> {
    const { bounds } = this.#classifier;
    const trained = await this.#learn(
      progress => onProgress(describeProgress(progress, bounds)),
      signal,
    );
    if (trained === undefined) return undefined;
    const { key, steps, seconds, heldOutError, errorOfMean } = trained.record;
    return { key, steps, seconds, heldOutError, errorOfMean, notes: this.#engine.notes };
  }

  /** Draws the pictures of the study into a folder. @returns names of the files */
  async drawPictures(folder: string): Promise<string[]> {
    const samples = await this.#samples();
    if (this.#layout.shape.length < 2) {
      throw new ManifoldError('manifold/unsupported-shape', 'Tables cannot be shown as pictures.', {
        remedy: 'Read the report of an audit instead.',
      });
    }
    const trained = await this.#learn(() => undefined, undefined);
    if (trained === undefined) throw new RangeError('nothing has stopped the training');
    const manifold = openManifold(this.#engine, trained);
    const classifier = this.#classifier;
    const { bounds } = classifier;
    const predict = async (batch: Batch): Promise<number[]> => [
      ...topAnswers(await classifier.logits(batch)).predictions,
    ];
    const sampleIndices = Array.from({ length: Math.min(columns, samples.count) }, (_, i) => i);
    const { inputs, labels } = await samples.read(sampleIndices);
    const { seed } = this.#subject;
    const { adversaries } = await findNaturalAdversaries(gradientSearch(), {
      classifier,
      manifold,
      inputs,
      labels,
      seed,
      sampleIndices,
    });
    const captioned = async (batch: Batch): Promise<Tile[]> =>
      sampleTiles(batch, bounds, await predict(batch), [...labels]);
    const reconstructed = await manifold.reconstruct(inputs);
    const paths: Tile[][] = [];
    for (let row = 0; row + 1 < inputs.count; row += 2) {
      const path = await latentPath(manifold, inputs.gather([row, row + 1]), columns);
      paths.push(sampleTiles(path.samples, bounds, await predict(path.samples)));
    }
    const random = await manifold.decode(randomLatents(manifold.latentSize, 4 * columns, seed));
    const randomTiles = sampleTiles(random, bounds, await predict(random));
    const sheets: Readonly<Record<string, Tile[][]>> = {
      'reconstructions.png': [
        await captioned(inputs),
        await captioned(reconstructed),
        await captioned(adversaries),
        await captioned(await manifold.reconstruct(adversaries)),
      ],
      'natural-adversaries.png': [
        await captioned(reconstructed),
        await captioned(adversaries),
        differenceTiles(adversaries, reconstructed, 0.6 * (bounds.upper - bounds.lower)),
        saliencyTiles(adversaries, reconstructed, bounds),
      ],
      ...(paths.length === 0 ? {} : { 'interpolation.png': paths }),
      'random-latents.png': [0, 1, 2, 3].map(row =>
        randomTiles.slice(row * columns, (row + 1) * columns),
      ),
    };
    await mkdir(folder, { recursive: true });
    for (const [name, tiles] of Object.entries(sheets)) {
      await writeFile(join(folder, name), encodeSheet(tiles));
    }
    manifold.dispose();
    return Object.keys(sheets);
  }

  /**
   * Exports the guard of the model and its manifold into a folder.
   *
   * @param target absolute; new, empty, or an earlier guard
   * @returns names of the files
   * @throws ManifoldError `manifold/not-trained`, AuditError when the folder cannot be written
   */
  async exportGuard(target: string): Promise<string[]> {
    const { manifold: config, folder, modelPath, seed } = this.#subject;
    const data = unlabelled(await this.#unlabelledSamples());
    const plan = await planLearning({
      data,
      bounds: this.#classifier.bounds,
      settings: learningSettings(config),
      seed,
    });
    const trained = await manifoldStore(folder).load(plan.key);
    if (trained === undefined) {
      throw new ManifoldError(
        'manifold/not-trained',
        'The manifold of this configuration is not trained yet.',
        { remedy: 'Train it with "assay manifold train", or in the editor with "Train Manifold".' },
      );
    }
    const samples = await this.#samples();
    const manifold = openManifold(this.#engine, trained);
    try {
      const files = await makeGuard({
        classifier: this.#classifier,
        answers: this.#opened.description.answers,
        model: this.#saved.fingerprint,
        manifold,
        trained,
        samples,
        allowed: samples.fingerprint === data.fingerprint ? plan.split.heldOut : undefined,
        // A report that is missing or damaged takes nothing but figures from the README.
        report: await readReport(reportPathOf(folder, modelPath)).catch(() => undefined),
      });
      await writeGuardFolder(target, files);
      return files.map(({ path }) => path);
    } finally {
      manifold.dispose();
    }
  }

  dispose(): void {
    this.#opened.dispose();
    this.#engine.dispose();
  }

  async #learn(
    onProgress: (progress: LearningProgress) => void,
    signal: AbortSignal | undefined,
  ): Promise<TrainedManifold | undefined> {
    const { manifold, folder, seed } = this.#subject;
    return await learnManifold({
      engine: this.#engine,
      data: unlabelled(await this.#unlabelledSamples()),
      bounds: this.#classifier.bounds,
      settings: learningSettings(manifold),
      seed,
      store: manifoldStore(folder),
      onProgress,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** What the manifold learns from. */
  async #unlabelledSamples(): Promise<Samples> {
    const { data } = this.#subject.manifold;
    return await openSamples(data, {
      ...this.#layout,
      ignoreLabels: true,
      ...(data.storedRange === undefined ? {} : { storedRange: data.storedRange }),
    });
  }

  async #samples(): Promise<Samples> {
    const { storedRange } = this.#subject.data;
    return await openSamples(this.#subject.data, {
      ...this.#layout,
      ...(storedRange === undefined ? {} : { storedRange }),
    });
  }
}

function describeProgress(
  { step, steps, secondsLeft, history, reconstructions, samples }: LearningProgress,
  bounds: Classifier['bounds'],
): ManifoldProgress {
  const isPicture = reconstructions !== undefined && reconstructions.shape.length >= 2;
  const tiles =
    !isPicture || samples === undefined
      ? undefined
      : [...pairsApart(sampleTiles(reconstructions, bounds)), sampleTiles(samples, bounds)];
  const losses = history.at(-1);
  const isNews = losses === undefined || losses.step === step;
  return {
    step,
    steps,
    ...(secondsLeft === undefined ? {} : { secondsLeft }),
    ...(losses === undefined ? {} : { losses }),
    ...(isNews ? { history } : {}),
    ...(tiles === undefined ? {} : { picture: Buffer.from(encodeSheet(tiles)).toString('base64') }),
  };
}

/** Samples and reconstructions in turn, as a row of samples above a row of reconstructions. */
function pairsApart(tiles: readonly Tile[]): Tile[][] {
  return [0, 1].map(parity => tiles.filter((_, i) => i % 2 === parity));
}
