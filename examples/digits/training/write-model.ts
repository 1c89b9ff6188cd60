import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { io } from '@tensorflow/tfjs-core';

/** Largest shard in bytes, as the TensorFlow.js converter has it. */
const shardBytes = 4 * 1024 * 1024;

/**
 * Writes a model to a folder as the TensorFlow.js converter does: `model.json` and binary shards.
 * An older model there is replaced.
 *
 * @param metadata goes into `userDefinedMetadata` of the file
 */
export function writeModel(
  folder: string,
  artifacts: io.ModelArtifacts,
  metadata: Readonly<Record<string, unknown>>,
): void {
  const { modelTopology, weightSpecs, format, generatedBy, convertedBy, signature } = artifacts;
  const weightData = new Uint8Array(io.CompositeArrayBuffer.join(artifacts.weightData));
  const shards = shardsOf(weightData);
  const manifest = {
    format,
    generatedBy,
    convertedBy,
    ...(signature === undefined ? {} : { signature }),
    userDefinedMetadata: metadata,
    modelTopology,
    weightsManifest: [{ paths: [...shards.keys()], weights: weightSpecs }],
  };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of shards) writeFileSync(join(folder, name), bytes);
  writeFileSync(join(folder, 'model.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

function shardsOf(weightData: Uint8Array): Map<string, Uint8Array> {
  const count = Math.ceil(weightData.length / shardBytes);
  return new Map(
    Array.from({ length: count }, (_, index) => [
      `group1-shard${index + 1}of${count}.bin`,
      weightData.subarray(index * shardBytes, (index + 1) * shardBytes),
    ]),
  );
}
