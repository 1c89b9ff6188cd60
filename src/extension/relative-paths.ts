import { sep } from 'node:path';

/** A message as it reads inside a folder: paths of its files become relative to it. */
export function withRelativePaths(message: string, folder: string): string {
  // The folder's path may also stand inside that of another one, which stays as it is.
  return message.replaceAll(`${folder}${sep}`, (path, start: number) =>
    /[\w/\\]/.test(message[start - 1] ?? '') ? path : '',
  );
}
