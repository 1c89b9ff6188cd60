import type { AttackSettings } from '../../src/attacks/attack-settings.ts';
import { lengthOf } from '../../src/attacks/norms.ts';
import type { OutputOf } from '../../src/audit/piece.ts';
import type { PieceExecutor } from '../../src/audit/piece-executor.ts';
import { runPieces } from './example-threads.ts';

/** One run of one attack. */
export interface AttackRun {
  /** On the clock. */
  readonly seconds: number;
  /** Of all processors together. */
  readonly processorSeconds: number;
  /** Size of each change; 0 where the model is wrong on the clean digit, null where it withstood. */
  readonly results: readonly (number | null)[];
}

/** Runs an attack of ours on the first digits, in pieces as an audit does. */
export async function runOurs(
  executor: PieceExecutor,
  settings: AttackSettings,
  samples: number,
): Promise<AttackRun> {
  const before = process.cpuUsage();
  const began = performance.now();
  const step = { kind: 'attack', settings, target: undefined } as const;
  const outputs = (await runPieces(executor, step, samples)) as OutputOf<'attack'>[];
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(before);
  const clean = (await runPieces(executor, { kind: 'predict' }, samples)) as OutputOf<'predict'>[];
  const norm = 'norm' in settings ? settings.norm : 'L2';
  const results = outputs.flatMap(({ adversaries, outcomes }, piece) => {
    const inputs = clean[piece]?.inputs ?? new Float32Array();
    const size = inputs.length / outcomes.length;
    return outcomes.map((outcome, i) => {
      if (outcome === 'already-wrong') return 0;
      if (outcome !== 'succeeded') return null;
      const change = Float32Array.from(
        { length: size },
        (_, k) => (adversaries[i * size + k] as number) - (inputs[i * size + k] as number),
      );
      return lengthOf(change, norm);
    });
  });
  return { seconds, processorSeconds: (user + system) / 1e6, results };
}

/** Part of the digits that still get the right answer, where only changes within epsilon count. */
export function accuracyWithin({ results }: AttackRun, epsilon: number): number {
  // Numbers of float32: what is at the edge of the ball is inside.
  const fooled = results.filter(size => size !== null && size <= epsilon * (1 + 1e-5)).length;
  return 1 - fooled / results.length;
}

/** Median size of the change over the digits that were right, failures as infinity. */
export function medianDistance({ results }: AttackRun): number {
  const sizes = results.filter(size => size !== 0).map(size => size ?? Infinity);
  return sizes.toSorted((a, b) => a - b)[Math.floor(sizes.length / 2)] ?? NaN;
}

/** Mean size of the change over the digits that an attack has broken. */
export function meanDistance({ results }: AttackRun): number {
  const sizes = results.filter(size => size !== null && size > 0) as number[];
  return sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
}

/** Part of the digits that were right for which the attack has found an adversary. */
export function successRate({ results }: AttackRun): number {
  const attacked = results.filter(size => size !== 0);
  return attacked.filter(size => size !== null).length / attacked.length;
}
