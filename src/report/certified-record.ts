import * as v from 'valibot';
import { CountSchema, ProportionSchema } from './proportion-record.ts';

/**
 * What is proved of the model averaged over Gaussian noise. It holds against every attack, but it is
 * no statement about the model as it is saved.
 */
export const CertifiedSchema = v.object({
  /** `randomised-smoothing` with its settings. */
  method: v.literal('randomised-smoothing'),
  /** σ of the noise, in input units. */
  deviation: v.number(),
  draws: CountSchema,
  selectionDraws: CountSchema,
  alpha: v.number(),
  /** Samples for which no class could be proved; they count as wrong. */
  abstained: CountSchema,
  /** Share of all samples that are right within an L2 radius, whoever attacks. */
  points: v.array(v.object({ radius: v.number(), accuracy: ProportionSchema })),
});

export type Certified = v.InferOutput<typeof CertifiedSchema>;
