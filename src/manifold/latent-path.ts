import { Batch } from '../arrays/batch.ts';
import { interpolate } from './bisect-ray.ts';
import type { Manifold } from './manifold.ts';

/** Samples along the straight way between the latent vectors of two samples. */
export interface LatentPath {
  /** G(I(a)) first and G(I(b)) last. */
  readonly samples: Batch;
  /** Share of the way, 0 to 1, of each. */
  readonly shares: readonly number[];
}

/**
 * Interpolates between two samples in the latent space. Between two classes the way often leads
 * through samples that are neither, which is where a model's answers are worth least.
 *
 * @param pair batch of two samples
 * @param count number of samples on the way, both ends included, at least 2
 */
export async function latentPath(
  manifold: Manifold,
  pair: Batch,
  count: number,
): Promise<LatentPath> {
  const ends = await manifold.encode(pair);
  const latents = Batch.zeros(count, [manifold.latentSize]);
  const shares = Array.from({ length: count }, (_, i) => i / (count - 1));
  shares.forEach((share, i) => interpolate(ends.row(0), ends.row(1), share, latents.row(i)));
  return { samples: await manifold.decode(latents), shares };
}
