/**
 * What `@tensorflow/tfjs-node` would give this program, without a native library: TensorFlow.js on
 * WebAssembly, and models from `file://` paths.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { io } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';

export * from '@tensorflow/tfjs-core';
export * from '@tensorflow/tfjs-converter';
export * from '@tensorflow/tfjs-layers';

const scheme = 'file://';

/** Reads `model.json` and its shards; a relative path is relative to the working directory. */
async function loadArtifacts(path: string): Promise<io.ModelArtifacts> {
  const model = JSON.parse(await readFile(path, 'utf8')) as io.ModelJSON;
  return io.getModelArtifactsForJSON(model, async manifest => {
    const paths = manifest.flatMap(group => group.paths);
    const shards = await Promise.all(paths.map(name => readFile(join(dirname(path), name))));
    const bytes = new Uint8Array(Buffer.concat(shards));
    return [manifest.flatMap(group => group.weights), bytes.buffer];
  });
}

io.registerLoadRouter(url =>
  typeof url === 'string' && url.startsWith(scheme)
    ? { load: () => loadArtifacts(url.slice(scheme.length)) }
    : (null as unknown as io.IOHandler),
);
