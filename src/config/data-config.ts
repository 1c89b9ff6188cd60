import * as v from 'valibot';

/** Where samples lie: the `data` of a configuration, and further sources beside it. */

export const range = v.pipe(
  v.tuple([v.number(), v.number()]),
  v.check(([lower, upper]) => lower < upper, 'The first number must be below the second.'),
  v.description('Lowest and highest value.'),
);
export const path = v.pipe(
  v.string(),
  v.nonEmpty(),
  v.description('Path relative to the folder of this file.'),
);

export const DataSchema = v.pipe(
  v.variant('format', [
    v.strictObject({
      format: v.pipe(
        v.literal('idx'),
        v.description('IDX files as MNIST has them, plain or gzipped.'),
      ),
      inputs: path,
      labels: path,
      storedRange: v.exactOptional(range),
    }),
    v.strictObject({
      format: v.pipe(v.literal('npy'), v.description('Two arrays of NumPy.')),
      inputs: path,
      labels: path,
      storedRange: v.exactOptional(range),
    }),
    v.strictObject({
      format: v.pipe(v.literal('npz'), v.description('Two named arrays in one archive of NumPy.')),
      file: path,
      inputs: v.pipe(
        v.string(),
        v.description('Name of the array of inputs, for example `x_test`.'),
      ),
      labels: v.pipe(
        v.string(),
        v.description('Name of the array of labels, for example `y_test`.'),
      ),
      storedRange: v.exactOptional(range),
    }),
    v.strictObject({
      format: v.pipe(
        v.literal('images'),
        v.description('A folder with one subfolder of PNG and JPEG files for each class.'),
      ),
      folder: path,
      storedRange: v.exactOptional(range),
    }),
    v.strictObject({
      format: v.pipe(
        v.literal('csv'),
        v.description('Tabular data: numbers, and one column of labels.'),
      ),
      file: path,
      label: v.pipe(v.string(), v.description('Name of the column of labels.')),
      storedRange: v.exactOptional(range),
    }),
  ]),
  v.description('Labelled samples that the model was not trained on.'),
);

/** A source of samples, as written in the configuration. */
export type DataConfig = v.InferOutput<typeof DataSchema>;
