import type { Batch } from '../arrays/batch.ts';
import { Random } from '../random/random.ts';
import { allRows } from './active-rows.ts';
import type { AttackContext } from './attack.ts';
import { displaceWithin } from './box.ts';
import { crossEntropyObjective, objectiveGradient } from './objective.ts';

/** Number of random directions, and the part of the box that each may move a number by. */
const DIRECTIONS = 100;
const RADIUS = 4 / 255;

/**
 * How much noise that nobody would see changes the log-odds of each sample: the mean over random
 * directions of the relative change, each at most 1.
 *
 * After Pintor et al.: Indicators of attack failure (2022). Theirs is the relative change of the
 * cross-entropy, which is large for every sample that the model is sure of; log-odds do not saturate.
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
  const valuesAt = async (points: Batch): Promise<Float32Array> =>
    (await objectiveGradient(classifier, objective, points, rows)).losses;

  const clean = await valuesAt(inputs);
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
    const moved = await valuesAt(points);
    for (const row of rows) {
      const value = clean[row] as number;
      const change = Math.abs((moved[row] as number) - value);
      const relative = change === 0 ? 0 : Math.min(change / Math.abs(value), 1);
      changes[row] = (changes[row] as number) + relative / directions;
    }
  }
  return changes;
}
