import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { decode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import { drawReportPictures, type PictureSheet } from '../../src/audit/report-pictures.ts';
import { attack, pictured, picturedReport } from './pictured-report.ts';

/** Sheets have a gap of 4 around pictures of 4 pixels that are drawn at twice their size. */
const gap = 4;
const cell = 4 * 2 + gap;

/** Colour of one pixel of the picture in a row and column of a sheet without captions. */
function colourAt(sheet: PictureSheet | undefined, row: number, column: number, pixel: number) {
  if (sheet === undefined) return expect.fail('no sheet');
  const { width, data } = decode(sheet.png);
  const x = gap + column * cell + 2 * (pixel % 4);
  const y = gap + row * cell + 2 * Math.floor(pixel / 4);
  return [...data.slice(3 * (y * width + x), 3 * (y * width + x) + 3)];
}

describe('the pictures of a report', () => {
  test('show what an attack changed, in one scale for all', async () => {
    const { path, report } = await picturedReport();
    const sheets = await drawReportPictures(path, report, 3);
    expect(sheets.map(({ file }) => file)).toEqual([
      'adversaries.png',
      'differences.png',
      'saliency.png',
    ]);
    const differences = sheets[1];
    expect(differences?.description).toContain('full colour is a change of 0.300');
    expect(colourAt(differences, 0, 0, 0)).toEqual([255, 0, 0]);
    expect(colourAt(differences, 0, 0, 1)).toEqual([128, 128, 255]);
    // A third of the channels changed by as much as is drawn in full colour.
    expect(colourAt(differences, 0, 0, 2)).toEqual([255, 170, 170]);
    expect(colourAt(differences, 0, 0, 3)).toEqual([255, 255, 255]);
    expect(colourAt(sheets[2], 0, 0, 0)).toEqual([255, 140, 0]);
  });

  test('show the samples on which the attack succeeded, wherever their arrays stand', async () => {
    const { path, report } = await picturedReport();
    const fooled = report.samples
      .filter(({ conditions }) => conditions[attack]?.outcome === 'succeeded')
      .map(({ index }) => index);
    expect(fooled.length).toBeLessThan(pictured);
    const [adversaries] = await drawReportPictures(path, report, fooled.length);
    for (const [column, index] of fooled.entries()) {
      const grey = Math.round((255 * index) / 20);
      expect(colourAt(adversaries, 0, column, 15)).toEqual([grey, grey, grey]);
    }
  });

  test('are refused with the reason where there is nothing to draw', async () => {
    const { path, report } = await picturedReport();
    const table = { ...report, model: { ...report.model, inputShape: [48] } };
    await expect(drawReportPictures(path, table, 3)).rejects.toMatchObject({
      code: 'report/no-pictures',
      message: 'Tables cannot be shown as pictures.',
    });
    const conditions = report.conditions.filter(({ kind }) => kind === 'clean');
    await expect(drawReportPictures(path, { ...report, conditions }, 3)).rejects.toMatchObject({
      code: 'report/no-pictures',
      message: 'No attack of this report has finished.',
    });
    await rm(join(dirname(path), `${attack}.npz`));
    await expect(drawReportPictures(path, report, 3)).rejects.toMatchObject({
      code: 'report/arrays-missing',
    });
  });
});
