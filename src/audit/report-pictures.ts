import type { Batch } from '../arrays/batch.ts';
import {
  differenceTiles,
  encodeSheet,
  type PictureBounds,
  saliencyTiles,
  sampleTiles,
  type Tile,
} from '../manifold/picture-sheet.ts';
import type { AuditReport, Condition, SampleRecord } from '../report/audit-report.ts';
import type { Answer } from '../report/manifold-record.ts';
import { ReportError } from '../report/report-error.ts';
import { distance } from '../report/wording.ts';
import { type KeptRows, KeptSamples } from './kept-samples.ts';

/** One picture of a finished audit: many samples on one sheet. */
export interface PictureSheet {
  /** Name of the file that it is meant for. */
  readonly file: string;
  /** What its rows are, from above, in words for the user. */
  readonly description: string;
  /** The bytes of a PNG file. */
  readonly png: Uint8Array;
}

/** Differences of at least this share of the input range have full colour. */
const fullColour = 0.6;

/** Sides in pixels up to which a sample is drawn at twice its size. */
const smallSide = 48;

/**
 * Draws what an audit has kept: samples beside their adversaries, what each attack changed, all on one
 * scale, the salient places, and of a manifold reconstructions, ways between classes and samples of
 * random latent vectors. Neither model nor engine is asked: captions are the answers of the report.
 *
 * @param reportPath absolute; arrays lie beside it
 * @param count most samples in a row; those on which the most attacks succeeded are taken
 * @throws ReportError `report/no-pictures` of tables and where no attack has finished,
 *   `report/arrays-missing`
 */
export async function drawReportPictures(
  reportPath: string,
  report: AuditReport,
  count: number,
): Promise<PictureSheet[]> {
  const { inputShape, bounds } = report.model;
  if (inputShape.length < 2) {
    throw noPictures(reportPath, 'Tables cannot be shown as pictures.', 'Read the report instead.');
  }
  const attacks = report.conditions.filter(
    ({ kind, state }) => (kind === 'attack' || kind === 'natural') && state === 'finished',
  );
  const samples = mostAttacked(report.samples, attacks, count);
  if (attacks.length === 0 || samples.length === 0) {
    throw noPictures(reportPath, 'No attack of this report has finished.', 'Run the audit again.');
  }
  const kept = new KeptSamples(reportPath, report, inputShape);
  const artist = new SheetArtist(
    samples,
    { lower: bounds[0], upper: bounds[1] },
    Math.max(...inputShape.slice(0, 2)) > smallSide ? 1 : 2,
  );
  const [clean, ...adversaries] = await Promise.all(
    [{ id: 'clean', label: 'Clean', kind: 'clean' as const }, ...attacks].map(
      async ({ id, label, kind }): Promise<Row> => ({
        id,
        label,
        kind,
        ...(await kept.rowsOf(
          id,
          samples.map(({ index }) => index),
        )),
      }),
    ),
  );
  if (clean === undefined) throw new RangeError('there is no row of clean samples');
  return [
    ...artist.ofAttacks(clean, adversaries),
    ...(await artist.ofManifold(kept, report.manifold)),
  ];
}

/** The samples of one condition, in the order in which they are shown. */
interface Row extends KeptRows {
  readonly id: string;
  readonly label: string;
  readonly kind: Condition['kind'];
}

/** Samples that all conditions have finished: those with the most successes, in the report's order. */
function mostAttacked(
  samples: readonly SampleRecord[],
  attacks: readonly Condition[],
  count: number,
): SampleRecord[] {
  const successes = ({ conditions }: SampleRecord): number =>
    attacks.filter(({ id }) => conditions[id]?.outcome === 'succeeded').length;
  const chosen = samples
    .filter(
      ({ role, conditions }) =>
        role === 'sample' &&
        ['clean', ...attacks.map(({ id }) => id)].every(id => id in conditions),
    )
    .toSorted((a, b) => successes(b) - successes(a))
    .slice(0, count);
  return samples.filter(sample => chosen.includes(sample));
}

/** Lays rows of samples out on sheets. */
class SheetArtist {
  readonly #samples: readonly SampleRecord[];
  readonly #labels: readonly number[];
  readonly #bounds: PictureBounds;
  readonly #zoom: number;

  constructor(samples: readonly SampleRecord[], bounds: PictureBounds, zoom: number) {
    this.#samples = samples;
    this.#labels = samples.map(({ label }) => label);
    this.#bounds = bounds;
    this.#zoom = zoom;
  }

