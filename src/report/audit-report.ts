import * as v from 'valibot';
import { DetectionSchema } from './detection-record.ts';
import { CertifiedSchema } from './certified-record.ts';
import { ConfusionSchema } from './confusion-record.ts';
import { PredictionSchema } from './prediction-record.ts';
import { CountSchema as count, ProportionSchema } from './proportion-record.ts';
import { AnswerSchema, LooksLikeLabelSchema, ManifoldSchema } from './manifold-record.ts';
import { RobustnessSchema } from './robustness-record.ts';

/**
 * The report of one audit of one model, as it is written to
 * `.assay/reports/<model>/report.json` beside the arrays of its samples. This schema is the only
 * source: types are inferred from it, `schemas/audit-report.schema.json` is generated.
 */

/** A file that the report depends on: when its content changes, the report is stale. */
const FileStampSchema = v.object({
  /** Relative to the folder of the configuration, with forward slashes. */
  path: v.string(),
  role: v.picklist(['config', 'model', 'weights', 'data', 'companion']),
  bytes: count,
  modifiedMilliseconds: v.number(),
  sha256: v.string(),
});

const ModelSchema = v.object({
  /** Path of model.json relative to the folder of the configuration. */
  path: v.string(),
  name: v.string(),
  format: v.picklist(['layers-model', 'graph-model']),
  fingerprint: v.string(),
  inputShape: v.array(count),
  classCount: count,
  classNames: v.array(v.string()),
  bounds: v.tuple([v.number(), v.number()]),
  parameterCount: count,
  /** How the logits were found, in one sentence. */
  logits: v.string(),
  notes: v.array(v.string()),
});

const DataRecordSchema = v.object({
  /** For example `data/t10k-images-idx3-ubyte`. */
  source: v.string(),
  fingerprint: v.string(),
  /** Samples in the source. */
  total: count,
  selection: v.picklist(['random', 'first']),
  /** Samples audited. */
  samples: count,
  /** Samples of the separate clean set that relative scores refer to. */
  baselineSamples: count,
});

const GradientCheckSchema = v.object({
  verdict: v.picklist(['agrees', 'disagrees', 'unavailable']),
  /** Difference between the model’s gradient and finite differences, relative to the gradient. */
  relativeError: v.nullable(v.number()),
  tolerance: v.number(),
  directions: count,
  /** Largest difference between two answers to one input, in logits, where the model draws random numbers. `null`: infinite. */
  passDifference: v.optional(v.nullable(v.number())),
  explanation: v.string(),
});

/** A finding of the sanity checks: something that makes a number less trustworthy. */
const FlagSchema = v.object({
  id: v.string(),
  /** Condition that it is about, where it is about one. */
  condition: v.optional(v.string()),
  severity: v.picklist(['info', 'warning', 'error']),
  message: v.string(),
  remedy: v.string(),
});

const outcomes = [
  'succeeded',
  'failed',
  'already-wrong',
  'reconstruction-misclassified',
  'gradient-unavailable',
  'not-run',
  'error',
] as const;
export const OutcomeSchema = v.picklist(outcomes);

const UncertaintySummarySchema = v.variant('applicable', [
  v.object({
    applicable: v.literal(true),
    method: v.string(),
    description: v.string(),
    passes: count,
    /** Accuracy of the mean prediction. */
    accuracy: ProportionSchema,
    /** Mean in nats. */
    mutualInformation: v.number(),
    /** Mean over samples of the variance averaged over classes. */
    softmaxVariance: v.number(),
    /** Ratio to the mean of the separate clean set; null when that is 0 or not yet known. */
    relativeMutualInformation: v.nullable(v.number()),
    relativeSoftmaxVariance: v.nullable(v.number()),
  }),
  v.object({
    applicable: v.literal(false),
    reason: v.string(),
    remedy: v.string(),
  }),
]);

/**
 * `baseline` is the separate clean set, `natural` natural adversaries on the learned manifold, `control` noise as large as the perturbations of an attack,
 * `out-of-distribution` samples of another kind, which have no label.
 */
const ConditionKindSchema = v.picklist([
  'clean',
  'baseline',
  'attack',
  'natural',
  'control',
  'corruption',
  'out-of-distribution',
]);

/** What was attacked how, and what came of it, over all samples. */
const ConditionSchema = v.object({
  /** `clean`, `baseline` (the separate clean set) or the id of the attack. */
  id: v.string(),
  kind: ConditionKindSchema,
  label: v.string(),
  state: v.picklist(['waiting', 'running', 'finished', 'failed', 'cancelled']),
  /** Samples finished so far and in all. */
  finished: count,
  total: count,
  /** Only of attacks: what ran, with every hyper-parameter. */
  attack: v.optional(
    v.object({
      name: v.string(),
      kind: v.picklist(['fixed-budget', 'minimum-norm', 'latent']),
      norm: v.picklist(['Linf', 'L2', 'L1']),
      settings: v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
    }),
  ),
  /** Correct answers over ALL samples; under an attack: robust accuracy. */
  accuracy: v.nullable(ProportionSchema),
  /** Successes of the attack over the samples that the model answers correctly when clean. */
  attackSuccess: v.optional(ProportionSchema),
  outcomes: v.optional(v.record(OutcomeSchema, v.optional(count))),
  /** Size of the perturbation in the attack's norm, input units. */
  distance: v.optional(
    v.object({
      norm: v.picklist(['Linf', 'L2', 'L1']),
      /** Median over clean-correct samples with failures as +∞; null means +∞. */
      median: v.nullable(v.number()),
      /** Mean over successes; null without one. */
      meanOfSuccesses: v.nullable(v.number()),
    }),
  ),
  /** Successes that are still ones after rounding to 8 bits, of pictures only. */
  survival: v.optional(ProportionSchema),
  /** Labels against predictions. */
  confusion: v.optional(ConfusionSchema),
  uncertainty: v.nullable(UncertaintySummarySchema),
  seconds: v.number(),
  /** Why the condition failed, in words for the user. */
  error: v.optional(v.string()),
});

