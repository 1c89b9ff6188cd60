import { Batch } from '../arrays/batch.ts';
import { Random } from '../random/random.ts';
import { allRows, gatherInto } from './active-rows.ts';
import type { Attack, AttackContext } from './attack.ts';
import { criterionGap, isSafelyMet } from './criterion.ts';
import { requireAtLeast, requireCount, requirePositive } from './setting-ranges.ts';
import type { SquareMoves } from './square-moves.ts';
import { SquareMovesL2 } from './square-moves-l2.ts';
import { SquareMovesLinf } from './square-moves-linf.ts';
import { type Findings, noFindings, keepingAttempts, runVerified } from './verification.ts';

/** Settings of the square attack. */
export interface SquareSettings {
  readonly attack: 'square';
  readonly norm: 'Linf' | 'L2';
  /** Radius of the ball, in input units, at least 0. */
  readonly epsilon: number;
  /** Forward passes that each sample gets at most. Default 5000. */
  readonly queries?: number;
  /** p: part of the picture that the first windows cover, at most 1. Default 0.8. */
  readonly initialArea?: number;
}

/** As in AutoAttack (fra31/auto-attack). */
const QUERIES = 5000;
const INITIAL_AREA = 0.8;

/** Where the area of the windows halves, in ten thousandths of all queries. */
const HALVINGS = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000];

/**
 * Square attack: random search without gradients. Changes a random window of the picture, and keeps
 * the change when it brings the criterion nearer. Since it looks at logits only, it is the test for
 * masked gradients.
 *
 * Andriushchenko, Croce, Flammarion, Hein: Square attack: a query-efficient black-box adversarial
 * attack via random search (2020).
 *
 * Inputs of one axis are taken as pictures of one row.
 *
 * @throws AttackError `attack/invalid-setting`
 */
export function square(settings: SquareSettings): Attack {
  const { norm, epsilon, queries = QUERIES, initialArea = INITIAL_AREA } = settings;
  requireAtLeast('epsilon', epsilon, 0);
  requireCount('queries', queries);
  requirePositive('initialArea', initialArea);
  const resolved = { norm, epsilon, queries, initialArea };
  return {
    kind: 'fixed-budget',
    name: 'square',
    norm,
    settings: resolved,
    run: context =>
      runVerified(context, keepingAttempts, attacked => searchWindows(attacked, resolved)),
  };
}

async function searchWindows(
  context: AttackContext,
  { norm, epsilon, queries, initialArea }: Required<Omit<SquareSettings, 'attack'>>,
): Promise<Findings> {
  const { classifier, inputs, criterion, seed, sampleIndices, signal, onProgress } = context;
  const moves: SquareMoves =
    norm === 'Linf'
      ? new SquareMovesLinf(inputs.shape, classifier.bounds, epsilon)
      : new SquareMovesL2(inputs.shape, classifier.bounds, epsilon);
  const findings = noFindings(inputs);
  const best = findings.candidates;
  const tried = inputs.clone();
  const gathered = Batch.zeros(inputs.count, inputs.shape);
  const gaps = new Float64Array(inputs.count).fill(-Infinity);
  const randoms = sampleIndices.map(index => new Random(seed, ['square', norm, index]));

  let active = allRows(inputs.count);
  for (let query = 0; query < queries && active.length > 0; query++) {
    signal?.throwIfAborted();
    const area = windowArea(initialArea, query, queries);
    for (const row of active) {
      const random = randoms[row] as Random;
      const point = tried.row(row);
      if (query === 0) moves.start(random, inputs.row(row), point);
      else moves.propose(random, area, inputs.row(row), best.row(row), point);
      findings.steps[row] = query + 1;
    }
    const logits = await classifier.logits(gatherInto(gathered, tried, active));
    active = active.filter((row, position) => {
      const gap = criterionGap(criterion, row, logits.row(position));
      if (gap > (gaps[row] as number)) {
        gaps[row] = gap;
        best.row(row).set(tried.row(row));
      }
      findings.seenSuccess[row] = isSafelyMet(criterion, row, logits.row(position)) ? 1 : 0;
      return findings.seenSuccess[row] === 0;
    });
    onProgress?.({ completed: query + 1, total: queries });
  }
  return findings;
}

/** p of the schedule: halved at fixed parts of the queries. */
function windowArea(initialArea: number, query: number, queries: number): number {
  const tenThousandth = Math.floor((query / queries) * 10_000);
  return initialArea / 2 ** HALVINGS.filter(at => tenThousandth > at).length;
}
