import { join } from 'node:path';
import type { InputConfig } from '../config/audit-config.ts';
import type { DataConfig } from '../config/data-config.ts';
import type { ManifoldConfig } from '../config/manifold-config.ts';
import type { InputLayout, Samples } from '../data/samples.ts';
import { openSamples } from '../data/open-samples.ts';
import type { Engine } from '../engine/engine.ts';
import { openEngine } from '../engine/open-engine.ts';
import { learnManifold, planLearning, type LearningProgress } from '../manifold/learn-manifold.ts';
import { ManifoldError } from '../manifold/manifold-error.ts';
import { openManifold } from '../manifold/open-manifold.ts';
import { encodeSheet, sampleTiles, type Tile } from '../manifold/picture-sheet.ts';
import type { TrainedManifold } from '../manifold/trained-manifold.ts';
import type { Classifier } from '../model/classifier.ts';
import { openClassifier, type OpenedModel } from '../model/open-classifier.ts';
import { readSavedModel } from '../model/read-saved-model.ts';
import type { SavedModel } from '../model/saved-model.ts';
import { readReport, reportPathOf } from '../report/report-files.ts';
import type { EngineChoice, ManifoldProgress } from '../protocol/worker-protocol.ts';
import { writeAtomically } from './atomic-file.ts';
import { makeGuard } from './guard-export.ts';
import { writeGuardFolder } from './guard-folder.ts';
import { drawManifold, tablesHaveNoPictures } from './manifold-pictures.ts';
import { learningSettings, manifoldStore, unlabelled } from './manifold-session.ts';

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

  /**
   * Draws what the manifold knows of the first samples into a folder, training it first where need be.
   *
   * @returns names of the files
   * @throws ManifoldError `manifold/unsupported-shape` of tables; AuditError `audit/cannot-write`
   */
  async drawPictures(folder: string): Promise<string[]> {
    const samples = await this.#samples();
    if (this.#layout.shape.length < 2) throw tablesHaveNoPictures();
    const trained = await this.#learn(() => undefined, undefined);
    if (trained === undefined) throw new RangeError('nothing has stopped the training');
    const manifold = openManifold(this.#engine, trained);
    try {
      const sheets = await drawManifold({
        classifier: this.#classifier,
        manifold,
        samples,
        seed: this.#subject.seed,
      });
      for (const [name, tiles] of Object.entries(sheets)) {
        await writeAtomically(join(folder, name), encodeSheet(tiles));
      }
      return Object.keys(sheets);
    } finally {
      manifold.dispose();
    }
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
