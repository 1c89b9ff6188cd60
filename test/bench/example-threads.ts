import { join, resolve } from 'node:path';
import { pieceSamples, type PieceOutput, type PieceStep } from '../../src/audit/piece.ts';
import type { PieceExecutor } from '../../src/audit/piece-executor.ts';
import { openThreads } from '../../src/audit/thread-executor.ts';
import { readConfig } from '../../src/config/resolve-config.ts';
import type { EngineChoice } from '../../src/protocol/worker-protocol.ts';

/** Folder of the example. */
export const exampleFolder = resolve(import.meta.dirname, '../../examples/digits');

/** Opens a model of the example and the test digits on tensor threads, as an audit does. */
export async function openExampleThreads(
  engine: EngineChoice,
  threads: number,
  model = 'digits-cnn',
  seed = 0,
): Promise<PieceExecutor> {
  const config = await readConfig(join(exampleFolder, 'assay.config.json'));
  return openThreads(
    {
      folder: exampleFolder,
      modelPath: join(exampleFolder, 'models', model, 'model.json'),
      input: config.config.input,
      data: config.data,
      uncertainty: config.uncertainty,
      outside: [],
      transferFrom: [],
      averagedPasses: 1,
      selection: { count: 1000, selection: 'first' },
      engine,
      seed,
    },
    threads,
  );
}

/** One step on the first `count` digits, in pieces as an audit cuts them; one output a piece. */
export function runPieces(
  executor: PieceExecutor,
  step: PieceStep,
  count: number,
): Promise<PieceOutput[]> {
  const pieces = Array.from({ length: Math.ceil(count / pieceSamples) }, (_, piece) =>
    Array.from(
      { length: Math.min(pieceSamples, count - piece * pieceSamples) },
      (_, i) => piece * pieceSamples + i,
    ),
  );
  return Promise.all(pieces.map(indices => executor.run({ step, indices, inputs: undefined })));
}
