/**
 * Goes from `first` to `last` along half a cosine: slowly at both ends.
 *
 * @param step from 1 to `steps`
 */
export function cosineAnnealing(first: number, last: number, step: number, steps: number): number {
  const phase = (Math.PI * (step - 1)) / Math.max(steps - 1, 1);
  return last + ((first - last) * (1 + Math.cos(phase))) / 2;
}
