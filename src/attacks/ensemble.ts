import { Batch } from '../arrays/batch.ts';
import { allRows } from './active-rows.ts';
import type { Attack, AttackContext, AttackOutcome, AttackResult } from './attack.ts';
import { gatherContext } from './verification.ts';

/** How far an ensemble has come: enough to go on from there, even in another process. */
export interface EnsembleState {
  /** Number of attacks that have run. */
  readonly finished: number;
  /** The worst case of each sample over these attacks. */
  readonly result: AttackResult;
  /** For each sample the number of the attack that succeeded, from 0; −1 for none. */
  readonly brokenBy: Int32Array;
}

/** What an ensemble may be given besides the context of its attacks. */
export interface EnsembleOptions {
  /** Where an earlier run stopped. */
  readonly from?: EnsembleState;
  /** How many of the attacks are to have run at the end; all when it is left out. */
  readonly until?: number;
  /** Is told after each attack. */
  readonly onFinished?: (state: EnsembleState) => void;
}

/**
 * Runs attacks one after another, each only on the samples that still stand. The result of a sample
 * is the first success, which is the worst case over all attacks; never an average.
 */
export async function runEnsemble(
  attacks: readonly Attack[],
  context: AttackContext,
  { from, until = attacks.length, onFinished }: EnsembleOptions = {},
): Promise<EnsembleState> {
  let state = from ?? nothingRun(context);
  for (const [nth, attack] of attacks.entries()) {
    if (nth < state.finished || nth >= until) continue;
    const standing = state.result.outcomes.flatMap((outcome, row) =>
      canStillFall(outcome) ? [row] : [],
    );
    if (standing.length > 0) {
      const result = await attack.run({
        ...gatherContext(context, standing),
        onProgress: ({ completed, total }) =>
          context.onProgress?.({ completed: nth + completed / total, total: attacks.length }),
      });
      state = merged(state, standing, result, nth);
    } else {
      state = { ...state, finished: nth + 1 };
    }
    onFinished?.(state);
  }
  return state;
}

function nothingRun({ inputs, classifier }: AttackContext): EnsembleState {
  return {
    finished: 0,
    result: {
      adversaries: inputs.clone(),
      outcomes: allRows(inputs.count).map((): AttackOutcome => 'failed'),
      logits: Batch.zeros(inputs.count, [classifier.classCount]),
      steps: new Int32Array(inputs.count),
      lostSuccess: new Uint8Array(inputs.count),
    },
    brokenBy: new Int32Array(inputs.count).fill(-1),
  };
}

/** Another attack may do what one could not; a wrong answer on the clean sample stays one. */
function canStillFall(outcome: AttackOutcome): boolean {
  switch (outcome) {
    case 'failed':
    case 'gradient-unavailable':
      return true;
    case 'succeeded':
    case 'already-wrong':
    case 'not-run':
      return false;
  }
}

function merged(
  { result, brokenBy }: EnsembleState,
  rows: readonly number[],
  found: AttackResult,
  nth: number,
): EnsembleState {
  const adversaries = result.adversaries.clone();
  const logits = result.logits.clone();
  const outcomes = [...result.outcomes];
  const steps = result.steps.slice();
  const lostSuccess = result.lostSuccess.slice();
  const broken = brokenBy.slice();
  rows.forEach((row, position) => {
    const outcome = found.outcomes[position] as AttackOutcome;
    outcomes[row] = outcome;
    adversaries.row(row).set(found.adversaries.row(position));
    logits.row(row).set(found.logits.row(position));
    steps[row] = (steps[row] as number) + (found.steps[position] as number);
    lostSuccess[row] = (lostSuccess[row] as number) | (found.lostSuccess[position] as number);
    if (outcome === 'succeeded') broken[row] = nth;
  });
  return {
    finished: nth + 1,
    result: { adversaries, outcomes, logits, steps, lostSuccess },
    brokenBy: broken,
  };
}
