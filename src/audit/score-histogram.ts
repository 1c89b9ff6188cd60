/** Bins of a histogram of scores. */
const histogramBins = 16;

/**
 * The inner edges of equal bins between the 1st and the 99th percentile of all conditions together.
 *
 * @param columns of each condition the scores; those that are not finite are left out
 */
export function histogramEdges(columns: readonly Float64Array[]): number[] {
  const all = Float64Array.from(
    columns.flatMap(column => [...column].filter(Number.isFinite)),
  ).sort();
  const at = (share: number) => all[Math.round(share * (all.length - 1))] ?? 0;
  const [lower, upper] = [at(0.01), at(0.99)];
  return Array.from(
    { length: histogramBins - 1 },
    (_, i) => lower + ((i + 1) / histogramBins) * (upper - lower),
  );
}

/**
 * @param edges ascending; a value on an edge belongs to the bin below
 * @returns how many values are in each bin, one more than there are edges
 */
export function histogram(values: Float64Array, edges: readonly number[]): number[] {
  const counts = Array.from({ length: edges.length + 1 }, () => 0);
  for (const value of values) {
    const bin = edges.findIndex(edge => value <= edge);
    const at = bin === -1 ? edges.length : bin;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}
