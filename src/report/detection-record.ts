import * as v from 'valibot';
import { CountSchema, ProportionSchema } from './proportion-record.ts';

/** An estimate with its two-sided 95% interval. */
const EstimateSchema = v.object({ value: v.number(), lower: v.number(), upper: v.number() });

/** How the model was made Bayesian and why so, or why not and what would do. */
const PosteriorSchema = v.variant('applicable', [
  v.object({
    applicable: v.literal(true),
    method: v.string(),
    description: v.string(),
    reason: v.string(),
    passes: CountSchema,
    passesReason: v.string(),
    /**
     * Standard error of the mutual information of one clean sample from the finite number of
     * passes, in nats (root mean square over samples); null while it is not known.
     */
    standardError: v.nullable(v.number()),
    /** Share by which mutual information and softmax variance come out too low on average: 1/T. */
    relativeBias: v.number(),
  }),
  v.object({ applicable: v.literal(false), reason: v.string(), remedy: v.string() }),
]);

/** The three disjoint sets: what scores are fitted on, thresholds are set on, detection is measured on. */
const SplitsSchema = v.object({
  fit: CountSchema,
  /** Where the samples to fit on come from: `data`, or the files of their own source. */
  fitSource: v.string(),
  threshold: CountSchema,
  /** Where nothing is set for lack of a separate clean set: why, and what to do. */
  thresholdMissing: v.optional(v.string()),
  test: CountSchema,
});

/** A score: what it is called, and with which hyper-parameters, or why it is missing. */
const ScoreSchema = v.object({
  name: v.string(),
  settings: v.record(v.string(), v.number()),
  missing: v.optional(v.string()),
});

/** A limit above which an input is flagged. */
const ThresholdSchema = v.object({
  score: v.string(),
  value: v.number(),
  /** The false-positive rate that was asked for, and what became of it where it was set. */
  targetRate: v.number(),
  calibrationRate: v.number(),
  /** Share of the clean audited samples that it flags. */
  realised: ProportionSchema,
});

/** How a score tells a condition from clean samples; a sample is flagged when its score is high. */
const SeparationSchema = v.object({
  /** Area under the ROC curve, interval by Newcombe (2006). */
  auroc: EstimateSchema,
  /** Average precision with the condition as the positive class, and what chance gives. */
  averagePrecision: v.number(),
  baseRate: v.number(),
  /** Clean samples flagged where 95% of the condition is (the condition is positive). */
  fprAt95TprOutPositive: v.number(),
  /** The condition's samples that pass where 95% of the clean ones do (clean is positive). */
  fprAt95TprInPositive: v.number(),
  /** Samples of the condition flagged while at most 1% or 5% of the clean ones are. */
  tprAt1Fpr: v.number(),
  tprAt5Fpr: v.number(),
});

/** One score under one condition. */
const DetectionRowSchema = v.object({
  condition: v.string(),
  score: v.string(),
  /** Under an attack also its successes alone, which are what a detector has to catch. */
  subset: v.picklist(['all', 'succeeded']),
  count: CountSchema,
  /** Mean with a normal interval; the ratio to the mean of the separate clean set where no score is negative. */
  mean: EstimateSchema,
  ratio: v.nullable(EstimateSchema),
  /** Samples between the edges of the score's histogram; the first and last bin are open. */
  histogram: v.array(CountSchema),
  /** Null for clean samples, and where there is nothing to tell apart. */
  separation: v.nullable(SeparationSchema),
  /** Samples above each threshold, in the order of the target rates. */
  flagged: v.array(ProportionSchema),
});

const ReliabilityBinSchema = v.object({
  lower: v.number(),
  upper: v.number(),
  count: CountSchema,
  /** Null for an empty bin. */
  confidence: v.nullable(v.number()),
  accuracy: v.nullable(v.number()),
});

/** How far confidence and accuracy are apart on the clean audited samples. */
const CalibrationSchema = v.object({
  count: CountSchema,
  /** Expected and largest calibration error over 15 bins of equal width. */
  expectedError: v.number(),
  maximumError: v.number(),
  /** Mean −ln p of the label, nats. */
  negativeLogLikelihood: v.number(),
  /** Mean squared distance from the one-hot label, in [0, 2]. */
  brier: v.number(),
  bins: v.array(ReliabilityBinSchema),
});

/** Bayesian uncertainty of the model and how well scores detect what is not clean. */
export const DetectionSchema = v.object({
  posterior: PosteriorSchema,
  splits: SplitsSchema,
  scores: v.array(ScoreSchema),
  /** Edges of the bins by score, one fewer than bins. */
  histogramEdges: v.record(v.string(), v.array(v.number())),
  thresholds: v.array(ThresholdSchema),
  rows: v.array(DetectionRowSchema),
  calibration: v.optional(
    v.object({
      asSaved: CalibrationSchema,
      /**
       * Fitted on the separate clean set; above 1 for a model that is too sure of itself. Null without
       * such a set, and where none is best: when all its answers are right, the colder the better.
       */
      temperature: v.nullable(v.number()),
      withTemperature: v.nullable(CalibrationSchema),
      /** Of the posterior's mean prediction over its passes; missing without a posterior. */
      monteCarlo: v.optional(CalibrationSchema),
      /**
       * Of the mean prediction without passes, by the probit approximation (MacKay 1992): each
       * logit divided by √(1 + π/8 · its variance). Of a last-layer Laplace posterior alone.
       */
      probit: v.optional(CalibrationSchema),
    }),
  ),
});

export type Detection = v.InferOutput<typeof DetectionSchema>;
export type DetectionRow = v.InferOutput<typeof DetectionRowSchema>;
export type Separation = v.InferOutput<typeof SeparationSchema>;
export type Estimate = v.InferOutput<typeof EstimateSchema>;
export type CalibrationRecord = v.InferOutput<typeof CalibrationSchema>;
