import { Batch } from '../arrays/batch.ts';
import { Random } from '../random/random.ts';
import { allRows, gatherInto } from './active-rows.ts';
import type { Attack, AttackContext, Norm } from './attack.ts';
import { displaceWithin } from './box.ts';
import { isSafelyMet } from './criterion.ts';
import { lengthOf } from './norms.ts';
import { requireAtLeast, requireCount } from './setting-ranges.ts';
import { type Findings, noFindings, keepingAttempts, runVerified } from './verification.ts';

/**
 * How a number of the noise is drawn, before the whole is scaled to length ε: evenly from −1 to 1, from
 * the normal distribution, or −1 or 1 (in L∞ a corner of the ball).
 */
export type NoiseDistribution = 'uniform' | 'gaussian' | 'corners';

/** Settings of random noise as an attack. */
export interface NoiseSettings {
  readonly attack: 'noise';
  readonly distribution: NoiseDistribution;
  readonly norm: Norm;
  /** Length of the noise, in input units, at least 0; clipping to the box may shorten it. */
  readonly epsilon: number;
  /** How many draws each sample gets. Default 1. */
  readonly draws?: number;
}

/**
 * Random noise of a given length, the baseline of every attack: what it finds, an attack with
 * gradients has to find too. With `corners` and many draws it is the corner search.
 *
 * @throws AttackError `attack/invalid-setting`
 */
export function noise(settings: NoiseSettings): Attack {
  const { distribution, norm, epsilon, draws = 1 } = settings;
  requireAtLeast('epsilon', epsilon, 0);
  requireCount('draws', draws);
  const resolved = { distribution, norm, epsilon, draws };
  return {
    kind: 'fixed-budget',
    name: 'noise',
    norm,
    settings: resolved,
    run: context =>
      runVerified(context, keepingAttempts, attacked => drawUntilSuccess(attacked, resolved)),
  };
}

async function drawUntilSuccess(
  context: AttackContext,
  { distribution, norm, epsilon, draws }: Required<Omit<NoiseSettings, 'attack'>>,
): Promise<Findings> {
  const { classifier, inputs, criterion, seed, sampleIndices, signal, onProgress } = context;
  const findings = noFindings(inputs);
  const points = findings.candidates;
  const gathered = Batch.zeros(inputs.count, inputs.shape);
  const vector = new Float64Array(inputs.sampleSize);

  let active = allRows(inputs.count);
  for (let draw = 0; draw < draws && active.length > 0; draw++) {
    signal?.throwIfAborted();
    for (const row of active) {
      const random = new Random(seed, ['noise', distribution, sampleIndices[row] as number, draw]);
      for (let i = 0; i < vector.length; i++) vector[i] = drawNumber(random, distribution);
      const scale = epsilon / lengthOf(vector, norm);
      displaceWithin(classifier.bounds, inputs.row(row), vector, scale, points.row(row));
      findings.steps[row] = draw + 1;
    }
    const logits = await classifier.logits(gatherInto(gathered, points, active));
    active = active.filter((row, position) => {
      findings.seenSuccess[row] = isSafelyMet(criterion, row, logits.row(position)) ? 1 : 0;
      return findings.seenSuccess[row] === 0;
    });
    onProgress?.({ completed: draw + 1, total: draws });
  }
  return findings;
}

function drawNumber(random: Random, distribution: NoiseDistribution): number {
  switch (distribution) {
    case 'uniform':
      return random.uniform(-1, 1);
    case 'gaussian':
      return random.normal();
    case 'corners':
      return random.sign();
  }
}
