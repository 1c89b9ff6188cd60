import type { Batch } from '../arrays/batch.ts';
import { latentPath } from '../manifold/latent-path.ts';
import type { Manifold } from '../manifold/manifold.ts';
import { sampleTiles, type Tile } from '../manifold/picture-sheet.ts';
import { randomLatents } from '../manifold/random-latents.ts';
import type { Classifier } from '../model/classifier.ts';
import { topAnswers } from './top-answers.ts';

/** Draws samples of a manifold in rows, with the class that the model takes each for below it. */
export class ManifoldArtist {
  readonly #classifier: Classifier;
  readonly #manifold: Manifold;

  constructor(classifier: Classifier, manifold: Manifold) {
    this.#classifier = classifier;
    this.#manifold = manifold;
  }

  /** Any samples. @param labels answers that differ from them are marked as wrong */
  async answered(samples: Batch, labels?: readonly number[]): Promise<Tile[]> {
    const { predictions } = topAnswers(await this.#classifier.logits(samples));
    return sampleTiles(samples, this.#classifier.bounds, [...predictions], labels);
  }

  /** The straight way in the latent space between two samples. @param length both ends included */
  async way(ends: Batch, length: number): Promise<Tile[]> {
    const { samples } = await latentPath(this.#manifold, ends, length);
    return await this.answered(samples);
  }

  /** Samples of random latent vectors. */
  async random(rows: number, perRow: number, seed: number): Promise<Tile[][]> {
    const latents = randomLatents(this.#manifold.latentSize, rows * perRow, seed);
    const tiles = await this.answered(await this.#manifold.decode(latents));
    return Array.from({ length: rows }, (_, row) => tiles.slice(row * perRow, (row + 1) * perRow));
  }
}