  ofAttacks(clean: Row, adversaries: readonly Row[]): PictureSheet[] {
    const rows = [clean, ...adversaries];
    const names = adversaries.map(({ label }) => label);
    // A natural adversary differs from its sample by the error of reconstruction too.
    const projected = clean.reconstructions;
    const changes = [
      ...adversaries.map(({ inputs }) => ({ inputs, original: clean.inputs })),
      ...(projected === undefined
        ? []
        : adversaries
            .filter(({ kind }) => kind === 'natural')
            .map(({ inputs }) => ({ inputs, original: projected }))),
    ];
    const fromProjection = adversaries
      .filter(({ kind }) => projected !== undefined && kind === 'natural')
      .map(({ label }) => `${label} against the reconstruction of the clean sample`);
    const changed = [...names, ...fromProjection].join(', ');
    const range = this.#rangeOf(changes);
    const sheets = [
      this.#sheet(
        'adversaries.png',
        `clean, ${names.join(', ')}`,
        rows.map(row => this.#answered(row)),
      ),
      this.#sheet(
        'differences.png',
        `${changed}; full colour is a change of ${distance(range)}, red brighter, blue darker`,
        changes.map(({ inputs, original }) => differenceTiles(inputs, original, range)),
      ),
      this.#sheet(
        'saliency.png',
        changed,
        changes.map(({ inputs, original }) => saliencyTiles(inputs, original, this.#bounds)),
      ),
    ];
    const corrected = rows.filter(({ reconstructions }) => reconstructions !== undefined);
    if (corrected.length === 0) return sheets;
    return [
      ...sheets,
      this.#sheet(
        'reconstructions.png',
        `in pairs of input and reconstruction: ${corrected.map(({ label }) => label).join(', ')}`,
        corrected.flatMap(row => [this.#answered(row), this.#corrected(row)]),
      ),
    ];
  }

  async ofManifold(kept: KeptSamples, manifold: AuditReport['manifold']): Promise<PictureSheet[]> {
    if (manifold?.trained !== true || manifold.pictures === undefined) return [];
    const { file, random, ways } = manifold.pictures;
    const tiles = async (name: string, answers: readonly Answer[]): Promise<Tile[]> =>
      sampleTiles(
        await kept.all(file, name),
        this.#bounds,
        answers.map(({ prediction }) => prediction),
      );
    const drawn = await tiles('random', random);
    const perRow = 12;
    const randomRows = Array.from({ length: Math.ceil(drawn.length / perRow) }, (_, row) =>
      drawn.slice(row * perRow, (row + 1) * perRow),
    );
    const sheets = [
      this.#sheet('random-latents.png', 'samples of random latent vectors', randomRows),
    ];
    if (ways.length === 0) return sheets;
    const points = await tiles(
      'ways',
      ways.flatMap(way => way.points),
    );
    const wayRows = ways.map((way, i) => {
      const start = ways.slice(0, i).reduce((sum, before) => sum + before.points.length, 0);
      return points.slice(start, start + way.points.length);
    });
    return [
      this.#sheet(
        'interpolation.png',
        'straight ways in the latent space between samples of two classes',
        wayRows,
      ),
      ...sheets,
    ];
  }

  #answered({ id, inputs }: Row): Tile[] {
    const answers = this.#samples.map(({ conditions }) => conditions[id]?.prediction ?? -1);
    return sampleTiles(inputs, this.#bounds, answers, this.#labels);
  }

  #corrected({ id, reconstructions }: Row): Tile[] {
    if (reconstructions === undefined) return [];
    const answers = this.#samples.map(
      ({ conditions }) => conditions[id]?.corrected?.['reconstruction']?.prediction ?? -1,
    );
    return sampleTiles(reconstructions, this.#bounds, answers, this.#labels);
  }

  /** The largest change, but no more than what has full colour anyway. */
  #rangeOf(changes: readonly { readonly inputs: Batch; readonly original: Batch }[]): number {
    const width = this.#bounds.upper - this.#bounds.lower;
    let largest = 0;
    for (const { inputs, original } of changes) {
      for (const [i, value] of inputs.values.entries()) {
        largest = Math.max(largest, Math.abs(value - (original.values[i] as number)));
      }
    }
    return largest === 0 ? width : Math.min(largest, fullColour * width);
  }

  #sheet(file: string, description: string, rows: readonly (readonly Tile[])[]): PictureSheet {
    return { file, description, png: encodeSheet(rows, this.#zoom) };
  }
}

function noPictures(file: string, message: string, remedy: string): ReportError {
  return new ReportError('report/no-pictures', message, { place: { file }, remedy });
}
