import * as tf from '@tensorflow/tfjs-core';
import { Batch } from '../arrays/batch.ts';
import type { Engine, PreparedFunction } from '../engine/engine.ts';
import type { Matrix } from '../linear-algebra/matrix.ts';
import {
  openLogitNetwork,
  type LogitNetwork,
  type OpenModelOptions,
} from '../model/logit-network.ts';
import { oneByOne, probeInputs } from '../model/network-probe.ts';
import type { SavedModel } from '../model/saved-model.ts';
import { lastGraphLayer } from './last-graph-layer.ts';
import { lastKerasLayer } from './last-keras-layer.ts';
import type { LinearEnd } from './linear-end.ts';
import type { NotApplicable } from './posterior.ts';

/**
 * A classifier as features φ and a linear last layer: outputs z = φ W + b. A classifier of two
 * classes may have one output z, whose logits are (0, z).
 */
export class LastLayer {
  readonly applicable = true;
  readonly name: string;
  readonly featureCount: number;
  /** Columns of the weights: the number of classes, or 1. */
  readonly outputCount: number;
  readonly classCount: number;
  readonly inputShape: readonly number[];
  readonly weights: Matrix;
  readonly bias: Float64Array;
  /** The features as a differentiable function: `[batch, …inputShape]` to `[batch, features]`. */
  readonly featureTensor: (inputs: tf.Tensor) => tf.Tensor2D;
  readonly #logits: LogitNetwork;
  readonly #features: PreparedFunction;

  constructor(engine: Engine, logits: LogitNetwork, end: LinearEnd, file: string) {
    this.name = end.name;
    this.weights = end.weights;
    this.bias = end.bias;
    this.featureCount = end.weights.rows;
    this.outputCount = end.weights.columns;
    this.classCount = logits.classCount;
    this.inputShape = logits.inputShape;
    this.#logits = logits;
    const features = logits.probe.batched ? end.features : oneByOne(end.features);
    this.featureTensor = inputs =>
      tf.reshape(features(logits.prepare(inputs)), [-1, this.featureCount]);
    this.#features = engine.prepare({
      name: `features of ${file}`,
      inputs: [logits.inputShape],
      compute: inputs => [this.featureTensor(inputs)],
    });
  }

  /** Features `[batch, features]`. */
  async features(inputs: Batch): Promise<Batch> {
    const [values] = await this.#features.run(inputs.count, [inputs.values]);
    return new Batch(values as Float32Array, [this.featureCount]);
  }

  /** z = φ W + b of one sample. */
  outputs(features: ArrayLike<number>): Float64Array {
    const outputs = this.weights.transposeTimesVector(features);
    return outputs.map((value, k) => value + (this.bias[k] as number));
  }

  /** Logits of one sample. */
  logits(features: ArrayLike<number>): Float64Array {
    return this.toLogits(this.outputs(features));
  }

  /** Outputs to logits: the one output of two classes is the logit of the second against 0. */
  toLogits(outputs: Float64Array): Float64Array {
    return this.outputCount === 1 ? Float64Array.of(0, outputs[0] as number) : outputs;
  }

  dispose(): void {
    this.#features.dispose();
    this.#logits.network.dispose();
  }
}

/**
 * Finds the features and the last layer of a saved model of either format, and confirms by running
 * it that φ W + b are its logits.
 *
 * @returns why not, when its logits are no linear function of anything in it
 * @throws ModelError when the model cannot be opened
 */
export async function openLastLayer(
  engine: Engine,
  saved: SavedModel,
  options: OpenModelOptions,
): Promise<LastLayer | NotApplicable> {
  const logits = await openLogitNetwork(engine, saved, options);
  try {
    const end = findEnd(logits, saved);
    if (end === undefined) {
      logits.network.dispose();
      return noLinearEnd('its logits do not come from a dense layer with known weights');
    }
    const layer = new LastLayer(engine, logits, end, saved.path);
    const inputs = probeInputs(layer.inputShape, options.bounds);
    if (await explains(engine, layer, logits, inputs)) return layer;
    layer.dispose();
    return noLinearEnd(`the weights of ${end.name} do not reproduce its logits`);
  } catch (error) {
    logits.network.dispose();
    throw error;
  }
}

function findEnd(logits: LogitNetwork, saved: SavedModel): LinearEnd | undefined {
  const { network, form } = logits;
  if (form !== 'logits' && form !== 'binary-logit') return undefined;
  if (network.layersModel !== undefined) return lastKerasLayer(network.layersModel);
  return network.graph === undefined ? undefined : lastGraphLayer(network.graph, saved);
}

/** Float32 sums in another order differ in the sixth digit; a wrong layer differs in the first. */
async function explains(
  engine: Engine,
  layer: LastLayer,
  logits: LogitNetwork,
  inputs: Batch,
): Promise<boolean> {
  const { network, probe } = logits;
  const apply = (prepared: tf.Tensor): tf.Tensor => network.apply(prepared);
  const run = probe.batched ? apply : oneByOne(apply);
  const whole = engine.prepare({
    name: 'logits to compare with',
    inputs: [layer.inputShape],
    compute: batch => [logits.toLogits(run(logits.prepare(batch)))],
  });
  try {
    const [expected] = await whole.run(inputs.count, [inputs.values]);
    const features = await layer.features(inputs);
    const found = Array.from({ length: inputs.count }, (_, i) => layer.logits(features.row(i)));
    const scale = (expected as Float32Array).reduce((most, z) => Math.max(most, Math.abs(z)), 1e-6);
    return found.every((row, sample) =>
      row.every((z, k) => {
        const other = (expected as Float32Array)[sample * layer.classCount + k] as number;
        return Math.abs(z - other) <= 1e-3 * scale;
      }),
    );
  } finally {
    whole.dispose();
  }
}

function noLinearEnd(why: string): NotApplicable {
  return {
    applicable: false,
    reason: `The model has no linear last layer that could be used: ${why}.`,
    remedy:
      'End the model in a dense layer, with or without a softmax; or use an ensemble of two or more saved models.',
  };
}
