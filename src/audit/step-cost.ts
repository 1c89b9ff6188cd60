import { maximumSteps } from '../attacks/attack-cost.ts';
import type { PieceStep } from './piece.ts';

/** Gradient evaluations that a step takes for one sample, roughly; a forward pass is a third of one. */
export function stepCost(step: PieceStep): number {
  switch (step.kind) {
    case 'predict':
    case 'outside':
    case 'corrupt':
    case 'match-noise':
      return 1 / 3;
    case 'probe':
      return 60;
    case 'illustrate':
      return 5;
    case 'certify':
      return (step.settings.draws + step.settings.selectionDraws) / 3;
    case 'score':
      // ODIN's gradient, and forward passes for posterior, features and ODIN; of the passes only
      // what follows the first stochastic layer is run again, a few per cent.
      return 2 + step.passes / 60;
    case 'attack':
    case 'transfer':
      // One forward pass before and after; what leaves early makes up for the bookkeeping.
      return maximumSteps(step.settings) + 1 / 3;
    case 'natural':
      // The hybrid search asks some thousand times, forward only.
      return step.search === 'gradient' ? 90 : 1500;
    case 'correct':
      return 3 + (step.adaptive === undefined ? 0 : 2 * maximumSteps(step.adaptive.settings));
    case 'evade':
      // With λ, without it where that failed, and what lowers the score of successes.
      return (
        maximumSteps(step.settings) * (7 / 3 + step.evasion.passes / 20) +
        step.evasion.steps * (1 + step.evasion.passes / 20)
      );
  }
}
