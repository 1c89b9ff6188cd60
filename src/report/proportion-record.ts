import * as v from 'valibot';

/** A whole number that counts something. */
export const CountSchema = v.pipe(v.number(), v.integer(), v.minValue(0));

/** A proportion with its 95% Wilson interval. */
export const ProportionSchema = v.object({
  count: CountSchema,
  total: CountSchema,
  /** count / total; null when total is 0. */
  value: v.nullable(v.number()),
  lower: v.number(),
  upper: v.number(),
});

export type Proportion = v.InferOutput<typeof ProportionSchema>;
