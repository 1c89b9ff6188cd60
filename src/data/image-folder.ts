import { readdir, realpath } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import { sizeOf } from '../arrays/batch.ts';
import { DataError } from './data-error.ts';
import { requireFolder } from './data-file.ts';
import { readPicture } from './image-file.ts';
import { withChannels } from './picture-channels.ts';
import type { StoredInputs } from './stored-inputs.ts';

/** Pictures in one subfolder for each class. */
export interface ImageFolder {
  readonly inputs: StoredInputs;
  /** Absolute path of each picture, class after class in alphabetical order. */
  readonly files: readonly string[];
  /** Name of the subfolder of each picture. */
  readonly classNames: readonly string[];
  /** Path of each picture inside the folder, with `/` on every system. */
  readonly ids: readonly string[];
}

const extensions = new Set(['.png', '.jpg', '.jpeg']);

/**
 * Lists the pictures of a folder; each is decoded when it is read.
 *
 * @param shape shape of one input, `[height, width, channels]` or `[height, width]`
 * @param options `withoutSubfolders`: pictures in the folder itself count too, with the class name ''
 * @throws DataError `data/not-found`, `data/empty`, `data/outside`, `data/shape-mismatch`
 */
export async function openImageFolder(
  folder: string,
  shape: readonly number[],
  { withoutSubfolders }: { readonly withoutSubfolders: boolean } = { withoutSubfolders: false },
): Promise<ImageFolder> {
  await requireFolder(folder);
  const size = pictureSize(shape, folder);
  const found = await listPictures(folder, withoutSubfolders);
  if (found.length === 0) {
    throw new DataError('data/empty', 'The folder has no subfolder with PNG or JPEG files.', {
      place: { file: folder },
      remedy: 'Put the pictures of each class into a subfolder with the name of the class.',
    });
  }
  const files = found.map(({ file }) => file);
  return {
    inputs: {
      count: files.length,
      shape,
      suggestedRange: [0, 255],
      read: indices =>
        readPictures(
          indices.map(index => files[index] as string),
          shape,
          size,
        ),
    },
    files,
    classNames: found.map(({ className }) => className),
    ids: files.map(file => relative(folder, file).replaceAll('\\', '/')),
  };
}

interface PictureSize {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3 | 4;
}

function pictureSize(shape: readonly number[], folder: string): PictureSize {
  const [height, width, channels = 1, ...others] = shape;
  const isPicture = height !== undefined && width !== undefined && others.length === 0;
  if (isPicture && (channels === 1 || channels === 3 || channels === 4)) {
    return { height, width, channels };
  }
  throw new DataError(
    'data/shape-mismatch',
    `Pictures have shape [height, width, 1, 3 or 4], but the model takes [${shape.join(', ')}].`,
    { place: { file: folder }, remedy: 'Give the data in another format, npz for example.' },
  );
}

interface FoundPicture {
  readonly file: string;
  readonly className: string;
}

async function listPictures(
  folder: string,
  withoutSubfolders: boolean,
): Promise<readonly FoundPicture[]> {
  const root = await realpath(folder);
  const found: FoundPicture[] = [];
  const listFolder = async (path: string, className: string): Promise<void> => {
    for (const { path: file } of await listVisible(path, root, 'file')) {
      if (extensions.has(extname(file).toLowerCase())) found.push({ file, className });
    }
  };
  if (withoutSubfolders) await listFolder(folder, '');
  for (const { name, path } of await listVisible(folder, root, 'folder')) {
    await listFolder(path, name);
  }
  return found;
}

interface Listed {
  readonly name: string;
  readonly path: string;
}

/** Folders or files in a folder by code units of their names, without hidden ones. */
async function listVisible(
  folder: string,
  root: string,
  kind: 'folder' | 'file',
): Promise<readonly Listed[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const listed: Listed[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink()) await refuseOutside(path, root);
    // Where a link leads is found out when it is read.
    const fits = kind === 'folder' ? entry.isDirectory() : !entry.isDirectory();
    if (fits || entry.isSymbolicLink()) listed.push({ name: entry.name, path });
  }
  return listed.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function refuseOutside(path: string, root: string): Promise<void> {
  const target = await realpath(path).catch(() => undefined);
  if (target === undefined || target.startsWith(`${root}/`) || target.startsWith(`${root}\\`))
    return;
  throw new DataError('data/outside', 'The symbolic link leads out of the data folder.', {
    place: { file: path },
    remedy: 'Copy the pictures into the folder.',
  });
}

async function readPictures(
  files: readonly string[],
  shape: readonly number[],
  { height, width, channels }: PictureSize,
): Promise<Float32Array> {
  const size = sizeOf(shape);
  const values = new Float32Array(files.length * size);
  for (const [i, file] of files.entries()) {
    const picture = await readPicture(file);
    if (picture.height !== height || picture.width !== width) {
      throw new DataError(
        'data/shape-mismatch',
        `The picture has ${picture.width}×${picture.height} pixels, but the model takes ${width}×${height}.`,
        { place: { file }, remedy: `Resize the pictures to ${width}×${height}.` },
      );
    }
    values.set(withChannels(picture, channels, file), i * size);
  }
  return values;
}
