import { Batch } from '../arrays/batch.ts';
import { Random } from '../random/random.ts';

/** Latent vectors drawn from N(0, I), the same for the same seed, however many of them. */
export function randomLatents(latentSize: number, count: number, seed: number): Batch {
  const latents = Batch.zeros(count, [latentSize]);
  for (let row = 0; row < count; row++) {
    const random = new Random(seed, ['random-latent', row]);
    const latent = latents.row(row);
    for (let i = 0; i < latentSize; i++) latent[i] = random.normal();
  }
  return latents;
}
