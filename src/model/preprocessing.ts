import * as tf from '@tensorflow/tfjs-core';
import { ModelError } from './model-error.ts';
import { counted } from '../wording/counted.ts';

/**
 * What an application does to an input before it gives it to the model, in this order: reverse the
 * channels if asked to, then (input × scale + offset − mean) / standardDeviation. Numbers for each
 * channel are in the order in which the model sees the channels (so the means of Caffe models are
 * written blue, green, red).
 */
export interface Preprocessing {
  /** One number, or one for each channel. 1 when it is left out. */
  readonly scale?: number | readonly number[];
  /** 0 when it is left out. */
  readonly offset?: number | readonly number[];
  /** 0 when it is left out. */
  readonly mean?: number | readonly number[];
  /** 1 when it is left out. */
  readonly standardDeviation?: number | readonly number[];
  /** `bgr` when inputs are red, green, blue and the model wants blue first. */
  readonly channelOrder?: 'rgb' | 'bgr';
}

/**
 * Turns preprocessing into a function over `[batch, …shape]`, one multiplication and one addition
 * whose constants are made in float64.
 *
 * @param shape shape of one input; its last axis holds the channels (or features)
 * @throws ModelError `model/input-mismatch` when the numbers do not fit the channels
 */
export function preprocessor(
  preprocessing: Preprocessing,
  shape: readonly number[],
): (inputs: tf.Tensor) => tf.Tensor {
  const channels = shape.at(-1) ?? 1;
  const scale = perChannel('scale', preprocessing.scale ?? 1, channels);
  const offset = perChannel('offset', preprocessing.offset ?? 0, channels);
  const mean = perChannel('mean', preprocessing.mean ?? 0, channels);
  const deviation = perChannel('standardDeviation', preprocessing.standardDeviation ?? 1, channels);
  refuseZero('standardDeviation', deviation);
  refuseZero('scale', scale);

  const factor = scale.map((value, i) => value / (deviation[i] as number));
  const shift = offset.map((value, i) => (value - (mean[i] as number)) / (deviation[i] as number));
  const reversed = preprocessing.channelOrder === 'bgr';
  const scaled = factor.some(value => value !== 1);
  const shifted = shift.some(value => value !== 0);
  return inputs => {
    let result = inputs;
    if (reversed) result = tf.reverse(result, -1);
    if (scaled) result = tf.mul(result, constant(factor));
    if (shifted) result = tf.add(result, constant(shift));
    return result;
  };
}

/** A scalar where one number serves all channels: engines compute faster with it. */
function constant(values: readonly number[]): tf.Tensor {
  const [first = 0] = values;
  return values.every(value => value === first) ? tf.scalar(first) : tf.tensor1d([...values]);
}

function perChannel(
  field: string,
  value: number | readonly number[],
  channels: number,
): readonly number[] {
  const values = typeof value === 'number' ? Array.from({ length: channels }, () => value) : value;
  if (values.length !== channels) {
    throw new ModelError(
      'model/input-mismatch',
      `The preprocessing gives ${counted(values.length, 'number')} as ${field}, but the input has ${counted(channels, 'channel')}.`,
      { place: { field }, remedy: 'Give one number, or one for each channel.' },
    );
  }
  return values;
}

function refuseZero(field: string, values: readonly number[]): void {
  if (values.every(value => value !== 0 && Number.isFinite(value))) return;
  throw new ModelError(
    'model/input-mismatch',
    `The preprocessing has ${field} ${values.join(', ')}; it must be finite and not zero.`,
    { place: { field }, remedy: 'Correct the preprocessing in the configuration.' },
  );
}
