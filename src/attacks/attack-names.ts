import type { Norm } from './attack.ts';
import type { AttackName, AttackSettings } from './attack-settings.ts';

/** What people call each attack. */
const TITLES: Readonly<Record<AttackName, string>> = {
  fgsm: 'FGSM',
  bim: 'BIM',
  pgd: 'PGD',
  'mi-fgsm': 'MI-FGSM',
  apgd: 'APGD',
  square: 'Square',
  noise: 'Noise',
  autoattack: 'AutoAttack',
  'carlini-wagner': 'C&W',
  deepfool: 'DeepFool',
  ddn: 'DDN',
  fmn: 'FMN',
  fab: 'FAB-T',
};

const NORM_TITLES: Readonly<Record<Norm, string>> = { Linf: 'L∞', L2: 'L2', L1: 'L1' };

/** The parts of settings that every name shows, and the rest: choices that differ from a default. */
interface NamedParts {
  readonly norm: Norm;
  readonly epsilon: number | undefined;
  readonly preset: string | undefined;
  readonly confidence: number;
  readonly others: readonly (readonly [name: string, value: string])[];
}

/**
 * A stable, readable identifier: `fgsm-linf-0.1`, `carlini-wagner-l2-quick`. Settings that are given
 * although they have a default follow in alphabetical order (`…-confidence-5-iterations-300`); equal
 * identifiers mean equal settings.
 */
export function attackId(settings: AttackSettings): string {
  const { norm, epsilon, preset, confidence, others } = namedParts(settings);
  return [
    settings.attack,
    norm.toLowerCase(),
    ...(epsilon === undefined ? [] : [formatEpsilon(epsilon).replace('/', 'of')]),
    ...(preset === undefined ? [] : [preset]),
    ...(confidence === 0 ? [] : [`confidence-${confidence}`]),
    ...others.map(([name, value]) => `${name.replaceAll(' ', '-')}-${value}`),
  ].join('-');
}

/** What a report calls an attack: `FGSM L∞ ε=0.1`, `C&W L2 κ=5 (quick)`. */
export function attackLabel(settings: AttackSettings): string {
  const { norm, epsilon, preset, confidence, others } = namedParts(settings);
  const details = [
    ...(preset === undefined ? [] : [preset]),
    ...others.map(([name, value]) => `${name} ${value}`),
  ];
  return [
    TITLES[settings.attack],
    NORM_TITLES[norm],
    ...(epsilon === undefined ? [] : [`ε=${formatEpsilon(epsilon)}`]),
    ...(confidence === 0 ? [] : [`κ=${confidence}`]),
    ...(details.length === 0 ? [] : [`(${details.join(', ')})`]),
  ].join(' ');
}

/** Norm that an attack with these settings bounds or minimises. */
export function attackNorm(settings: AttackSettings): Norm {
  return 'norm' in settings ? settings.norm : 'L2';
}

function namedParts(settings: AttackSettings): NamedParts {
  const shown = new Set(['attack', 'norm', 'epsilon', 'preset', 'confidence']);
  return {
    norm: attackNorm(settings),
    epsilon: 'epsilon' in settings ? settings.epsilon : undefined,
    preset: 'preset' in settings ? settings.preset : undefined,
    confidence: ('confidence' in settings ? settings.confidence : undefined) ?? 0,
    others: Object.entries(settings)
      .filter(([key, value]) => !shown.has(key) && value !== undefined)
      .map(([key, value]) => [words(key), String(value)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  };
}

/** `binarySearchSteps` → `binary search steps`. */
function words(key: string): string {
  return key.replace(/[A-Z]/g, capital => ` ${capital.toLowerCase()}`);
}

/** A short decimal as it is; otherwise a whole number of 255ths, if it is one; otherwise in full. */
function formatEpsilon(epsilon: number): string {
  const decimal = String(epsilon);
  const of255 = Math.round(epsilon * 255);
  const isOf255 = of255 !== 0 && Math.abs(epsilon * 255 - of255) < 1e-9;
  return decimal.length > 6 && isOf255 ? `${of255}/255` : decimal;
}
