import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Batch } from '../../src/arrays/batch.ts';
import { ManifoldArtist } from '../../src/audit/manifold-artist.ts';
import {
  differenceTiles,
  encodeSheet,
  saliencyTiles,
  type Tile,
} from '../../src/manifold/picture-sheet.ts';
import type { StudyResults, StudySet } from './study-run.ts';
import { bounds, seed, StudySubject } from './study-subject.ts';

/** A picture of the page: where it lies beside it, and what it shows. */
export interface StudyPicture {
  readonly file: string;
  readonly title: string;
  readonly description: string;
}

const columns = 10;

/** Draws the pictures of the study as PNG files. @param folder absolute */
export async function drawPictures(
  results: StudyResults,
  folder: string,
): Promise<readonly StudyPicture[]> {
  const subject = await StudySubject.open();
  const manifold = await subject.manifold(results.chosen.manifold);
  const { classifier } = subject;
  const artist = new ManifoldArtist(classifier, manifold);
  const setNamed = (id: string): StudySet => {
    const set = results.sets.find(one => one.id === id);
    if (set === undefined) throw new RangeError(`There is no set ${id}`);
    return set;
  };
  const natural = setNamed('NA, gradient search');
  // Samples for which every attack has succeeded, so that each row shows what it is meant to show.
  const shown = [...natural.indices.keys()]
    .filter(row => natural.classified.outcomes[row] === 'succeeded' && row < results.sizes.blackBox)
    .slice(0, columns);
  const labels = shown.map(row => natural.classified.labels[row] as number);
  const shape = classifier.inputShape;
  const inputsOf = (id: string): Batch =>
    new Batch(setNamed(id).classified.inputs, shape).gather(shown);
  const clean = inputsOf('Clean');
  const attacked = {
    'FGSM ε 0.3': inputsOf('FGSM ε 0.3'),
    'C&W κ 0': inputsOf('C&W κ 0'),
    'C&W κ 15': inputsOf('C&W κ 15'),
    'NA, gradient search': inputsOf('NA, gradient search'),
    'NA, black box': inputsOf('NA, black box'),
  };
  const reconstructed = await manifold.reconstruct(clean);
  const captioned = (batch: Batch): Promise<Tile[]> => artist.answered(batch, labels);

  const rows: Tile[][] = [];
  for (const batch of [clean, ...Object.values(attacked)]) {
    rows.push(await captioned(batch), await captioned(await manifold.reconstruct(batch)));
  }
  const paths: Tile[][] = [];
  for (const [from = 0, to = 0] of [
    [0, 1],
    [2, 3],
    [4, 5],
    [6, 7],
  ]) {
    paths.push(await artist.way(clean.gather([from, to]), 12));
  }
  const sheets: readonly (StudyPicture & { readonly tiles: readonly (readonly Tile[])[] })[] = [
    {
      file: 'reconstructions.png',
      title: 'Clean, adversary, reconstruction',
      description: `In pairs of rows, the input and its reconstruction, with the predicted class below (red where wrong): clean, ${Object.keys(attacked).join(', ')}.`,
      tiles: rows,
    },
    {
      file: 'differences.png',
      title: 'What the attacks change',
      description: `Adversary minus clean sample, red where brighter and blue where darker, all on the same scale: ${Object.keys(attacked).join(', ')}; last, the natural adversary minus the reconstruction of the clean sample, which leaves the error of reconstruction out.`,
      tiles: [
        ...Object.values(attacked).map(batch => differenceTiles(batch, clean, 0.6)),
        differenceTiles(attacked['NA, gradient search'], reconstructed, 0.6),
      ],
    },
    {
      file: 'saliency.png',
      title: 'The salient places of a natural perturbation',
      description:
        'Reconstructions of clean samples, the natural adversaries, and in orange where the two differ most.',
      tiles: [
        await captioned(reconstructed),
        await captioned(attacked['NA, gradient search']),
        saliencyTiles(attacked['NA, gradient search'], reconstructed, bounds),
      ],
    },
    {
      file: 'interpolation.png',
      title: 'From one digit to another through the latent space',
      description:
        'Straight ways between the latent vectors of two samples, with the prediction along the way.',
      tiles: paths,
    },
    {
      file: 'random-latents.png',
      title: 'Samples of random latent vectors',
      description: 'G(z) for z ~ N(0, I), with the predicted class.',
      tiles: await artist.random(4, 12, seed),
    },
  ];
  await mkdir(folder, { recursive: true });
  for (const { file, tiles } of sheets) await writeFile(join(folder, file), encodeSheet(tiles));
  return sheets.map(({ file, title, description }) => ({ file, title, description }));
}
