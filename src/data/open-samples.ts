import type { NumpyArray } from '../numpy/numpy-array.ts';
import { openNpy, openNpz } from '../numpy/open-numpy.ts';
import { openCsv } from './csv-table.ts';
import { DataError } from './data-error.ts';
import { fingerprintData } from './data-fingerprint.ts';
import { requireFile } from './data-file.ts';
import { openIdx } from './idx-file.ts';
import { openImageFolder } from './image-folder.ts';
import { mapInputs, type SamplePlace } from './input-mapping.ts';
import { labelsFromArray, labelsFromNames } from './labels.ts';
import type { DataSource, InputLayout, LabelledBatch, Samples } from './samples.ts';
import { requireFittingShape } from './shape-fit.ts';
import { arrayInputs, type StoredInputs } from './stored-inputs.ts';
import { counted } from '../wording/counted.ts';

/**
 * Opens a labelled data set. Labels are read and checked at once, inputs when they are asked for
 * (an archive that is compressed and a csv file are kept in memory).
 *
 * @throws DataError, NumpyError that name file, row and reason
 */
export async function openSamples(source: DataSource, layout: InputLayout): Promise<Samples> {
  const set = await openSet(source, layout);
  requireFittingShape(set.inputs.shape, layout.shape, { file: set.place });
  if (set.inputs.count === 0) {
    throw new DataError('data/empty', 'There are no samples.', { place: { file: set.place } });
  }
  if (set.inputs.count !== set.labels.length) {
    throw new DataError(
      'data/count-mismatch',
      `The data hold ${counted(set.inputs.count, 'input')}, but ${counted(set.labels.length, 'label')}.`,
      { place: { file: set.place }, remedy: 'Choose inputs and labels that belong together.' },
    );
  }
  const files = set.files.map(({ path }) => path);
  return new StoredSamples(set, layout, files, await fingerprintData(source, layout, set.files));
}

/** A data set before its inputs are brought into the bounds. */
interface StoredSet {
  readonly inputs: StoredInputs;
  readonly labels: Int32Array;
  readonly files: readonly { readonly path: string; readonly id: string }[];
  /** File or folder that stands for the set in messages. */
  readonly place: string;
  readonly placeOf: SamplePlace;
  readonly idOf: (index: number) => string;
}

class StoredSamples implements Samples {
  readonly count: number;
  readonly shape: readonly number[];
  readonly fingerprint: string;
  readonly files: readonly string[];
  readonly #set: StoredSet;
  readonly #layout: InputLayout;

  constructor(set: StoredSet, layout: InputLayout, files: readonly string[], fingerprint: string) {
    this.count = set.inputs.count;
    this.shape = layout.shape;
    this.fingerprint = fingerprint;
    this.files = files;
    this.#set = set;
    this.#layout = layout;
  }

  id(index: number): string {
    return this.#set.idOf(index);
  }

  async read(indices: readonly number[]): Promise<LabelledBatch> {
    const outside = indices.find(i => !Number.isInteger(i) || i < 0 || i >= this.count);
    if (outside !== undefined) {
      throw new RangeError(`there is no sample ${outside} among ${this.count}`);
    }
    const { inputs, labels, placeOf } = this.#set;
    const values = await inputs.read(indices);
    return {
      inputs: mapInputs(values, inputs, this.#layout, indices, placeOf),
      labels: Int32Array.from(indices, index => labels[index] as number),
    };
  }
}

async function openSet(source: DataSource, layout: InputLayout): Promise<StoredSet> {
  switch (source.format) {
    case 'idx':
      return openArrays(await openIdx(source.inputs), await openIdx(source.labels), source, layout);
    case 'npy': {
      await requireFile(source.inputs);
      await requireFile(source.labels);
      const inputs = await openNpy(source.inputs);
      return openArrays(inputs, await openNpy(source.labels), source, layout);
    }
    case 'npz': {
      await requireFile(source.file);
      const archive = await openNpz(source.file);
      const inputs = await archive.array(source.inputs);
      const labels = await archive.array(source.labels);
      const paths = { inputs: source.file, labels: source.file };
      return openArrays(inputs, labels, paths, layout);
    }
    case 'images':
      return openImages(source.folder, layout);
    case 'csv':
      return openTable(source.file, source.label, layout);
  }
}

async function openArrays(
  inputs: NumpyArray,
  labels: NumpyArray,
  paths: { readonly inputs: string; readonly labels: string },
  layout: InputLayout,
): Promise<StoredSet> {
  const labelPlace: SamplePlace = sample => ({ file: paths.labels, sample });
  const labelValues = await labels.readRows(0, labels.rowCount);
  const files = [...new Set([paths.inputs, paths.labels])];
  return {
    inputs: arrayInputs(inputs),
    labels:
      layout.ignoreLabels === true
        ? noLabels(labels.rowCount)
        : labelsFromArray(labelValues, labels.shape, layout.classCount, labelPlace),
    files: files.map((path, i) => ({ path, id: String(i) })),
    place: paths.inputs,
    placeOf: sample => ({ file: paths.inputs, sample }),
    idOf: String,
  };
}

async function openImages(folder: string, layout: InputLayout): Promise<StoredSet> {
  const ignoreLabels = layout.ignoreLabels === true;
  const { inputs, files, classNames, ids } = await openImageFolder(folder, layout.shape, {
    withoutSubfolders: ignoreLabels,
  });
  const placeOf: SamplePlace = index => ({ file: files[index] as string });
  return {
    inputs,
    labels: ignoreLabels
      ? noLabels(files.length)
      : labelsFromNames(classNames, layout.classNames, layout.classCount, placeOf),
    files: files.map((path, i) => ({ path, id: ids[i] as string })),
    place: folder,
    placeOf,
    idOf: index => ids[index] as string,
  };
}

async function openTable(path: string, label: string, layout: InputLayout): Promise<StoredSet> {
  const { inputs, labels, lines } = await openCsv(path, label);
  const placeOf: SamplePlace = index => ({ file: path, line: lines[index] as number });
  return {
    inputs,
    labels:
      layout.ignoreLabels === true
        ? noLabels(labels.length)
        : labelsFromNames(labels, layout.classNames, layout.classCount, placeOf),
    files: [{ path, id: '0' }],
    place: path,
    placeOf,
    idOf: String,
  };
}

/** Labels of samples of another kind, none of which is a class of the model. */
function noLabels(count: number): Int32Array {
  return new Int32Array(count).fill(-1);
}
