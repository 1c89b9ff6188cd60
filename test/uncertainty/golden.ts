import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** The exact values that were computed independently of this project, as far as they concern uncertainty. */
interface GoldenValues {
  readonly uncertainty: readonly {
    readonly p: readonly (readonly number[])[];
    readonly predictive_entropy: number;
    readonly expected_entropy: number;
    readonly mutual_information: number;
    readonly smv_mean_over_classes: number;
    readonly variation_ratio: number;
  }[];
  readonly ood_metrics: {
    readonly id_scores: readonly number[];
    readonly ood_scores: readonly number[];
    readonly auroc: number;
    readonly fpr_at_95tpr_ood_positive: number;
    readonly fpr_at_95tpr_id_positive: number;
    readonly aupr_out_trapezoid: number;
    readonly aupr_in_trapezoid: number;
    readonly average_precision_out: number;
    readonly hanley_mcneil_se: number;
  };
  readonly ece5: {
    readonly conf: readonly number[];
    readonly correct: readonly number[];
    readonly ece: number;
    readonly mce: number;
    readonly brier_top1: number;
  };
  readonly energy: {
    readonly logits: readonly number[];
    readonly neg_energy_T1: number;
    readonly T2: number;
    readonly T1000_minus_T_logC: number;
    readonly msp: number;
    readonly odin_msp_T1000: number;
  };
  readonly laplace_full: {
    readonly Phi: readonly (readonly number[])[];
    readonly W: readonly (readonly number[])[];
    readonly b: readonly number[];
    readonly prior_precision: number;
    readonly x: readonly number[];
    readonly f_mu: readonly number[];
    readonly f_var: readonly (readonly number[])[];
    readonly probit: readonly number[];
    readonly map_softmax: readonly number[];
    readonly logdet_post: number;
  };
  readonly laplace_kron_augmented: { readonly f_var: readonly (readonly number[])[] };
}

const file = resolve(import.meta.dirname, '../fixtures/golden.json');

export const golden = JSON.parse(readFileSync(file, 'utf8')) as GoldenValues;
