import * as v from 'valibot';
import { ProportionSchema } from './proportion-record.ts';

const NormSchema = v.picklist(['Linf', 'L2', 'L1']);

/** Robust accuracy at one size: samples for which no attack found an error within it. */
const CurvePointSchema = v.object({
  /** In input units. */
  epsilon: v.number(),
  accuracy: ProportionSchema,
});

/** Accuracy against the size of the perturbation. */
const CurveSchema = v.object({
  /** Id of the attack; null for the worst case of each sample over all attacks. */
  condition: v.nullable(v.string()),
  norm: NormSchema,
  /** Smallest size at which no more than half of all samples are right; null means +∞. */
  epsilonAtHalfAccuracy: v.nullable(v.number()),
  points: v.array(CurvePointSchema),
});

/** All attacks at one size taken together. */
const WorstCaseSchema = v.object({
  norm: NormSchema,
  epsilon: v.number(),
  /** Samples that are right when clean and under every attack that stayed within the size. */
  accuracy: ProportionSchema,
  /** Ids of the attacks that found an error of this size. */
  attacks: v.array(v.string()),
});

/**
 * What the finished attacks say together. An adversary counts in every norm, whichever one its
 * attack bounded, and the worst of each sample counts: attacks are never averaged.
 */
export const RobustnessSchema = v.object({
  /** One for each norm and size that an attack within a budget was run at, the smallest first. */
  worstCases: v.array(WorstCaseSchema),
  /** One for each attack that looks for the smallest change, and the worst case of its norm. */
  curves: v.array(CurveSchema),
});

export type Robustness = v.InferOutput<typeof RobustnessSchema>;
export type RobustnessCurve = v.InferOutput<typeof CurveSchema>;
export type WorstCase = v.InferOutput<typeof WorstCaseSchema>;
