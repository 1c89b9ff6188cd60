import type { WritableArray } from '../numpy/write-numpy.ts';

/** A record as an array of bytes, so that it lies in the same archive as the numbers. */
export function encodeRecord(record: unknown): WritableArray {
  const values = new Uint8Array(Buffer.from(JSON.stringify(record), 'utf8'));
  return { shape: [values.length], values };
}

/** What {@link encodeRecord} has written, not yet checked; undefined when the bytes hold none. */
export function decodeRecord(values: ArrayLike<number>): unknown {
  try {
    return JSON.parse(Buffer.from(Uint8Array.from(values)).toString('utf8'));
  } catch {
    return undefined;
  }
}
