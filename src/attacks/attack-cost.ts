import type { AttackSettings } from './attack-settings.ts';

/**
 * Most gradient steps (or queries) that an attack takes for one sample; samples that are done early
 * take fewer. For plans and progress bars: no tensors are needed to know it.
 */
export function maximumSteps(settings: AttackSettings): number {
  switch (settings.attack) {
    case 'fgsm':
      return 1;
    case 'bim':
    case 'mi-fgsm':
      return settings.steps ?? 10;
    case 'pgd':
      return (settings.steps ?? 40) * (settings.restarts ?? 1);
    case 'carlini-wagner': {
      const { preset, binarySearchSteps, iterations } = settings;
      const [rounds, steps] = { quick: [5, 200], full: [9, 1000], reference: [9, 10_000] }[
        preset
      ] as [number, number];
      return (binarySearchSteps ?? rounds) * (iterations ?? steps);
    }
    case 'deepfool':
      return (settings.steps ?? 50) * (settings.candidates ?? 9);
    case 'ddn':
    case 'fmn':
      return settings.steps ?? 100;
    case 'fab':
      return (settings.steps ?? 100) * (settings.targets ?? 9);
  }
}
