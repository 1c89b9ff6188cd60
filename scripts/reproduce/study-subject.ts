import { join } from 'node:path';
import { openSamples } from '../../src/data/open-samples.ts';
import type { Samples } from '../../src/data/samples.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import {
  learnManifold,
  type LearningSettings,
  planLearning,
  type UnlabelledData,
} from '../../src/manifold/learn-manifold.ts';
import { ManifoldStore } from '../../src/manifold/manifold-store.ts';
import type { Manifold } from '../../src/manifold/manifold.ts';
import { openManifold } from '../../src/manifold/open-manifold.ts';
import type { TrainedManifold } from '../../src/manifold/trained-manifold.ts';
import type { Classifier } from '../../src/model/classifier.ts';
import { openClassifier } from '../../src/model/open-classifier.ts';
import { readSavedModel } from '../../src/model/read-saved-model.ts';
import { monteCarloDropout } from '../../src/uncertainty/mc-dropout.ts';
import type { Posterior } from '../../src/uncertainty/posterior.ts';

export const root = join(import.meta.dirname, '../..');
const digits = join(root, 'examples/digits');
export const modelPath = join(digits, 'models/digits-cnn/model.json');

/**
 * `ASSAY_STUDY=trial npm run reproduce` tries every part on a few samples in a few minutes, and leaves
 * the documentation as it is.
 */
export const isTrial = process.env['ASSAY_STUDY'] === 'trial';

/** Where trainings and finished attacks are kept, so that a second run is short. */
export const workFolder = join(root, isTrial ? '.assay/reproduction-trial' : '.assay/reproduction');

export const bounds = { lower: 0, upper: 1 } as const;
export const seed = 0;

/** The manifolds that are compared. */
export const manifoldNames = ['study', 'noise', 'noise-and-squeeze'] as const;
export type ManifoldName = (typeof manifoldNames)[number];

/** What each is called in the report. */
export const manifoldLabels: Readonly<Record<ManifoldName, string>> = {
  study: 'the study’s plain objective',
  noise: 'one loop, noise on the inverter’s input',
  'noise-and-squeeze': 'one loop, noise and squeeze on the inverter’s input',
};

const steps = isTrial ? 100 : 1500;

function settingsOf(name: ManifoldName): LearningSettings {
  return name === 'study'
    ? { recipe: 'study', steps }
    : { recipe: 'one-loop', inverterInput: name, steps };
}

/** Everything that the study needs, open in one thread. */
export class StudySubject {
  readonly engine: Engine;
  readonly classifier: Classifier;
  readonly posterior: Posterior;
  /** The 10,000 test digits. */
  readonly test: Samples;
  /** The 60,000 training digits, without labels. */
  readonly training: UnlabelledData;
  readonly #store = new ManifoldStore(join(workFolder, 'manifolds'));
  readonly #manifolds = new Map<ManifoldName, Promise<Manifold>>();

  private constructor(
    engine: Engine,
    classifier: Classifier,
    posterior: Posterior,
    test: Samples,
    training: UnlabelledData,
  ) {
    this.engine = engine;
    this.classifier = classifier;
    this.posterior = posterior;
    this.test = test;
    this.training = training;
  }

  static async open(): Promise<StudySubject> {
    const engine = await openEngine({ name: 'native' });
    const saved = await readSavedModel(modelPath, { workspaceFolder: digits });
    const { classifier } = await openClassifier(engine, saved, { bounds });
    const posterior = await monteCarloDropout(engine, saved, { bounds });
    if (!posterior.applicable) throw new Error(posterior.reason);
    const training = await openDigits('train');
    return new StudySubject(engine, classifier, posterior, await openDigits('t10k'), {
      count: training.count,
      shape: training.shape,
      fingerprint: training.fingerprint,
      read: async indices => (await training.read(indices)).inputs,
    });
  }

  /** Trains a manifold, or loads it when it is trained. */
  async train(name: ManifoldName, onStep?: (share: number) => void): Promise<TrainedManifold> {
    const trained = await learnManifold({
      engine: this.engine,
      data: this.training,
      bounds,
      settings: settingsOf(name),
      seed,
      store: this.#store,
      onProgress: ({ step, steps: all }) => onStep?.(step / all),
    });
    if (trained === undefined) throw new Error('The training was interrupted.');
    return trained;
  }

  /** A trained manifold on the engine of this thread. */
  manifold(name: ManifoldName): Promise<Manifold> {
    const known = this.#manifolds.get(name);
    if (known !== undefined) return known;
    const opened = this.#load(name).then(trained => openManifold(this.engine, trained));
    this.#manifolds.set(name, opened);
    return opened;
  }

  async #load(name: ManifoldName): Promise<TrainedManifold> {
    const { key } = await planLearning({
      data: this.training,
      bounds,
      settings: settingsOf(name),
      seed,
    });
    const trained = await this.#store.load(key);
    if (trained === undefined) throw new Error(`The manifold ${name} is not trained yet.`);
    return trained;
  }
}

async function openDigits(set: 'train' | 't10k'): Promise<Samples> {
  return await openSamples(
    {
      format: 'idx',
      inputs: join(digits, 'data', `${set}-images-idx3-ubyte`),
      labels: join(digits, 'data', `${set}-labels-idx1-ubyte`),
    },
    { shape: [28, 28, 1], bounds: [0, 1], classCount: 10 },
  );
}
