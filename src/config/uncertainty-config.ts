import * as v from 'valibot';
import { DataSchema, path } from './data-config.ts';

/** How a saved model is made Bayesian, and what its scores are fitted on. */

const wholeNumber = v.pipe(v.number(), v.integer(), v.minValue(1));

const CalibrationSchema = v.pipe(
  v.strictObject({
    samples: v.pipe(
      v.optional(wholeNumber, 1000),
      v.description('Samples at most that scores and the Laplace approximation are fitted on.'),
    ),
    trainingSamples: v.exactOptional(
      v.pipe(
        wholeNumber,
        v.description(
          'How many samples the model was trained on. The curvature of the Laplace approximation is scaled to them, since the posterior narrows with every sample of training. Without it: as many as `data` of the calibration has, or as were fitted on where it has no data of its own.',
        ),
      ),
    ),
    data: v.exactOptional(
      v.pipe(
        DataSchema,
        v.description(
          'Samples like those of training, best those of training. Without it they are taken from `data`, apart from what is audited.',
        ),
      ),
    ),
  }),
  v.description('What scores are fitted on; never what they are measured on.'),
);

export const UncertaintySchema = v.pipe(
  v.strictObject({
    method: v.pipe(
      v.optional(
        v.picklist(['auto', 'mc-dropout', 'laplace', 'ensemble', 'stochastic', 'off']),
        'auto',
      ),
      v.description(
        'How the model is made Bayesian. auto: the first that applies of ensemble (when `models` are given), a model stochastic by itself, MC-dropout, last-layer Laplace.',
      ),
    ),
    passes: v.pipe(
      v.optional(v.union([v.pipe(v.number(), v.integer(), v.minValue(2)), v.literal('auto')]), 100),
      v.description(
        'Number of stochastic passes; scores of different numbers are not comparable. auto: as many as `standardError` needs.',
      ),
    ),
    standardError: v.pipe(
      v.optional(v.pipe(v.number(), v.gtValue(0), v.finite()), 0.01),
      v.description(
        'With `"passes": "auto"`: standard error of the mutual information of a sample, in nats.',
      ),
    ),
    layers: v.exactOptional(
      v.pipe(
        v.array(v.string()),
        v.nonEmpty('Name at least one layer.'),
        v.description('MC-dropout: names of the layers that stay stochastic. All when left out.'),
      ),
    ),
    models: v.exactOptional(
      v.pipe(
        v.array(path),
        v.nonEmpty('Name at least one model.'),
        v.description('Other saved models of the same task, for an ensemble.'),
      ),
    ),
    calibration: v.optional(CalibrationSchema, {}),
  }),
  v.description('Bayesian uncertainty of the saved model.'),
);

/** The uncertainty part of a configuration. */
export type UncertaintyConfig = v.InferOutput<typeof UncertaintySchema>;
