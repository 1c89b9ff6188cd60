import type { Norm } from './attack.ts';

/** Settings of the fast gradient sign method. */
export interface FgsmSettings {
  readonly attack: 'fgsm';
  readonly norm: Norm;
  /** Radius of the ball, in input units, at least 0. */
  readonly epsilon: number;
}
