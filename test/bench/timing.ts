/** How long something took, in milliseconds. */
export interface Timing {
  /** On the clock. */
  readonly clock: number;
  /** Of all processors together. */
  readonly processor: number;
}

export async function timed(action: () => Promise<unknown>): Promise<Timing> {
  const before = process.cpuUsage();
  const began = performance.now();
  await action();
  const clock = performance.now() - began;
  const { user, system } = process.cpuUsage(before);
  return { clock, processor: (user + system) / 1000 };
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
