import { unsupportedKernel } from '../compile-error.ts';
import { arithmeticRules } from './arithmetic.ts';
import { convolutionRules } from './convolution.ts';
import { elementwiseRules } from './elementwise.ts';
import { indexingRules } from './indexing.ts';
import { matmulRules } from './matmul.ts';
import { movementRules } from './movement.ts';
import { slicingRules } from './slicing.ts';
import { joiningRules } from './joining.ts';
import { paddingRules } from './padding.ts';
import { blockRules } from './blocks.ts';
import { normalizationRules } from './normalization.ts';
import { poolingRules } from './pooling.ts';
import { reductionRules } from './reduction.ts';
import { resizeRules } from './resize.ts';
import type { AnyRule, RuleTable } from './rule.ts';

const table: RuleTable = {
  ...elementwiseRules,
  ...arithmeticRules,
  ...reductionRules,
  ...movementRules,
  ...slicingRules,
  ...joiningRules,
  ...paddingRules,
  ...blockRules,
  ...indexingRules,
  ...matmulRules,
  ...convolutionRules,
  ...poolingRules,
  ...normalizationRules,
  ...resizeRules,
};

/** Kernels that can be compiled, in alphabetical order. */
export const compiledKernels: readonly string[] = Object.keys(table).sort();

/**
 * The rule for a kernel.
 *
 * @throws CompileError `compile/unsupported-kernel` when there is none
 */
export function ruleFor(kernel: string): AnyRule {
  const rule = table[kernel];
  if (rule === undefined) throw unsupportedKernel(kernel);
  return rule;
}
