/** Number of single-character edits between two words (Levenshtein 1966). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    const current = [i + 1];
    for (let j = 0; j < b.length; j++) {
      current.push(
        Math.min(
          (previous[j + 1] ?? Infinity) + 1,
          (current[j] ?? Infinity) + 1,
          (previous[j] ?? Infinity) + (a.charAt(i) === b.charAt(j) ? 0 : 1),
        ),
      );
    }
    previous = current;
  }
  return previous[b.length] ?? Infinity;
}

/** The candidate that a mistyped name most likely stands for, if one is near enough. */
export function closestName(name: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map(candidate => ({
      candidate,
      distance: editDistance(name.toLowerCase(), candidate.toLowerCase()),
    }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= Math.max(2, Math.floor(name.length / 3))
    ? best.candidate
    : undefined;
}