/** One sample under one condition. */
const SampleConditionSchema = v.object({
  outcome: v.optional(OutcomeSchema),
  /** Index of the largest logit; −1 where the model gave no answer. */
  prediction: PredictionSchema,
  /** Softmax probability of the prediction. */
  confidence: v.number(),
  /** Of the perturbation, input units. */
  distance: v.optional(v.object({ Linf: v.number(), L2: v.number(), L1: v.number(), L0: count })),
  /** Gradient steps or queries used. */
  steps: v.optional(count),
  /** Of a success on a picture: whether it is still one after rounding to 8 bits. */
  survivesRounding: v.optional(v.boolean()),
  /** ‖Δz‖ of a natural adversary. */
  latentDistance: v.optional(v.number()),
  /** Of a natural adversary: beginning of the SHA-256 of its numbers, float32, little-endian. */
  adversary: v.optional(v.string()),
  /** What someone who looked at it said: whether it still looks like its label. */
  looksLikeLabel: v.optional(LooksLikeLabelSchema),
  /** What the model answers after each correction, by its name. */
  corrected: v.optional(v.record(v.string(), AnswerSchema)),
  /**
   * Scores by name (`mutual-information`, `energy`, …), higher = further out of distribution. An
   * open record: further scores need no further fields.
   */
  scores: v.optional(v.record(v.string(), v.number())),
});

const SampleSchema = v.object({
  /** Index in the data set. */
  index: count,
  /** File or index, as the data set names it. */
  id: v.string(),
  label: count,
  /** `sample`: audited. `baseline`: of the separate clean set. */
  role: v.picklist(['sample', 'baseline']),
  /** By condition id. Missing: not finished yet. */
  conditions: v.record(v.string(), SampleConditionSchema),
});

/** A requirement measured. */
const CheckSchema = v.object({
  id: v.string(),
  label: v.string(),
  verdict: v.picklist(['pass', 'warn', 'fail', 'unknown']),
  /** The requirement is met when `lower` is at least this. */
  required: v.number(),
  measured: v.nullable(v.number()),
  lower: v.nullable(v.number()),
  upper: v.nullable(v.number()),
  /** One sentence that explains the verdict. */
  explanation: v.string(),
});

export const AuditReportSchema = v.object({
  version: v.literal(1),
  tool: v.object({ name: v.literal('assay'), version: v.string() }),
  state: v.picklist(['running', 'complete', 'cancelled', 'failed']),
  /** ISO 8601, UTC. */
  startedAt: v.string(),
  updatedAt: v.string(),
  seconds: v.number(),
  seed: v.number(),
  preset: v.picklist(['quick', 'standard', 'full']),
  /** Path of the configuration relative to its folder; empty when there was none. */
  config: v.string(),
  /** SHA-256 over model, data and settings. */
  fingerprint: v.string(),
  model: ModelSchema,
  data: DataRecordSchema,
  engine: v.object({
    name: v.string(),
    version: v.string(),
    threads: count,
    notes: v.array(v.string()),
  }),
  files: v.array(FileStampSchema),
  gradientCheck: v.nullable(GradientCheckSchema),
  /** Bayesian uncertainty and detection, once the clean samples have scores. */
  detection: v.optional(DetectionSchema),
  conditions: v.array(ConditionSchema),
  /** Once an attack has finished. */
  robustness: v.optional(RobustnessSchema),
  /** Proved, apart from all attacks; where the configuration asks for it. */
  certified: v.optional(CertifiedSchema),
  /** Where the configuration has a manifold. */
  manifold: v.optional(ManifoldSchema),
  checks: v.array(CheckSchema),
  flags: v.array(FlagSchema),
  samples: v.array(SampleSchema),
  /**
   * Arrays by condition id: path of an .npz beside the report with `inputs` (float32,
   * `[n, …shape]`), `indices` (index in the data set) and `labels`, plus `logits`.
   */
  arrays: v.record(v.string(), v.string()),
});

export type AuditReport = v.InferOutput<typeof AuditReportSchema>;
export type { Proportion } from './proportion-record.ts';
export type FileStamp = v.InferOutput<typeof FileStampSchema>;
export type ModelRecord = v.InferOutput<typeof ModelSchema>;
export type DataRecord = v.InferOutput<typeof DataRecordSchema>;
export type GradientCheckRecord = v.InferOutput<typeof GradientCheckSchema>;
export type Flag = v.InferOutput<typeof FlagSchema>;
export type Outcome = v.InferOutput<typeof OutcomeSchema>;
export type Condition = v.InferOutput<typeof ConditionSchema>;
export type UncertaintySummary = v.InferOutput<typeof UncertaintySummarySchema>;
export type ConditionKind = v.InferOutput<typeof ConditionKindSchema>;
export type SampleRecord = v.InferOutput<typeof SampleSchema>;
export type SampleCondition = v.InferOutput<typeof SampleConditionSchema>;
export type Check = v.InferOutput<typeof CheckSchema>;

/** Where the reports of a configuration's folder are. */
export const reportFolder = '.assay/reports';
/** Name of the report inside its model's folder. */
export const reportFileName = 'report.json';
