import { build } from 'esbuild';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attackId, attackLabel } from '../../src/attacks/attack-names.ts';
import type { AttackSettings } from '../../src/attacks/attack-settings.ts';

const examples: readonly (readonly [AttackSettings, string, string])[] = [
  [{ attack: 'fgsm', norm: 'Linf', epsilon: 0.1 }, 'fgsm-linf-0.1', 'FGSM L∞ ε=0.1'],
  [{ attack: 'fgsm', norm: 'Linf', epsilon: 8 / 255 }, 'fgsm-linf-8of255', 'FGSM L∞ ε=8/255'],
  [{ attack: 'fgsm', norm: 'L2', epsilon: 0 }, 'fgsm-l2-0', 'FGSM L2 ε=0'],
  [
    { attack: 'carlini-wagner', preset: 'quick', confidence: 0 },
    'carlini-wagner-l2-quick',
    'C&W L2 (quick)',
  ],
  [
    { attack: 'pgd', norm: 'L2', epsilon: 1.5, restarts: 5 },
    'pgd-l2-1.5-restarts-5',
    'PGD L2 ε=1.5 (restarts 5)',
  ],
  [
    { attack: 'apgd', norm: 'Linf', epsilon: 0.3, loss: 'targeted-dlr' },
    'apgd-linf-0.3-loss-targeted-dlr',
    'APGD L∞ ε=0.3 (loss targeted-dlr)',
  ],
  [{ attack: 'autoattack', norm: 'L2', epsilon: 0.5 }, 'autoattack-l2-0.5', 'AutoAttack L2 ε=0.5'],
  [{ attack: 'ddn', steps: 300 }, 'ddn-l2-steps-300', 'DDN L2 (steps 300)'],
  [{ attack: 'fab', norm: 'L1' }, 'fab-l1', 'FAB-T L1'],
  [
    { attack: 'carlini-wagner', preset: 'full', confidence: 5, iterations: 300 },
    'carlini-wagner-l2-full-confidence-5-iterations-300',
    'C&W L2 κ=5 (full, iterations 300)',
  ],
];

describe('names of attacks', () => {
  test.each(examples)('%o', (settings, id, label) => {
    expect(attackId(settings)).toBe(id);
    expect(attackLabel(settings)).toBe(label);
  });

  test('two different epsilons never share an identifier', () => {
    const epsilons = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(epsilons, epsilons, (first, second) => {
        fc.pre(Math.abs(first - second) > 1e-9);
        const id = (epsilon: number): string => attackId({ attack: 'fgsm', norm: 'Linf', epsilon });
        expect(id(first)).not.toBe(id(second));
      }),
    );
  });

  test('the order in which settings are written does not matter', () => {
    expect(
      attackId({ attack: 'carlini-wagner', preset: 'quick', iterations: 9, abortEarly: false }),
    ).toBe(
      attackId({ abortEarly: false, iterations: 9, preset: 'quick', attack: 'carlini-wagner' }),
    );
  });

  test('naming an attack loads no tensor library', async () => {
    const { metafile } = await build({
      entryPoints: ['src/attacks/attack-names.ts'],
      bundle: true,
      write: false,
      metafile: true,
      platform: 'node',
      format: 'esm',
    });
    expect(Object.keys(metafile.inputs).filter(path => path.includes('node_modules'))).toEqual([]);
  });
});
