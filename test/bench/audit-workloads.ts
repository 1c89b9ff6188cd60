import type { PieceStep } from '../../src/audit/piece.ts';

/** What is done with how many digits, on the example's convolutional model. */
export interface AuditWorkload {
  readonly name: string;
  readonly samples: number;
  readonly step: PieceStep;
}

/** The pieces of an audit that users wait for. */
export const auditWorkloads: readonly AuditWorkload[] = [
  { name: 'Forward pass', samples: 1000, step: { kind: 'predict' } },
  {
    name: 'FGSM L∞',
    samples: 1000,
    step: {
      kind: 'attack',
      settings: { attack: 'fgsm', norm: 'Linf', epsilon: 0.1 },
      target: undefined,
    },
  },
  {
    name: 'C&W L2 quick',
    samples: 100,
    step: {
      kind: 'attack',
      settings: { attack: 'carlini-wagner', preset: 'quick' },
      target: undefined,
    },
  },
  {
    name: 'All scores, T=100',
    samples: 1000,
    step: { kind: 'score', source: undefined, passes: 100, calibrated: false },
  },
];
