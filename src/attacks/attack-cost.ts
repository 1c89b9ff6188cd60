import type { AttackSettings } from './attack-settings.ts';
import { resolveCarliniWagner } from './carlini-wagner-settings.ts';

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
    case 'apgd': {
      const targets = settings.loss === 'targeted-dlr' ? (settings.targets ?? 9) : 1;
      return targets * (settings.steps ?? 100) * (settings.restarts ?? 1);
    }
    case 'square':
      return settings.queries ?? 5000;
    case 'noise':
      return settings.draws ?? 1;
    case 'autoattack':
      return 100 + 900 + 900 + 5000;
    case 'carlini-wagner': {
      const { warmStartSteps, binarySearchSteps, iterations } = resolveCarliniWagner(settings);
      // Towards every class; nine, as long as the model is not known.
      const targets = settings.targets === undefined ? 1 : 9;
      return targets * (warmStartSteps + binarySearchSteps * iterations);
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

/** Stages that an attack is run and kept in, one after the other: the attacks of an ensemble. */
export function stageCount(settings: AttackSettings): number {
  return settings.attack === 'autoattack' ? 4 : 1;
}
