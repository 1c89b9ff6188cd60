/**
 * Vessels of different width fill at the same time, each up to its rim: the level t at which
 * Σ min(t · widthᵢ, rimᵢ) = total. Projections and smallest steps inside a box all come down to it.
 *
 * The sum is concave and piecewise linear in t, so Newton's method from 0 rises to the solution and
 * reaches it after as many rounds as it passes different sets of full vessels.
 *
 * @param widths at least 0
 * @param rims at least 0
 * @returns Infinity when all full vessels together hold less than `total`
 */
export function fillLevel(widths: Float64Array, rims: Float64Array, total: number): number {
  let level = 0;
  for (;;) {
    let held = 0;
    let openWidth = 0;
    for (let i = 0; i < widths.length; i++) {
      const width = widths[i] as number;
      const rim = rims[i] as number;
      if (level * width < rim) openWidth += width;
      else held += rim;
    }
    if (held >= total) return level;
    if (openWidth === 0) return Infinity;
    const next = (total - held) / openWidth;
    if (!(next > level)) return level;
    level = next;
  }
}
