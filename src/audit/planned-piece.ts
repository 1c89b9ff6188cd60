import type { KeyOf } from './piece-keys.ts';
import { pieceSamples, type PieceStep } from './piece.ts';
import type { PlannedCondition } from './planned-condition.ts';
import { stepCost } from './step-cost.ts';

/** A piece of the plan, with what tells it from all others. */
export interface PlannedPiece {
  readonly condition: PlannedCondition;
  readonly step: PieceStep;
  readonly indices: readonly number[];
  /** Place of the piece's first sample among those of the condition. */
  readonly start: number;
  /** Equal keys mean equal results: SHA-256 over model, data, settings, seed and samples. */
  readonly key: string;
  /** Key of the piece whose inputs this one scores or builds on. */
  readonly inputsFrom: string | undefined;
  /** Condition that these inputs belong to. */
  readonly inputsOf: string | undefined;
  /** Rough cost in gradient evaluations, for the time left. */
  readonly cost: number;
}

/**
 * Cuts conditions into pieces: of each {@link pieceSamples} samples, the step that makes the inputs,
 * a correction where there is one, and the scores.
 *
 * @param passes of the posterior; undefined where nothing is scored
 */
export function cutConditions(
  conditions: readonly PlannedCondition[],
  passes: number | undefined,
  correctionOf: (condition: PlannedCondition) => PieceStep | undefined,
  keyOf: KeyOf,
): PlannedPiece[] {
  const pieces: PlannedPiece[] = [];
  /** Keys of the pieces that make the inputs of a condition, by condition and start. */
  const made = new Map<string, string>();
  for (const condition of conditions) {
    const { id, step, basedOn } = condition;
    for (let start = 0; start < condition.indices.length; start += pieceSamples) {
      const indices = condition.indices.slice(start, start + pieceSamples);
      const basis = basedOn === undefined ? undefined : made.get(`${basedOn} ${start}`);
      const key = keyOf(step, indices, basis);
      made.set(`${id} ${start}`, key);
      const base = { condition, indices, start };
      const cost = indices.length * stepCost(step);
      pieces.push({ ...base, step, key, inputsFrom: basis, inputsOf: basedOn, cost });
      const readsAgain = step.kind === 'predict' || step.kind === 'outside';
      const inputsFrom = readsAgain ? undefined : key;
      const follow = (next: PieceStep): void => {
        pieces.push({
          ...base,
          step: next,
          key: keyOf(next, indices, inputsFrom),
          inputsFrom,
          inputsOf: readsAgain ? undefined : id,
          cost: indices.length * stepCost(next),
        });
      };
      const correction = correctionOf(condition);
      if (correction !== undefined) follow(correction);
      if (passes === undefined) continue;
      const source = step.kind === 'outside' ? step.source : undefined;
      // Calibration is reported of the clean samples alone.
      follow({ kind: 'score', source, passes, calibrated: condition.kind === 'clean' });
    }
  }
  return pieces;
}

/** Cheap conditions first, so that the first numbers come early; a piece follows what it builds on. */
export function orderPieces(pieces: readonly PlannedPiece[]): PlannedPiece[] {
  const byKey = new Map(pieces.map(piece => [piece.key, piece]));
  const weight = ({ cost, inputsFrom }: PlannedPiece): number => {
    const basis = inputsFrom === undefined ? undefined : byKey.get(inputsFrom);
    return basis === undefined ? cost : cost + weight(basis);
  };
  return pieces
    .map((piece, position) => ({ piece, position, weight: weight(piece) / piece.indices.length }))
    .sort((a, b) => a.weight - b.weight || a.position - b.position)
    .map(({ piece }) => piece);
}
