import type { Weights } from './training-state.ts';

/** Number of steps over which weights are averaged, once there have been enough. */
const averagedSteps = 100;

/**
 * A running average of the weights of a network; the first steps count for less, since they are far
 * from the end.
 *
 * @param averages of the steps before
 * @param step that came to the weights, counted from 1
 */
export function runningAverage(averages: Weights, weights: Weights, step: number): Weights {
  const share = Math.max(1 / averagedSteps, 9 / (step + 9));
  return averages.map((values, index) => {
    const current = weights[index] as Float32Array;
    return values.map((value, i) => value + share * ((current[i] as number) - value));
  });
}
