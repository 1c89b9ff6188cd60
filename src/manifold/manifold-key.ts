import { createHash } from 'node:crypto';
import type { NetworkSizes } from './network-sizes.ts';
import type { Recipe } from './recipe.ts';
import type { TrainingLimits } from './train-manifold.ts';

/** Everything that a trained manifold is made of. */
export interface ManifoldIngredients {
  /** Fingerprint of the data. */
  readonly data: string;
  readonly bounds: { readonly lower: number; readonly upper: number };
  readonly sizes: NetworkSizes;
  readonly recipe: Recipe;
  readonly limits: TrainingLimits;
  readonly seed: number;
}

/** Changes whenever the same ingredients would give other weights. */
const trainingVersion = 1;

/** Name of the folder of a manifold: 16 hexadecimal digits that depend on all its ingredients. */
export function manifoldKey(ingredients: ManifoldIngredients): string {
  const { data, bounds, sizes, recipe, limits, seed } = ingredients;
  const parts = [trainingVersion, data, bounds.lower, bounds.upper, sizes, recipe, limits, seed];
  return createHash('sha256').update(canonical(parts)).digest('hex').slice(0, 16);
}

/** JSON with sorted keys, so that the order in which fields were written makes no difference. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
