import type { SavedModel, WeightEntry } from './saved-model.ts';
import { decodeWeight, locateWeights, type WeightValues } from './weight-values.ts';

/** Weights as `tf.io` takes them: without quantisation, and without what only training needs. */
export interface DequantisedWeights {
  readonly specs: readonly WeightEntry[];
  readonly data: ArrayBuffer;
}

/** The weights of a saved model with quantised ones widened to their own dtype. */
export function dequantise(saved: Pick<SavedModel, 'weights' | 'weightData'>): DequantisedWeights {
  const located = locateWeights(saved.weights, saved.weightData).filter(
    ({ entry }) => entry.group !== 'optimizer',
  );
  const parts = located.map(each =>
    each.entry.quantization === undefined
      ? new Uint8Array(saved.weightData, each.start, each.end - each.start)
      : bytesOf(decodeWeight(each, saved.weightData)),
  );
  const data = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    data.set(part, offset);
    offset += part.length;
  }
  const specs = located.map(({ entry: { name, shape, dtype } }) => ({ name, shape, dtype }));
  return { specs, data: data.buffer };
}

function bytesOf(values: WeightValues): Uint8Array {
  if (!ArrayBuffer.isView(values)) throw new TypeError('strings cannot be quantised');
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
