import { open } from 'node:fs/promises';

/** Bytes `start` to `end` (exclusive). */
export type ByteRange = readonly [start: number, end: number];

/** Bytes that can be read from anywhere. */
export interface ByteSource {
  readonly length: number;
  /** Reads ranges; a range that ends behind the source is cut off. */
  read(ranges: readonly ByteRange[]): Promise<Uint8Array[]>;
}

/** A part of a file, opened only while it is read, so that nothing has to be closed. */
export function fileSource(path: string, start: number, length: number): ByteSource {
  return {
    length,
    read: async ranges => {
      const file = await open(path, 'r');
      try {
        const parts: Uint8Array[] = [];
        for (const [from, to] of ranges) {
          const wanted = new Uint8Array(Math.max(0, Math.min(to, length) - from));
          const { bytesRead } = await file.read(wanted, 0, wanted.length, start + from);
          parts.push(wanted.subarray(0, bytesRead));
        }
        return parts;
      } finally {
        await file.close();
      }
    },
  };
}

/** Bytes in memory. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    length: bytes.length,
    read: ranges => Promise.resolve(ranges.map(([start, end]) => bytes.subarray(start, end))),
  };
}
