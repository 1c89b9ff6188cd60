import type { Batch } from '../arrays/batch.ts';
import type { AttackContext, AttackOutcome, AttackResult, Criterion } from './attack.ts';
import { allRows } from './active-rows.ts';
import { checkContext } from './attack-inputs.ts';
import { gatherCriterion, isMet, referenceClass } from './criterion.ts';

/** What the search of an attack found, one row for each sample that it was given. */
export interface Findings {
  /** The best inputs found, inside the bounds. Whether they succeed is decided elsewhere. */
  readonly candidates: Batch;
  /** 1 where the attack needed a gradient and got zeros or numbers that are not finite. */
  readonly gradientUnavailable: Uint8Array;
  /** Gradient steps or queries that each sample used. */
  readonly steps: Int32Array;
  /** 1 where the candidate met the criterion when the search looked at it. */
  readonly seenSuccess: Uint8Array;
}

/** Nothing found yet: every candidate is the clean sample. */
export function noFindings(inputs: Batch): Findings {
  return {
    candidates: inputs.clone(),
    gradientUnavailable: new Uint8Array(inputs.count),
    steps: new Int32Array(inputs.count),
    seenSuccess: new Uint8Array(inputs.count),
  };
}

/** How what a search found becomes a result. */
export interface Verification {
  /** By how many logits the criterion must be met. */
  readonly confidence: number;
  /**
   * What a sample without success holds. `kept`: the attempt, which is what a model and its scores
   * would meet when somebody attacks within a budget. `discarded`: the clean input again, since a
   * search for the smallest change that found none has nothing to show.
   */
  readonly attempts: 'kept' | 'discarded';
}

/** For attacks within a budget. */
export const keepingAttempts: Verification = { confidence: 0, attempts: 'kept' };
/** For attacks that look for the smallest change. */
export const discardingAttempts: Verification = { confidence: 0, attempts: 'discarded' };

/**
 * What every attack has in common. Samples that the model already gets wrong are not attacked. The
 * search runs on the others, and a fresh forward pass on what it found, as stored, decides about
 * success: not a loss, nor a logit from before the last rounding or clipping.
 *
 * @throws AttackError when inputs, labels or targets do not fit the model
 */
export async function runVerified(
  context: AttackContext,
  { confidence, attempts }: Verification,
  search: (context: AttackContext) => Promise<Findings>,
): Promise<AttackResult> {
  checkContext(context);
  const { classifier, inputs, criterion } = context;
  const cleanLogits = await classifier.logits(inputs);
  const outcomes = allRows(inputs.count).map(row =>
    outcomeWithoutAttack(criterion, row, cleanLogits.row(row)),
  );
  const attacked = allRows(inputs.count).filter(row => outcomes[row] === 'failed');

  const findings = await searchIfAny(gatherContext(context, attacked), search);
  context.signal?.throwIfAborted();
  const foundLogits = await classifier.logits(findings.candidates);

  const adversaries = inputs.clone();
  const logits = cleanLogits.clone();
  const steps = new Int32Array(inputs.count);
  const lostSuccess = new Uint8Array(inputs.count);
  attacked.forEach((row, position) => {
    const found = foundLogits.row(position);
    steps[row] = findings.steps[position] as number;
    const isSuccess = isMet(criterion, row, found, confidence);
    if (isSuccess || attempts === 'kept') {
      adversaries.row(row).set(findings.candidates.row(position));
      logits.row(row).set(found);
    }
    if (isSuccess) {
      outcomes[row] = 'succeeded';
    } else {
      lostSuccess[row] = findings.seenSuccess[position] as number;
      outcomes[row] = findings.gradientUnavailable[position] ? 'gradient-unavailable' : 'failed';
    }
  });
  return { adversaries, outcomes, logits, steps, lostSuccess };
}

/** What is known before the attack; `failed` is what an attack would have to change. */
function outcomeWithoutAttack(
  criterion: Criterion,
  row: number,
  cleanLogits: Float32Array,
): AttackOutcome {
  const { labels } = criterion;
  if (isMet({ kind: 'misclassified', labels }, row, cleanLogits)) return 'already-wrong';
  if (referenceClass(criterion, row) === labels[row] && criterion.kind === 'classified-as') {
    return 'not-run';
  }
  return 'failed';
}

async function searchIfAny(
  context: AttackContext,
  search: (context: AttackContext) => Promise<Findings>,
): Promise<Findings> {
  return context.inputs.count === 0 ? noFindings(context.inputs) : search(context);
}

/** The same attack on some of the samples. */
export function gatherContext(context: AttackContext, rows: readonly number[]): AttackContext {
  return {
    ...context,
    inputs: context.inputs.gather(rows),
    criterion: gatherCriterion(context.criterion, rows),
    sampleIndices: rows.map(row => context.sampleIndices[row] as number),
  };
}
