import { openNpz } from '../numpy/open-numpy.ts';
import { writeNpz, type WritableArray } from '../numpy/write-numpy.ts';
import { createNetworks } from './create-networks.ts';
import type { DataScale } from './data-scale.ts';
import { ManifoldError } from './manifold-error.ts';
import type { NetworkSizes } from './network-sizes.ts';
import { decodeRecord, encodeRecord } from './record-array.ts';
import type { Recipe } from './recipe.ts';
import {
  networkNames,
  type NetworkName,
  type TrainingPoint,
  type Weights,
} from './training-state.ts';

/** What is known of a trained manifold besides its weights. */
export interface ManifoldRecord {
  readonly version: 1;
  /** See `manifold-key.ts`. */
  readonly key: string;
  /** Shape of one sample as the data have it. */
  readonly inputShape: readonly number[];
  readonly sizes: NetworkSizes;
  readonly scale: DataScale;
  readonly recipe: Recipe;
  readonly seed: number;
  /** Fingerprint of the data. */
  readonly data: string;
  /** Samples trained on, and held out. */
  readonly samples: { readonly training: number; readonly heldOut: number };
  readonly steps: number;
  readonly seconds: number;
  /** Mean ‖G(I(x)) − x‖² over the held-out samples, network units. */
  readonly heldOutError: number;
  /** The same of the mean of the held-out samples in place of a reconstruction. */
  readonly errorOfMean: number;
  /** Standard deviation of I(x) in each dimension over the held-out samples. */
  readonly latentDeviations: readonly number[];
  readonly history: readonly TrainingPoint[];
  /** Version of the library that computed. */
  readonly engine: string;
}

/** A manifold as it lies on disk. */
export interface TrainedManifold {
  readonly record: ManifoldRecord;
  readonly weights: Readonly<Record<NetworkName, Weights>>;
}

/** Writes a trained manifold: all of it or nothing. @throws NumpyError */
export async function writeTrainedManifold(path: string, trained: TrainedManifold): Promise<void> {
  const networks = createNetworks(trained.record.sizes);
  await writeNpz(path, {
    record: encodeRecord(trained.record),
    ...Object.fromEntries(
      networkNames.flatMap(network =>
        networks[network].weights.map(({ name, shape }, index): [string, WritableArray] => [
          name,
          { shape, values: trained.weights[network][index] as Float32Array },
        ]),
      ),
    ),
  });
}

/** @throws ManifoldError `manifold/damaged` when the file is not what was written */
export async function readTrainedManifold(path: string): Promise<TrainedManifold> {
  const archive = await openNpz(path);
  const record = decodeRecord(await readAll(archive, 'record')) as ManifoldRecord | undefined;
  if (record?.version !== 1) throw damaged(path);
  const networks = createNetworks(record.sizes);
  const read = async (network: NetworkName): Promise<Weights> =>
    await Promise.all(
      networks[network].weights.map(async ({ name }) => {
        const values = await readAll(archive, name);
        if (!(values instanceof Float32Array)) throw damaged(path);
        return values;
      }),
    );
  return {
    record,
    weights: {
      generator: await read('generator'),
      critic: await read('critic'),
      inverter: await read('inverter'),
    },
  };
}

async function readAll(
  archive: Awaited<ReturnType<typeof openNpz>>,
  name: string,
): Promise<ArrayLike<number>> {
  const array = await archive.array(name);
  return await array.readRows(0, array.rowCount);
}

function damaged(path: string): ManifoldError {
  return new ManifoldError('manifold/damaged', 'This is no trained manifold.', {
    place: { file: path },
    remedy: 'Remove the file and train again.',
  });
}
