/** The two formats of TensorFlow.js: a Keras model, or a graph of TensorFlow operations. */
export type ModelFormat = 'layers-model' | 'graph-model';

/** Types that the values of a weight can have. */
export type WeightDtype = 'float32' | 'int32' | 'bool' | 'complex64' | 'string';

/** How a weight was made smaller: value = stored × scale + minimum, or half precision. */
export type WeightQuantization =
  | {
      readonly dtype: 'uint8' | 'uint16';
      readonly scale: number;
      readonly min: number;
    }
  | { readonly dtype: 'float16' };

/** Name, shape and type of one weight, as the manifest has it (before dequantisation). */
export interface WeightEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: WeightDtype;
  readonly quantization?: WeightQuantization;
  /** `optimizer` for what only training needs. */
  readonly group?: 'model' | 'optimizer';
}

/** A model as read from disk and checked, before any tensor exists. */
export interface SavedModel {
  /** Absolute path of the `model.json`. */
  readonly path: string;
  readonly format: ModelFormat;
  /** `modelTopology` of the file: Keras configuration or GraphDef as JSON. */
  readonly topology: object;
  /** Signature of a graph model, where the file has one. */
  readonly signature: object | undefined;
  /** The weight specs of the manifest, in the order of the data. */
  readonly weights: readonly WeightEntry[];
  /** All shards one after another, still quantised where the manifest says so. */
  readonly weightData: ArrayBuffer;
  /** SHA-256 over topology and weights; equal fingerprints mean the same function. */
  readonly fingerprint: string;
  /** `model.json` and every shard, absolute. */
  readonly files: readonly string[];
}
