import { createHash } from 'node:crypto';
import type { SavedModel } from './saved-model.ts';

/**
 * SHA-256 over format, topology, signature, weight specs and weight data. Formatting of the JSON,
 * order of its keys and the cut into shards make no difference.
 */
export function fingerprintModel(
  model: Pick<SavedModel, 'format' | 'topology' | 'signature' | 'weights' | 'weightData'>,
): string {
  const { format, topology, signature, weights, weightData } = model;
  const hash = createHash('sha256');
  hash.update(canonicalJson({ format, topology, signature: signature ?? null, weights }));
  hash.update('\n');
  hash.update(new Uint8Array(weightData));
  return hash.digest('hex');
}

/** JSON with the keys of every object in order. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
