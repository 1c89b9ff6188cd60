import type { Batch } from '../arrays/batch.ts';
import type { LossGradient } from '../model/classifier.ts';
import { Random } from '../random/random.ts';
import { allRows } from './active-rows.ts';
import type { AttackContext } from './attack.ts';
import { displaceWithin } from './box.ts';
import { crossEntropyObjective, objectiveGradient } from './objective.ts';

/** Number of random directions, and the part of the box that each may move a number by. */
const DIRECTIONS = 100;
const RADIUS = 4 / 255;

/**
 * How much noise that nobody would see changes the log-odds of each sample beyond what its gradient
 * foretells: |Δ − g·η| / |log-odds|, at most 1, in the mean over random directions η.
 *
 * After Pintor et al.: Indicators of attack failure (2022). Theirs is the relative change Δ of the
 * cross-entropy, which is large for every sample that the model is sure of, and for every sample near
 * a boundary, however smooth the model; log-odds do not saturate, and a slope is no noise.
 *
 * @returns one number a sample, in [0, 1]
 */
export async function landscapeNoise(
  context: AttackContext,
  directions = DIRECTIONS,
): Promise<Float64Array> {
  const { classifier, inputs, criterion, seed, sampleIndices, signal } = context;
  const { bounds, classCount } = classifier;
  const rows = allRows(inputs.count);
  const objective = crossEntropyObjective(criterion, classCount);
  const at = (points: Batch): Promise<LossGradient> =>
    objectiveGradient(classifier, objective, points, rows);

  const clean = await at(inputs);
  const changes = new Float64Array(inputs.count);
  const points = inputs.clone();
  const radius = RADIUS * (bounds.upper - bounds.lower);
  const noise = new Float64Array(inputs.sampleSize);
  for (let direction = 0; direction < directions; direction++) {
    signal?.throwIfAborted();
    for (const row of rows) {
      const index = sampleIndices[row] as number;
      const random = new Random(seed, ['landscape noise', index, direction]);
      for (let i = 0; i < noise.length; i++) noise[i] = random.uniform(-radius, radius);
      displaceWithin(bounds, inputs.row(row), noise, 1, points.row(row));
    }
    const moved = (await at(points)).losses;
    for (const row of rows) {
      const value = clean.losses[row] as number;
      const foretold = rise(clean.gradient.row(row), inputs.row(row), points.row(row));
      const change = Math.abs((moved[row] as number) - value - foretold);
      const relative = change === 0 ? 0 : Math.min(change / Math.abs(value), 1);
      changes[row] = (changes[row] as number) + relative / directions;
    }
  }
  return changes;
}

/** How much a linear function of this gradient rises on the way, in float64; 0 without a gradient. */
function rise(gradient: Float32Array, from: Float32Array, to: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < gradient.length; i++) {
    sum += (gradient[i] as number) * ((to[i] as number) - (from[i] as number));
  }
  return Number.isFinite(sum) ? sum : 0;
}
