/**
 * Where a condition stops to hold on the way from a point where it does to one where it does not, by
 * bisection: the last point where it was seen to hold. Where it changes more than once, one of the
 * changes is found; where it holds all the way, `outside`, up to rounding.
 *
 * @param halvings sixty are as close as float64 gets
 */
export function bisect(
  holds: (x: number) => boolean,
  inside: number,
  outside: number,
  halvings = 60,
): number {
  let [near, far] = [inside, outside];
  for (let round = 0; round < halvings; round++) {
    const middle = (near + far) / 2;
    if (holds(middle)) near = middle;
    else far = middle;
  }
  return near;
}
