import type { AttackSettings } from '../../src/attacks/attack-settings.ts';

/** Every attack with settings that a user would take, for the table of times. */
export const attackSuite: readonly AttackSettings[] = [
  { attack: 'fgsm', norm: 'Linf', epsilon: 0.1 },
  { attack: 'bim', norm: 'Linf', epsilon: 0.1 },
  { attack: 'pgd', norm: 'Linf', epsilon: 0.1 },
  { attack: 'pgd', norm: 'L2', epsilon: 1 },
  { attack: 'pgd', norm: 'L1', epsilon: 10 },
  { attack: 'mi-fgsm', norm: 'Linf', epsilon: 0.1 },
  { attack: 'apgd', norm: 'Linf', epsilon: 0.1, loss: 'cross-entropy' },
  { attack: 'apgd', norm: 'Linf', epsilon: 0.1, loss: 'targeted-dlr' },
  { attack: 'square', norm: 'Linf', epsilon: 0.1, queries: 1000 },
  { attack: 'noise', norm: 'Linf', distribution: 'uniform', epsilon: 0.1 },
  { attack: 'deepfool', norm: 'L2' },
  { attack: 'ddn' },
  { attack: 'fmn', norm: 'Linf' },
  { attack: 'fab', norm: 'Linf' },
  { attack: 'carlini-wagner', preset: 'warm' },
  { attack: 'carlini-wagner', preset: 'quick' },
];
