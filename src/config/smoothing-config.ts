import * as v from 'valibot';

const wholeNumber = v.pipe(v.number(), v.integer(), v.minValue(1));

/** Randomised smoothing: what can be proved of the model under Gaussian noise. */
export const SmoothingSchema = v.pipe(
  v.strictObject({
    deviation: v.pipe(
      v.number(),
      v.gtValue(0),
      v.finite(),
      v.description('σ of the Gaussian noise, in input units. Radii grow with it, accuracy falls.'),
    ),
    draws: v.pipe(
      v.optional(wholeNumber, 1000),
      v.description('Noisy copies of each sample; 1000 prove at most 2.46 σ, 100000 3.81 σ.'),
    ),
    selectionDraws: v.pipe(
      v.optional(wholeNumber, 100),
      v.description('Noisy copies of each sample that choose its class.'),
    ),
    alpha: v.pipe(
      v.optional(v.pipe(v.number(), v.gtValue(0), v.ltValue(0.5)), 0.001),
      v.description('Chance that the certificate of a sample is wrong, at most.'),
    ),
  }),
  v.description(
    'Randomised smoothing (Cohen 2019): accuracy that is proved against every L2 perturbation up to a radius, for the model averaged over noise.',
  ),
);

export type SmoothingConfig = v.InferOutput<typeof SmoothingSchema>;
