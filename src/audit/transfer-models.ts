import { AttackError } from '../attacks/attack-error.ts';
import type { Engine } from '../engine/engine.ts';
import type { Classifier } from '../model/classifier.ts';
import type { OpenModelOptions } from '../model/logit-network.ts';
import { openClassifier } from '../model/open-classifier.ts';
import { readSavedModel } from '../model/read-saved-model.ts';
import type { SavedModel } from '../model/saved-model.ts';
import type { TransferSource } from './subject.ts';

/** The other models of a workspace on which adversaries are made for the audited one. */
export class TransferModels {
  readonly #engine: Engine;
  readonly #options: OpenModelOptions;
  readonly #saved: ReadonlyMap<string, SavedModel>;
  readonly #open = new Map<string, Promise<Classifier>>();

  private constructor(
    engine: Engine,
    options: OpenModelOptions,
    saved: ReadonlyMap<string, SavedModel>,
  ) {
    this.#engine = engine;
    this.#options = options;
    this.#saved = saved;
  }

  /**
   * Reads the models; each is opened when it is attacked.
   *
   * @param paths absolute paths of their `model.json`
   * @throws ModelError when one cannot be read
   */
  static async read(
    engine: Engine,
    paths: readonly string[],
    workspaceFolder: string,
    options: OpenModelOptions,
  ): Promise<TransferModels> {
    const saved = new Map<string, SavedModel>();
    for (const path of paths) saved.set(path, await readSavedModel(path, { workspaceFolder }));
    return new TransferModels(engine, options, saved);
  }

  describe(): TransferSource[] {
    return [...this.#saved].map(([path, { fingerprint, files }]) => ({ path, fingerprint, files }));
  }

  /** @throws AttackError `attack/invalid-inputs` when its inputs or classes are not those of `audited` */
  async classifier(path: string, audited: Classifier): Promise<Classifier> {
    const opening = this.#open.get(path) ?? this.#openModel(path);
    this.#open.set(path, opening);
    const other = await opening;
    const fits =
      other.classCount === audited.classCount &&
      other.inputShape.join() === audited.inputShape.join();
    if (fits) return other;
    throw new AttackError(
      'attack/invalid-inputs',
      `Adversaries of this model do not fit: it takes [${other.inputShape.join(', ')}] and knows ${other.classCount} classes.`,
      { place: { file: path }, remedy: 'Transfer from a model for the same data.' },
    );
  }

  async #openModel(path: string): Promise<Classifier> {
    const saved = this.#saved.get(path);
    if (saved === undefined) throw new RangeError(`${path} was not read`);
    return (await openClassifier(this.#engine, saved, this.#options)).classifier;
  }

  async dispose(): Promise<void> {
    const opened = await Promise.allSettled(this.#open.values());
    for (const result of opened) if (result.status === 'fulfilled') result.value.dispose();
  }
}
