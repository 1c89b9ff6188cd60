import { openNpz } from '../numpy/open-numpy.ts';
import { writeNpz, type WritableArray } from '../numpy/write-numpy.ts';
import { ManifoldError } from './manifold-error.ts';
import { decodeRecord, encodeRecord } from './record-array.ts';
import {
  initialWeights,
  type ManifoldNetworks,
  type TrainableNetwork,
} from './trainable-network.ts';

export type NetworkName = 'generator' | 'critic' | 'inverter';

export const networkNames = ['generator', 'critic', 'inverter'] as const;

/** Values of all weights of a network, in its order. */
export type Weights = readonly Float32Array[];

/** A network under training: weights and the moments of Adam. */
export interface NetworkTraining {
  readonly weights: Weights;
  readonly means: Weights;
  readonly squares: Weights;
}

/** How far a training has come, measured now and then. */
export interface TrainingPoint {
  readonly step: number;
  /** Mean of ‖G(I(x)) − x‖² over held-out samples, network units, with averaged weights. */
  readonly heldOutError: number;
  /** Mean of ‖G(I(x')) − x‖² over the samples trained on since the last point. */
  readonly trainingError: number;
  /** Mean of ‖z − I(G(z))‖² since the last point. */
  readonly latentError: number;
  /** Mean of E[C(x)] − E[C(G(z))] since the last point: how well the critic tells them apart. */
  readonly criticDistance: number;
}

/** Everything that a training needs to go on. */
export interface TrainingState {
  readonly step: number;
  /** Seconds of training so far, over all runs. */
  readonly seconds: number;
  readonly networks: Readonly<Record<NetworkName, NetworkTraining>>;
  /** Running averages of the weights, which reconstruct better than the weights of any one step. */
  readonly averages: { readonly generator: Weights; readonly inverter: Weights };
  /** The averages with the smallest held-out error so far. */
  readonly best: { readonly generator: Weights; readonly inverter: Weights };
  readonly history: readonly TrainingPoint[];
}

/** The state before the first step. */
export function initialState(networks: ManifoldNetworks, seed: number): TrainingState {
  const start = (network: TrainableNetwork): NetworkTraining => {
    const weights = initialWeights(network, seed);
    return { weights, means: weights.map(zeros), squares: weights.map(zeros) };
  };
  const trainings = {
    generator: start(networks.generator),
    critic: start(networks.critic),
    inverter: start(networks.inverter),
  };
  const copies = (): TrainingState['averages'] => ({
    generator: trainings.generator.weights.map(values => values.slice()),
    inverter: trainings.inverter.weights.map(values => values.slice()),
  });
  return {
    step: 0,
    seconds: 0,
    networks: trainings,
    averages: copies(),
    best: copies(),
    history: [],
  };
}

function zeros(values: Float32Array): Float32Array {
  return new Float32Array(values.length);
}

/** What of a state is no array. */
interface StateRecord {
  readonly version: 1;
  readonly key: string;
  readonly step: number;
  readonly seconds: number;
  readonly history: readonly TrainingPoint[];
}

/**
 * Writes a checkpoint: all of it or nothing, so that a kill at any moment leaves the last one.
 *
 * @param key of the training, see `manifold-key.ts`
 */
export async function writeCheckpoint(
  path: string,
  key: string,
  networks: ManifoldNetworks,
  state: TrainingState,
): Promise<void> {
  const { step, seconds, history } = state;
  const record: StateRecord = { version: 1, key, step, seconds, history };
  await writeNpz(path, {
    record: encodeRecord(record),
    ...Object.fromEntries(
      groupsOf(state).flatMap(({ group, network, values }) =>
        networks[network].weights.map(({ name, shape }, index): [string, WritableArray] => [
          `${group}/${name}`,
          { shape, values: values[index] as Float32Array },
        ]),
      ),
    ),
  });
}

/**
 * Reads a checkpoint.
 *
 * @throws ManifoldError `manifold/damaged` when it is none of this training
 */
export async function readCheckpoint(
  path: string,
  key: string,
  networks: ManifoldNetworks,
): Promise<TrainingState> {
  const archive = await openNpz(path);
  const bytes = await archive.array('record');
  const record = decodeRecord(await bytes.readRows(0, bytes.rowCount)) as StateRecord | undefined;
  if (record?.version !== 1 || record.key !== key) throw damaged(path);
  const read = async (group: string, network: NetworkName): Promise<Weights> =>
    await Promise.all(
      networks[network].weights.map(async ({ name, shape }) => {
        const array = await archive.array(`${group}/${name}`);
        const values = await array.readRows(0, array.rowCount);
        if (!(values instanceof Float32Array) || array.shape.join() !== shape.join()) {
          throw damaged(path);
        }
        return values;
      }),
    );
  const training = async (network: NetworkName): Promise<NetworkTraining> => ({
    weights: await read('weights', network),
    means: await read('means', network),
    squares: await read('squares', network),
  });
  return {
    step: record.step,
    seconds: record.seconds,
    history: record.history,
    networks: {
      generator: await training('generator'),
      critic: await training('critic'),
      inverter: await training('inverter'),
    },
    averages: {
      generator: await read('average', 'generator'),
      inverter: await read('average', 'inverter'),
    },
    best: {
      generator: await read('best', 'generator'),
      inverter: await read('best', 'inverter'),
    },
  };
}

interface ArrayGroup {
  readonly group: string;
  readonly network: NetworkName;
  readonly values: Weights;
}

function groupsOf({ networks, averages, best }: TrainingState): ArrayGroup[] {
  return [
    ...networkNames.flatMap(network => [
      { group: 'weights', network, values: networks[network].weights },
      { group: 'means', network, values: networks[network].means },
      { group: 'squares', network, values: networks[network].squares },
    ]),
    ...(['generator', 'inverter'] as const).flatMap(network => [
      { group: 'average', network, values: averages[network] },
      { group: 'best', network, values: best[network] },
    ]),
  ];
}

function damaged(path: string): ManifoldError {
  return new ManifoldError('manifold/damaged', 'This is no checkpoint of this training.', {
    place: { file: path },
    remedy: 'Remove the folder; the training then starts again.',
  });
}
