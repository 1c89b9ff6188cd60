import type { Samples } from '../data/samples.ts';
import { gradientSearch } from '../manifold/gradient-search.ts';
import type { Manifold } from '../manifold/manifold.ts';
import { ManifoldError } from '../manifold/manifold-error.ts';
import { findNaturalAdversaries } from '../manifold/natural-adversary.ts';
import { differenceTiles, saliencyTiles, type Tile } from '../manifold/picture-sheet.ts';
import type { Classifier } from '../model/classifier.ts';
import { ManifoldArtist } from './manifold-artist.ts';

/** Samples in each row of a picture. */
const columns = 10;

/** Share of the input range at which a difference has full colour. */
const fullColour = 0.6;

/** What is drawn, and with what. Samples must be pictures. */
export interface ManifoldPicturesContext {
  readonly classifier: Classifier;
  readonly manifold: Manifold;
  /** The first ten are drawn. */
  readonly samples: Samples;
  readonly seed: number;
}

/** Sheets by the names of their files: rows from above, tiles from the left. */
export type Sheets = Readonly<Record<string, readonly (readonly Tile[])[]>>;

/**
 * Lays out what a manifold knows of some samples: reconstructions, natural adversaries found by
 * gradient and what they change, ways between samples, and samples of random latent vectors.
 */
export async function drawManifold(context: ManifoldPicturesContext): Promise<Sheets> {
  const { classifier, manifold, samples, seed } = context;
  const sampleIndices = Array.from({ length: Math.min(columns, samples.count) }, (_, i) => i);
  const { inputs, labels } = await samples.read(sampleIndices);
  const search = { classifier, manifold, inputs, labels, seed, sampleIndices };
  const { adversaries } = await findNaturalAdversaries(gradientSearch(), search);
  const reconstructed = await manifold.reconstruct(inputs);
  const { bounds } = classifier;
  const artist = new ManifoldArtist(classifier, manifold);
  const answers = [...labels];
  const projected = await artist.answered(reconstructed, answers);
  const attacked = await artist.answered(adversaries, answers);
  const ways: Tile[][] = [];
  for (let row = 0; row + 1 < inputs.count; row += 2) {
    ways.push(await artist.way(inputs.gather([row, row + 1]), columns));
  }
  return {
    'reconstructions.png': [
      await artist.answered(inputs, answers),
      projected,
      attacked,
      await artist.answered(await manifold.reconstruct(adversaries), answers),
    ],
    'natural-adversaries.png': [
      projected,
      attacked,
      differenceTiles(adversaries, reconstructed, fullColour * (bounds.upper - bounds.lower)),
      saliencyTiles(adversaries, reconstructed, bounds),
    ],
    ...(ways.length === 0 ? {} : { 'interpolation.png': ways }),
    'random-latents.png': await artist.random(4, columns, seed),
  };
}

/** Whoever asks for pictures learns it before a training, which may take minutes. */
export function tablesHaveNoPictures(): ManifoldError {
  return new ManifoldError('manifold/unsupported-shape', 'Tables cannot be shown as pictures.', {
    remedy: 'Read the report of an audit instead.',
  });
}
