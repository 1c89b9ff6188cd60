import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ManifoldWorkshop } from '../../src/audit/manifold-workshop.ts';
import { manifoldStore } from '../../src/audit/manifold-session.ts';
import { readConfig } from '../../src/config/resolve-config.ts';

const example = resolve(import.meta.dirname, '../../examples/digits');

/** A workspace with the digits model, a small manifold of a few steps, and the guard made of them. */
export class DigitsGuard {
  readonly folder: string;
  /** Folder of the guard. */
  readonly guardFolder: string;
  readonly modelFolder: string;
  readonly key: string;

  private constructor(folder: string, key: string) {
    this.folder = folder;
    this.guardFolder = join(folder, 'guard');
    this.modelFolder = join(folder, 'models/digits-cnn');
    this.key = key;
  }

  static async export(): Promise<DigitsGuard> {
    const folder = await mkdtemp(join(tmpdir(), 'assay guard '));
    for (const part of ['models/digits-cnn', 'data']) {
      await cp(join(example, part), join(folder, part), { recursive: true });
    }
    const idx = (set: string) => ({
      format: 'idx',
      inputs: `data/${set}-images-idx3-ubyte`,
      labels: `data/${set}-labels-idx1-ubyte`,
    });
    const file = join(folder, 'assay.config.json');
    await writeFile(
      file,
      JSON.stringify({
        version: 1,
        models: ['models/digits-cnn/model.json'],
        data: idx('t10k'),
        manifold: { data: idx('train'), steps: 40, width: 0.25 },
      }),
    );
    const config = await readConfig(file);
    const [modelPath] = config.models;
    if (config.manifold === undefined || modelPath === undefined) throw new Error('no manifold');
    const workshop = await ManifoldWorkshop.open({
      purpose: 'manifold',
      folder: config.folder,
      modelPath,
      input: config.config.input,
      data: config.data,
      manifold: config.manifold,
      seed: config.config.seed,
      engine: 'auto',
    });
    const trained = await workshop.train(() => undefined, undefined);
    const guard = new DigitsGuard(folder, trained?.key ?? '');
    await workshop.exportGuard(guard.guardFolder);
    workshop.dispose();
    return guard;
  }

  /** The manifold that the guard was made of. */
  async trained(): ReturnType<ReturnType<typeof manifoldStore>['load']> {
    return await manifoldStore(this.folder).load(this.key);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
