import type { Batch } from '../arrays/batch.ts';

/** Where samples come from. Paths are absolute; the configuration resolves them. */
export type DataSource =
  | { readonly format: 'idx'; readonly inputs: string; readonly labels: string }
  | { readonly format: 'npy'; readonly inputs: string; readonly labels: string }
  | {
      readonly format: 'npz';
      readonly file: string;
      /** Name of the array of inputs, for example `x_test`. */
      readonly inputs: string;
      /** Name of the array of labels, for example `y_test`. */
      readonly labels: string;
    }
  /** A folder with one subfolder of PNG and JPEG files for each class; classes in alphabetical order. */
  | { readonly format: 'images'; readonly folder: string }
  | {
      readonly format: 'csv';
      readonly file: string;
      /** Name of the column that holds the class index or class name. */
      readonly label: string;
    };

/** How stored values become inputs of the model. */
export interface InputLayout {
  /** Shape of one input as the model takes it, `[height, width, channels]` or `[features]`. */
  readonly shape: readonly number[];
  /** Lowest and highest value that an input may have, in input units. */
  readonly bounds: readonly [lower: number, upper: number];
  /**
   * Range of the stored values that is mapped linearly onto `bounds`. Without it 8-bit data are
   * taken as [0, 255] and floating-point data are taken as they are.
   */
  readonly storedRange?: readonly [lower: number, upper: number];
  /** Names of the classes in order; class names in the data are looked up here. */
  readonly classNames?: readonly string[];
  /** Number of classes of the model; a label outside is an error that names the sample. */
  readonly classCount: number;
  /** True for samples of another kind: whatever their labels are, each is read as -1. */
  readonly ignoreLabels?: boolean;
}

/** Samples with their labels. */
export interface LabelledBatch {
  readonly inputs: Batch;
  /** Class index of each sample. */
  readonly labels: Int32Array;
}

/** A labelled data set, read lazily. A sample is addressed by its index in the source. */
export interface Samples {
  readonly count: number;
  readonly shape: readonly number[];
  /** SHA-256 over the stored bytes and the layout: equal fingerprints mean equal inputs and labels. */
  readonly fingerprint: string;
  /** Files that the samples come from (absolute), for the report's list of what it depends on. */
  readonly files: readonly string[];
  /** Stable name of a sample: its file for folders of images, its index elsewhere. */
  id(index: number): string;
  /**
   * Reads the samples at these indices, in that order, in input units and inside the bounds.
   *
   * @throws DataError that names file, row and reason
   */
  read(indices: readonly number[]): Promise<LabelledBatch>;
}
