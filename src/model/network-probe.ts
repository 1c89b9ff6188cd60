import * as tf from '@tensorflow/tfjs-core';
import { Batch } from '../arrays/batch.ts';
import type { Engine } from '../engine/engine.ts';
import { Random } from '../random/random.ts';
import type { Bounds } from './classifier.ts';
import { ModelError } from './model-error.ts';

/** A function of `[batch, …shape]`, whose rows should be independent of each other. */
export interface RowFunction {
  readonly name: string;
  readonly inputShape: readonly number[];
  readonly apply: (inputs: tf.Tensor) => tf.Tensor;
}

/** What a network does with random inputs. */
export interface Probe {
  /** `[samples, values]` */
  readonly outputs: Batch;
  /** Shape of one output as the network gives it. */
  readonly outputShape: readonly number[];
  /** Whether a batch can go through the network at once, with the same answers as one by one. */
  readonly batched: boolean;
}

/** How samples go through a network; `either`: together if that gives the same answers. */
export type ProbeWay = 'together' | 'one by one' | 'either';

const probeCount = 3;

/** Random inputs that are the same for every model of this shape, uniform within the bounds. */
export function probeInputs(shape: readonly number[], bounds: Bounds): Batch {
  const inputs = Batch.zeros(probeCount, shape);
  const random = new Random(0, ['model-probe']);
  for (let i = 0; i < inputs.values.length; i++) {
    inputs.values[i] = random.uniform(bounds.lower, bounds.upper);
  }
  return inputs;
}

/**
 * Runs a network on random inputs. A graph may have been saved for a batch of one, and then fails on
 * more or mixes samples; such a network is run one sample at a time.
 *
 * @throws ModelError `model/unknown-operation`, `model/unsupported`; EngineError
 */
export async function probeNetwork(
  engine: Engine,
  network: RowFunction,
  inputs: Batch,
  way: ProbeWay,
  file: string,
): Promise<Probe> {
  try {
    if (way !== 'either') return await runProbe(engine, network, inputs, way);
    const oneByOne = await runProbe(engine, network, inputs, 'one by one');
    const together = await runProbe(engine, network, inputs, 'together').catch(() => undefined);
    const same = together !== undefined && agree(together.outputs.values, oneByOne.outputs.values);
    return same ? together : oneByOne;
  } catch (error) {
    throw explain(error, file);
  }
}

/** A network that is given one sample at a time, whatever the batch. */
export function oneByOne(
  apply: (inputs: tf.Tensor) => tf.Tensor,
): (inputs: tf.Tensor) => tf.Tensor {
  return inputs => {
    const [count] = inputs.shape as [number];
    return count === 1 ? apply(inputs) : tf.concat(tf.split(inputs, count).map(apply));
  };
}

async function runProbe(
  engine: Engine,
  network: RowFunction,
  inputs: Batch,
  way: 'together' | 'one by one',
): Promise<Probe> {
  const apply = way === 'together' ? network.apply : oneByOne(network.apply);
  let outputShape: readonly number[] = [];
  const prepared = engine.prepare({
    name: `answers of ${network.name}, ${way}`,
    inputs: [network.inputShape],
    compute: batch => {
      const output = apply(batch);
      outputShape = output.shape.slice(1);
      return [output];
    },
  });
  try {
    const [values = new Float32Array()] = await prepared.run(inputs.count, [inputs.values]);
    const size = values.length / inputs.count;
    return { outputs: new Batch(values, [size]), outputShape, batched: way === 'together' };
  } finally {
    prepared.dispose();
  }
}

/** Equal up to the rounding of another order of summation. */
function agree(a: Float32Array, b: Float32Array): boolean {
  if (a.length !== b.length) return false;
  const largest = a.reduce((maximum, value) => Math.max(maximum, Math.abs(value)), 0);
  return a.every((value, i) => Math.abs(value - (b[i] as number)) <= 1e-4 * largest);
}

const unknownOperation = /Unknown op '([^']+)'/;
const dynamicOperation = /the node '([^']+)', which has the dynamic op '([^']+)'/;

function explain(error: unknown, file: string): unknown {
  for (const message of messagesOf(error)) {
    const [, operation] = unknownOperation.exec(message) ?? [];
    if (operation !== undefined) {
      return new ModelError(
        'model/unknown-operation',
        `The graph contains the operation ${operation}, which TensorFlow.js does not have.`,
        {
          place: { file, field: operation },
          remedy: 'Replace the operation in the model and convert it again.',
          cause: error,
        },
      );
    }
    const [, node, dynamic] = dynamicOperation.exec(message) ?? [];
    if (dynamic !== undefined) {
      return new ModelError(
        'model/unsupported',
        `The graph branches at the operation ${dynamic}, depending on values: it has no gradient.`,
        {
          place: { file, field: node ?? dynamic },
          remedy: 'Save a model without control flow between its input and its classes.',
          cause: error,
        },
      );
    }
  }
  return error;
}

function messagesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  return [error.message, ...(error.cause === undefined ? [] : messagesOf(error.cause))];
}
