/** What stands in for a large file in a repository until it is downloaded. */
export type PointerKind = 'git-lfs' | 'dvc';

/** Where a pointer's content has to come from. */
export interface PointerFile {
  readonly kind: PointerKind;
  /** How to call it in a message. */
  readonly description: string;
  /** What fetches the content. */
  readonly remedy: string;
}

const gitLfs: PointerFile = {
  kind: 'git-lfs',
  description: 'a Git LFS pointer, not the file itself',
  remedy: 'Run `git lfs pull`.',
};

const dvc: PointerFile = {
  kind: 'dvc',
  description: 'tracked by DVC and not downloaded',
  remedy: 'Run `dvc pull`.',
};

/** Longer files are no pointers: one of Git LFS has fewer than 1024 bytes by its specification. */
export const maximumPointerBytes = 1024;

/**
 * Recognises a pointer by its first bytes. A pointer of Git LFS begins with the line
 * `version https://git-lfs.github.com/spec/v1`; a `.dvc` file is YAML with a hash under `outs`.
 */
export function recognisePointer(firstBytes: Uint8Array): PointerFile | undefined {
  const text = Buffer.from(firstBytes.subarray(0, maximumPointerBytes)).toString('latin1');
  if (text.startsWith('version https://git-lfs.github.com/spec/')) return gitLfs;
  if (/^outs:\s*\n\s*- (md5|etag|hash|size|path):/m.test(text)) return dvc;
  return undefined;
}

/** The pointer that a file leaves behind when it is tracked by DVC: `weights.bin.dvc` beside it. */
export function dvcCompanion(path: string): string {
  return `${path}.dvc`;
}

/** What to say when the file is missing but its `.dvc` companion is there. */
export const missingButTrackedByDvc = dvc;
