import * as v from 'valibot';
import { DataSchema } from './data-config.ts';

/** The learned manifold of the data: natural adversaries, correction, detection. */

const wholeNumber = v.pipe(v.number(), v.integer(), v.minValue(1));

export const ManifoldSchema = v.pipe(
  v.strictObject({
    data: v.pipe(
      DataSchema,
      v.description('What the manifold learns from, other than "data". Labels are not looked at.'),
    ),
    recipe: v.pipe(
      v.optional(v.picklist(['one-loop', 'study']), 'one-loop'),
      v.description(
        'one-loop: all networks learn together. study: the plain objective of Zhao, Dua and Singh (2017).',
      ),
    ),
    inverterInput: v.pipe(
      v.optional(v.picklist(['auto', 'plain', 'noise', 'noise-and-squeeze']), 'auto'),
      v.description(
        'What the inverter sees, with "one-loop". It decides what is corrected; auto chooses by the data.',
      ),
    ),
    latentSize: v.exactOptional(
      v.pipe(wholeNumber, v.maxValue(512), v.description('Dimensions of the latent space.')),
    ),
    width: v.exactOptional(
      v.pipe(
        v.number(),
        v.gtValue(0),
        v.maxValue(8),
        v.description('Multiplies the number of filters or units. Default 1.'),
      ),
    ),
    steps: v.pipe(
      v.optional(wholeNumber, 3000),
      v.description('Most steps of 64 samples; training stops earlier when it brings nothing.'),
    ),
    naturalAdversaries: v.pipe(
      v.optional(v.array(v.picklist(['gradient', 'hybrid', 'iterative'])), ['gradient']),
      v.description(
        'Searches for natural adversaries: by gradient, or black box as in the paper (slow).',
      ),
    ),
    refinementSteps: v.pipe(
      v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(200)), 5),
      v.description('Gradient steps on the latent vector in the refined reconstruction.'),
    ),
  }),
  v.description('A learned manifold of the data; train it with "assay manifold train".'),
);

/** The manifold part of a configuration. */
export type ManifoldConfig = v.InferOutput<typeof ManifoldSchema>;
