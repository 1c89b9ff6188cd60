import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PieceSchedule } from '../../src/audit/piece-schedule.ts';
import type { PieceStep } from '../../src/audit/piece.ts';
import type { PlannedPiece } from '../../src/audit/planned-piece.ts';
import type { PlannedCondition } from '../../src/audit/planned-condition.ts';

function condition(id: string, kind: PlannedCondition['kind']): PlannedCondition {
  return { id, label: id, kind, indices: [0], attack: undefined, step: { kind: 'predict' } };
}

const clean = condition('clean', 'clean');
const attacks = ['a', 'b', 'c'].map(id => condition(id, 'attack'));
const attackStep: PieceStep = {
  kind: 'attack',
  settings: { attack: 'fgsm', norm: 'Linf', epsilon: 0.1 },
  target: undefined,
};

function piece(
  owner: PlannedCondition,
  step: PieceStep,
  start: number,
  inputsFrom?: string,
): PlannedPiece {
  const key = `${owner.id}-${step.kind}-${start}`;
  const inputsOf = inputsFrom === undefined ? undefined : owner.id;
  return { condition: owner, step, start, key, inputsFrom, inputsOf, indices: [start], cost: 1 };
}

/** Clean and attack pieces with their scores, as a plan has them. */
function pieces(chunks: number): PlannedPiece[] {
  const starts = Array.from({ length: chunks }, (_, i) => i);
  return [
    ...starts.map(start => piece(clean, { kind: 'predict' }, start)),
    ...attacks.flatMap(attack =>
      starts.flatMap(start => {
        const first = piece(attack, attackStep, start);
        return [
          first,
          piece(
            attack,
            { kind: 'score', source: undefined, passes: 2, calibrated: false },
            start,
            first.key,
          ),
        ];
      }),
    ),
  ];
}

describe('pieces are handed out when what they build on is finished', () => {
  test('every order of finishing hands out every piece once, never too early', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 3 }),
        fc.infiniteStream(fc.nat()),
        async (chunks, threads, choices) => {
          const all = pieces(chunks);
          const schedule = new PieceSchedule(all);
          const finished = new Set<string>();
          const taken: string[] = [];
          const inHand: PlannedPiece[] = [];
          let done = 0;
          const worker = async () => {
            for (;;) {
              const next = await schedule.take();
              if (next === undefined) return;
              taken.push(next.key);
              if (next.inputsFrom !== undefined) expect(finished).toContain(next.inputsFrom);
              if (next.step.kind === 'attack') {
                for (let i = 0; i < chunks; i++) expect(finished).toContain(`clean-predict-${i}`);
              }
              inHand.push(next);
              // Finish after a random number of turns of the event loop.
              const turns = (choices.next().value ?? 0) % 5;
              for (let i = 0; i < turns; i++) await Promise.resolve();
              finished.add(next.key);
              done++;
              schedule.finish(next);
            }
          };
          await Promise.all(Array.from({ length: threads }, worker));
          expect(done).toBe(all.length);
          expect(new Set(taken).size).toBe(all.length);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('a condition that is abandoned keeps none of its pieces, the others go on', async () => {
    const schedule = new PieceSchedule(pieces(2));
    const seen: string[] = [];
    for (let next = await schedule.take(); next !== undefined; next = await schedule.take()) {
      seen.push(next.key);
      if (next.condition.id === 'b') schedule.abandon(next);
      else schedule.finish(next);
    }
    expect(seen.filter(key => key.startsWith('b-'))).toEqual(['b-attack-0']);
    expect(seen.filter(key => key.startsWith('c-'))).toHaveLength(4);
    expect(schedule.isOpen('b')).toBe(false);
  });

  test('a closed schedule hands out nothing and lets waiting threads go', async () => {
    const schedule = new PieceSchedule(pieces(1));
    const first = await schedule.take();
    const waiting = schedule.take();
    schedule.close();
    if (first !== undefined) schedule.finish(first);
    expect(await waiting).toBeUndefined();
    expect(await schedule.take()).toBeUndefined();
  });
});
