import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { DataSource, InputLayout } from './samples.ts';

/**
 * SHA-256 over the stored bytes, what is read of them, and how they become inputs. Where the files
 * lie makes no difference.
 *
 * @param files with the name of each inside the data set, in order
 */
export async function fingerprintData(
  source: DataSource,
  layout: InputLayout,
  files: readonly { readonly path: string; readonly id: string }[],
): Promise<string> {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([partsOf(source), inOrder(layout)]));
  for (const { path, id } of files) {
    hash.update(`\n${id}\n`);
    await pipeline(createReadStream(path), hash, { end: false });
  }
  return hash.digest('hex');
}

/** What of the source decides which numbers are read; paths do not. */
function partsOf(source: DataSource): readonly string[] {
  switch (source.format) {
    case 'idx':
    case 'npy':
    case 'images':
      return [source.format];
    case 'npz':
      return [source.format, source.inputs, source.labels];
    case 'csv':
      return [source.format, source.label];
  }
}

function inOrder(layout: InputLayout): readonly unknown[] {
  const { shape, bounds, storedRange, classNames, classCount, ignoreLabels } = layout;
  const labels = ignoreLabels === true ? 'ignored' : [classNames ?? null, classCount];
  return [shape, bounds, storedRange ?? null, labels];
}
