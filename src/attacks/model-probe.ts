import { largestDifference } from '../model/pass-difference.ts';
import type { AttackContext, AttackOutcome } from './attack.ts';
import { landscapeNoise } from './landscape-noise.ts';
import { pgd } from './pgd.ts';
import { gatherContext } from './verification.ts';

/** What a few samples tell of how well gradients can be trusted on a model. */
export interface ModelProbe {
  /** Of an attack that may change the samples without limit. */
  readonly unbounded: readonly AttackOutcome[];
  /** Mean relative change of each sample's log-odds by tiny noise, in [0, 1]. */
  readonly landscapeChange: Float64Array;
  /** Largest difference of a logit between two passes over the same samples. */
  readonly passDifference: number;
}

/** Directions of tiny noise: enough for a mean over the samples. */
const directions = 20;

/**
 * Asks a model what no attack of an audit asks: can it be fooled at all, is it smooth around its
 * samples, and does it say the same twice?
 *
 * @throws AttackError when inputs or labels do not fit the model
 */
export async function probeModel(context: AttackContext): Promise<ModelProbe> {
  const { classifier, inputs } = context;
  const first = await classifier.logits(inputs);
  const passDifference = largestDifference(first, await classifier.logits(inputs));
  const { lower, upper } = classifier.bounds;
  const unbounded = await pgd({ attack: 'pgd', norm: 'Linf', epsilon: upper - lower }).run(context);
  const right = unbounded.outcomes.flatMap((outcome, row) =>
    outcome === 'already-wrong' ? [] : [row],
  );
  return {
    unbounded: unbounded.outcomes,
    // Where the model is wrong its log-odds may be near 0, and any change looks large.
    landscapeChange: await landscapeNoise(gatherContext(context, right), directions),
    passDifference,
  };
}
