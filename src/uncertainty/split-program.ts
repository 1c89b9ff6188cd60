import type { LayerProgram, LayerStep } from './layer-program.ts';
import type { StochasticStep } from './stochastic-program.ts';

/** A program cut before its first stochastic layers. */
export interface SplitProgram {
  /** The same in every pass, computed once. */
  readonly trunk: readonly LayerStep[];
  /** What is computed anew in every pass. */
  readonly head: readonly LayerStep[];
  /** Values that go from the trunk, or from the input, into the head. */
  readonly frontier: readonly number[];
}

/**
 * Cuts a program so that only what depends on random numbers is left for the many passes. The
 * network may be any graph without cycles: every value that does not depend on noise and is read by
 * a step that does is part of the frontier.
 */
export function splitProgram(
  program: LayerProgram,
  stochastic: readonly StochasticStep[],
): SplitProgram {
  const noisy = new Set(stochastic.map(({ step }) => step));
  const differs = new Set<number>();
  const head: LayerStep[] = [];
  const trunk: LayerStep[] = [];
  for (const step of program.steps) {
    if (noisy.has(step) || step.inputs.some(input => differs.has(input))) {
      head.push(step);
      for (const output of step.outputs) differs.add(output);
    } else {
      trunk.push(step);
    }
  }
  const frontier = new Set(head.flatMap(step => step.inputs.filter(input => !differs.has(input))));
  return { trunk, head, frontier: [...frontier] };
}
