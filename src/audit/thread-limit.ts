import { stat } from 'node:fs/promises';
import type { SubjectRecord } from './subject.ts';

/** How many tensor threads an audit uses, and why not as many as were asked for. */
export interface ThreadLimit {
  readonly threads: number;
  readonly notes: readonly string[];
}

const mebibyte = 2 ** 20;

/** What a thread takes without a model: TensorFlow.js, its heap, and the engine. Measured: 170 MiB. */
const bytesOfThread = 170 * mebibyte;

/**
 * What a thread takes at most for each byte of weights. On the native engine the start of an audit
 * of a dense network with 50 MiB of them took 842 MiB, 13 copies: large matrices are in no session. Filters of
 * convolutions are, packed once more, in as many as the engine keeps. On wasm, 12 MiB went up to 302.
 */
const copiesOfWeights = { native: 25, others: 15 } as const;

/** Share of the available memory that threads may take; the rest is for batches and other programs. */
const usableShare = 0.8;

/**
 * Lowers the number of threads to those whose models fit into memory; one always runs. Results do not
 * depend on it.
 *
 * @param threads as many as were asked for
 * @param record with the files of the model, of its companions and of those that adversaries come from
 * @param availableBytes that this process may take, before its threads have started
 */
export async function limitThreads(
  threads: number,
  record: SubjectRecord,
  availableBytes: number,
): Promise<ThreadLimit> {
  const files = [
    ...record.modelFiles,
    ...record.companionFiles,
    ...record.transferFrom.flatMap(source => source.files),
  ];
  const sizes = await Promise.all([...new Set(files)].map(async file => (await stat(file)).size));
  const weightBytes = sizes.reduce((sum, size) => sum + size, 0);
  const copies = copiesOfWeights[record.engine.name === 'native' ? 'native' : 'others'];
  const bytesEach = bytesOfThread + copies * weightBytes;
  const fitting = Math.max(1, Math.floor((usableShare * availableBytes) / bytesEach));
  if (fitting >= threads) return { threads, notes: [] };
  const inMebibytes = (bytes: number): string => `${Math.round(bytes / mebibyte)} MiB`;
  return {
    threads: fitting,
    notes: [
      `The audit uses ${fitting} of ${threads} threads: each may take ${inMebibytes(bytesEach)} with these models, and ${inMebibytes(availableBytes)} of memory are available.`,
    ],
  };
}
