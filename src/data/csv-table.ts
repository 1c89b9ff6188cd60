import { createReadStream } from 'node:fs';
import { parse, CsvError } from 'csv-parse';
import { DataError } from './data-error.ts';
import { readFirstBytes, requireFile } from './data-file.ts';
import type { StoredInputs } from './stored-inputs.ts';

/** A table of numbers with one column of labels. */
export interface CsvTable {
  readonly inputs: StoredInputs;
  /** The label of each row as written. */
  readonly labels: readonly string[];
  /** Line of the file on which each row begins, from 1. */
  readonly lines: readonly number[];
}

/**
 * Reads a csv file. The first line may name the columns; commas, semicolons or tabs separate them.
 *
 * @param label name of the column of labels, or its index from 0
 * @throws DataError `data/not-found`, `data/empty`, `data/column-missing`, `data/table-invalid`,
 *   `data/not-a-number`
 */
export async function openCsv(path: string, label: string): Promise<CsvTable> {
  const rows = await readRows(path);
  const [first] = rows;
  if (first === undefined) throw empty(path);

  const labelColumn = columnOf(label, first.cells, path);
  const hasNames = namesColumns(first.cells, labelColumn, label);
  const names = first.cells.map((cell, i) => (hasNames ? cell : `column ${i}`));
  const body = hasNames ? rows.slice(1) : rows;
  if (body.length === 0) throw empty(path);

  const width = names.length - 1;
  const values = new Float64Array(body.length * width);
  for (const [i, { cells, line }] of body.entries()) {
    const numbers = cells.flatMap((cell, column) =>
      column === labelColumn ? [] : [numberIn(cell, names[column] as string, line, path)],
    );
    values.set(numbers, i * width);
  }
  return {
    inputs: {
      count: body.length,
      shape: [width],
      suggestedRange: undefined,
      read: indices => Promise.resolve(gather(values, width, indices)),
    },
    labels: body.map(({ cells }) => cells[labelColumn] as string),
    lines: body.map(({ line }) => line),
  };
}

interface Row {
  readonly cells: readonly string[];
  readonly line: number;
}

async function readRows(path: string): Promise<readonly Row[]> {
  await requireFile(path);
  const rows: Row[] = [];
  let line = 1;
  const parser = parse({
    bom: true,
    delimiter: await guessDelimiter(path),
    info: true,
    skip_empty_lines: true,
    trim: true,
  });
  try {
    const records = createReadStream(path).pipe(parser) as AsyncIterable<{
      readonly record: readonly string[];
      readonly info: { readonly lines: number };
    }>;
    for await (const { record, info } of records) {
      rows.push({ cells: record, line: info.lines });
      line = info.lines + 1;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new DataError('data/table-invalid', `The table cannot be read: ${error.message}.`, {
      place: { file: path, line },
      remedy: 'Every line must have the same number of columns, and quotes must be closed.',
      cause: error,
    });
  }
  return rows;
}

/** The separator that is most frequent in the first line. */
async function guessDelimiter(path: string): Promise<string> {
  const start = Buffer.from(await readFirstBytes(path, 65536)).toString('utf8');
  const [line = ''] = start.split('\n', 1);
  const counted = [',', ';', '\t'].map(delimiter => ({
    delimiter,
    count: line.split(delimiter).length,
  }));
  return counted.reduce((best, next) => (next.count > best.count ? next : best)).delimiter;
}

function columnOf(label: string, cells: readonly string[], path: string): number {
  // A first line of numbers holds no names: there "1" means the second column, not the cell 1.
  const named = cells.every(isNumber) ? -1 : cells.indexOf(label);
  if (named >= 0) return named;
  const column = /^\d+$/.test(label) ? Number(label) : cells.length;
  if (column < cells.length) return column;
  throw new DataError('data/column-missing', `The table has no column ${label}.`, {
    place: { file: path, line: 1 },
    remedy: `Name one of its columns: ${cells.slice(0, 20).join(', ')}.`,
  });
}

/** Whether the first line names the columns: by the label, by words, or by 0, 1, 2, … as pandas does. */
function namesColumns(cells: readonly string[], labelColumn: number, label: string): boolean {
  return (
    (cells[labelColumn] === label && !cells.every(isNumber)) ||
    cells.some((cell, i) => i !== labelColumn && !isNumber(cell)) ||
    cells.every((cell, i) => cell === String(i))
  );
}

function isNumber(cell: string): boolean {
  return cell !== '' && Number.isFinite(Number(cell));
}

function numberIn(cell: string, column: string, line: number, path: string): number {
  if (isNumber(cell)) return Number(cell);
  throw new DataError(
    'data/not-a-number',
    cell === '' ? 'The cell is empty.' : `The cell holds ${cell}, which is no finite number.`,
    {
      place: { file: path, line, field: column },
      remedy: 'Every column but that of the labels must hold numbers: encode or remove it.',
    },
  );
}

function gather(values: Float64Array, width: number, indices: readonly number[]): Float64Array {
  const result = new Float64Array(indices.length * width);
  indices.forEach((row, i) => {
    result.set(values.subarray(row * width, (row + 1) * width), i * width);
  });
  return result;
}

function empty(path: string): DataError {
  return new DataError('data/empty', 'The table has no rows.', {
    place: { file: path },
    remedy: 'Choose a table with samples.',
  });
}
