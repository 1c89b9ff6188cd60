import * as v from 'valibot';
import { PredictionSchema } from './prediction-record.ts';
import { CountSchema } from './proportion-record.ts';

/** Which class was taken for which, how often; pairs that never occur are left out. */
export const ConfusionSchema = v.array(
  v.object({ label: CountSchema, prediction: PredictionSchema, count: CountSchema }),
);

export type Confusion = v.InferOutput<typeof ConfusionSchema>;
