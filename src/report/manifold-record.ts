import * as v from 'valibot';
import { CountSchema as count, ProportionSchema } from './proportion-record.ts';

/** One correction under one condition: what it mended and what it broke. */
const CorrectionSchema = v.object({
  /** Id of the condition. */
  condition: v.string(),
  /** `reconstruction`, `refined-reconstruction`, `threshold`, … */
  method: v.string(),
  label: v.string(),
  /**
   * `manifold` and `model-free`: the adversary does not know of the correction. `adaptive`: the same
   * attack through the whole composition of model and reconstruction.
   */
  kind: v.picklist(['manifold', 'model-free', 'adaptive']),
  /** Right answers without and with the correction, over the same samples. */
  before: ProportionSchema,
  after: ProportionSchema,
  /** Wrong before and right after; right before and wrong after. */
  fixed: count,
  broken: count,
  /** Exact two-sided test of McNemar on fixed against broken. */
  pValue: v.number(),
});

/** Natural adversaries of one search. */
const NaturalAdversariesSchema = v.object({
  /** Id of the condition. */
  condition: v.string(),
  /** ‖Δz‖ of successes; null without one. */
  medianLatentDistance: v.nullable(v.number()),
  /** Mean number of times that the model was asked about a sample. */
  meanQueries: v.nullable(v.number()),
});

/** What the learned manifold of the data says of the model. */
export const ManifoldSchema = v.variant('trained', [
  v.object({
    trained: v.literal(true),
    /** Name of its folder in `.assay/manifolds`. */
    key: v.string(),
    /** In one sentence. */
    description: v.string(),
    latentSize: count,
    steps: count,
    seconds: v.number(),
    /** Mean squared reconstruction error of held-out samples, and of their mean in its place. */
    heldOutError: v.number(),
    errorOfMean: v.number(),
    corrections: v.array(CorrectionSchema),
    naturalAdversaries: v.array(NaturalAdversariesSchema),
  }),
  v.object({
    trained: v.literal(false),
    reason: v.string(),
    remedy: v.string(),
  }),
]);

export type ManifoldSection = v.InferOutput<typeof ManifoldSchema>;
export type CorrectionRecord = v.InferOutput<typeof CorrectionSchema>;
