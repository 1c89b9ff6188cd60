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
  /**
   * Our settings from little work to much: the first that is as good as a tool is compared with it. Steps
   * so close together that a tool is not compared with twice the work, and those that the tools have.
   */
  readonly rungs: readonly AttackSettings[];
}

const epsilon = 0.1;
const carliniWagner = { attack: 'carlini-wagner', preset: 'warm' } as const;
const easiest = { ...carliniWagner, targets: 'easiest' } as const;
const budget = { norm: 'Linf', epsilon } as const;

/** Attacks that at least one other tool has as well. */
export const contests: readonly AttackContest[] = [
  {
    attack: 'pgd',
    title: `PGD L∞ ε=${epsilon}`,
    samples: 300,
    epsilon,
    rungs: [5, 8, 10, 15, 20, 25, 30, 40, 45, 50, 60, 80, 100].map(steps => ({
      attack: 'pgd',
      ...budget,
      steps,
    })),
  },
  {
    attack: 'apgd',
    title: `APGD-CE L∞ ε=${epsilon}`,
    samples: 300,
    epsilon,
    rungs: [8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100, 200].map(steps => ({
      attack: 'apgd',
      ...budget,
      loss: 'cross-entropy',
      steps,
    })),
  },
  {
    attack: 'carlini-wagner',
    title: 'C&W L2',
    samples: 40,
    epsilon: undefined,
    // Short runs towards each of nine classes are less work than 9 × 1000 steps from the runner-up.
    rungs: [
      { ...carliniWagner, warmStartSteps: 10, binarySearchSteps: 1, iterations: 10 },
      { ...carliniWagner, warmStartSteps: 25, binarySearchSteps: 1, iterations: 50 },
      { ...carliniWagner, binarySearchSteps: 1 },
      carliniWagner,
      { ...easiest, warmStartSteps: 25, binarySearchSteps: 1, iterations: 50 },
      { ...easiest, binarySearchSteps: 1 },
      easiest,
    ],
  },
  {
    attack: 'ddn',
    title: 'DDN L2',
    samples: 300,
    epsilon: undefined,
    rungs: [25, 50, 75, 90, 100, 110, 125, 150, 200, 400].map(steps => ({ attack: 'ddn', steps })),
  },
  {
    attack: 'fmn',
    title: 'FMN L∞',
    samples: 300,
    epsilon: undefined,
    rungs: [25, 50, 100, 110, 120, 130, 140, 150, 200, 400].map(steps => ({
      attack: 'fmn',
      norm: 'Linf',
      steps,
    })),
  },
];
