import * as v from 'valibot';
import { PredictionSchema } from './prediction-record.ts';
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

/** A class and its softmax probability. */
export const AnswerSchema = v.object({ prediction: PredictionSchema, confidence: v.number() });

/** Whether a natural adversary still looks like its label, to someone who looked at it. */
export const LooksLikeLabelSchema = v.picklist(['yes', 'no', 'unsure']);

/** What people said of the natural adversaries of one search. */
const MarkSummarySchema = v.object({
  yes: count,
  no: count,
  unsure: count,
  /** Natural adversaries that were found, marked or not. */
  adversaries: count,
  /** Those that still look like their label, over those that were marked yes or no. */
  keptLabel: ProportionSchema,
});

/** A sample at one end of a way. */
const WayEndSchema = v.object({
  /** Index in the data set. */
  index: count,
  id: v.string(),
  label: count,
});

/** What the manifold holds, as pictures; only of images. */
const PicturesSchema = v.object({
  /**
   * Name of an .npz beside the report with `random` (float32, `[n, …shape]`), samples of random
   * latent vectors, and `ways` (`[ways × points, …shape]`).
   */
  file: v.string(),
  random: v.array(AnswerSchema),
  /** Straight ways in the latent space from a sample of one class to one of another. */
  ways: v.array(v.object({ from: WayEndSchema, to: WayEndSchema, points: v.array(AnswerSchema) })),
});

/** Natural adversaries of one search. */
const NaturalAdversariesSchema = v.object({
  /** Id of the condition. */
  condition: v.string(),
  /** ‖Δz‖ of successes; null without one. */
  medianLatentDistance: v.nullable(v.number()),
  /** Mean number of times that the model was asked about a sample. */
  meanQueries: v.nullable(v.number()),
  /** Whether they still look like their label; without anyone’s mark all are 0. */
  marks: v.optional(MarkSummarySchema),
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
    /** Name of the file beside the report that keeps what people said of natural adversaries. */
    marksFile: v.optional(v.string()),
    pictures: v.optional(PicturesSchema),
  }),
  v.object({
    trained: v.literal(false),
    reason: v.string(),
    remedy: v.string(),
  }),
]);

export type ManifoldSection = v.InferOutput<typeof ManifoldSchema>;
export type ManifoldPictures = v.InferOutput<typeof PicturesSchema>;
export type Answer = v.InferOutput<typeof AnswerSchema>;
export type LooksLikeLabel = v.InferOutput<typeof LooksLikeLabelSchema>;
export type MarkSummary = v.InferOutput<typeof MarkSummarySchema>;
export type CorrectionRecord = v.InferOutput<typeof CorrectionSchema>;
