import type { AttackSettings } from '../../src/attacks/attack-settings.ts';

/** One attack as several tools have it, and the budgets at which ours is tried. */
export interface AttackContest {
  /** Name of the attack, as `peer_attacks.py` knows it. */
  readonly attack: 'pgd' | 'apgd' | 'carlini-wagner' | 'ddn' | 'fmn';
  readonly title: string;
  /** Test digits, from the first on. */
  readonly samples: number;
  /** Largest L∞ change, input units; undefined where the smallest change is looked for. */
  readonly epsilon: number | undefined;
  /** Our settings from little work to much: the first that is as good as a tool is compared with it. */
  readonly rungs: readonly AttackSettings[];
}

const epsilon = 0.1;
const budget = { norm: 'Linf', epsilon } as const;

/** Attacks that at least one other tool has as well. */
export const contests: readonly AttackContest[] = [
  {
    attack: 'pgd',
    title: `PGD L∞ ε=${epsilon}`,
    samples: 500,
    epsilon,
    rungs: [10, 20, 40, 100].map(steps => ({ attack: 'pgd', ...budget, steps })),
  },
  {
    attack: 'apgd',
    title: `APGD-CE L∞ ε=${epsilon}`,
    samples: 500,
    epsilon,
    rungs: [25, 50, 100, 200].map(steps => ({
      attack: 'apgd',
      ...budget,
      loss: 'cross-entropy',
      steps,
    })),
  },
  {
    attack: 'carlini-wagner',
    title: 'C&W L2',
    samples: 100,
    epsilon: undefined,
    rungs: [
      { attack: 'carlini-wagner', preset: 'quick', binarySearchSteps: 3, iterations: 100 },
      { attack: 'carlini-wagner', preset: 'quick', iterations: 100 },
      { attack: 'carlini-wagner', preset: 'quick' },
      { attack: 'carlini-wagner', preset: 'quick', binarySearchSteps: 9 },
      { attack: 'carlini-wagner', preset: 'full' },
    ],
  },
  {
    attack: 'ddn',
    title: 'DDN L2',
    samples: 500,
    epsilon: undefined,
    rungs: [25, 50, 100, 200, 400].map(steps => ({ attack: 'ddn', steps })),
  },
  {
    attack: 'fmn',
    title: 'FMN L∞',
    samples: 500,
    epsilon: undefined,
    rungs: [25, 50, 100, 200, 400].map(steps => ({ attack: 'fmn', norm: 'Linf', steps })),
  },
];
