/** Sizes of one perturbation in input units; L0 counts changed numbers. */
export interface PerturbationSize {
  readonly Linf: number;
  readonly L2: number;
  readonly L1: number;
  readonly L0: number;
}

/** Sizes of the difference of two inputs, summed in float64. */
export function perturbationSize(clean: Float32Array, changed: Float32Array): PerturbationSize {
  let largest = 0;
  let squares = 0;
  let sum = 0;
  let nonzero = 0;
  for (let i = 0; i < clean.length; i++) {
    const difference = Math.abs((changed[i] as number) - (clean[i] as number));
    largest = Math.max(largest, difference);
    squares += difference * difference;
    sum += difference;
    if (difference !== 0) nonzero++;
  }
  return { Linf: largest, L2: Math.sqrt(squares), L1: sum, L0: nonzero };
}
