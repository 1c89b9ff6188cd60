import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  readTrainedManifold,
  type TrainedManifold,
  writeTrainedManifold,
} from './trained-manifold.ts';
import type { ManifoldNetworks } from './trainable-network.ts';
import { readCheckpoint, type TrainingState, writeCheckpoint } from './training-state.ts';

/**
 * The folder of trained manifolds, `.assay/manifolds` of a workspace: one folder a key, with
 * `manifold.npz` once it is trained and `checkpoint.npz` while it is not.
 */
export class ManifoldStore {
  readonly #folder: string;

  /** @param folder absolute path; it need not exist */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Where the manifold with this key lies, whether or not it is trained. */
  pathOf(key: string): string {
    return join(this.#folder, key, 'manifold.npz');
  }

  has(key: string): boolean {
    return existsSync(this.pathOf(key));
  }

  /** The trained manifold, if there is one. @throws ManifoldError `manifold/damaged` */
  async load(key: string): Promise<TrainedManifold | undefined> {
    return this.has(key) ? await readTrainedManifold(this.pathOf(key)) : undefined;
  }

  /** Keeps a trained manifold; its checkpoint goes. */
  async save(trained: TrainedManifold): Promise<void> {
    const { key } = trained.record;
    await mkdir(join(this.#folder, key), { recursive: true });
    await writeTrainedManifold(this.pathOf(key), trained);
    await rm(this.#checkpointOf(key), { force: true });
  }

  /** The state of a training that was interrupted, if there is one. */
  async loadCheckpoint(
    key: string,
    networks: ManifoldNetworks,
  ): Promise<TrainingState | undefined> {
    const path = this.#checkpointOf(key);
    return existsSync(path) ? await readCheckpoint(path, key, networks) : undefined;
  }

  async saveCheckpoint(
    key: string,
    networks: ManifoldNetworks,
    state: TrainingState,
  ): Promise<void> {
    await mkdir(join(this.#folder, key), { recursive: true });
    await writeCheckpoint(this.#checkpointOf(key), key, networks, state);
  }

  #checkpointOf(key: string): string {
    return join(this.#folder, key, 'checkpoint.npz');
  }
}
