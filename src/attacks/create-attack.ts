import type { Attack } from './attack.ts';
import type { AttackSettings } from './attack-settings.ts';
import { apgd } from './apgd.ts';
import { autoAttack } from './autoattack.ts';
import { bim } from './bim.ts';
import { carliniWagner } from './carlini-wagner.ts';
import { ddn } from './ddn.ts';
import { deepFool } from './deepfool.ts';
import { fab } from './fab.ts';
import { fgsm } from './fgsm.ts';
import { fmn } from './fmn.ts';
import { miFgsm } from './mi-fgsm.ts';
import { noise } from './noise.ts';
import { pgd } from './pgd.ts';
import { square } from './square.ts';

/**
 * The attack that these settings describe.
 *
 * @throws AttackError `attack/invalid-setting` when a hyper-parameter is outside its range
 */
export function createAttack(settings: AttackSettings): Attack {
  switch (settings.attack) {
    case 'fgsm':
      return fgsm(settings);
    case 'bim':
      return bim(settings);
    case 'pgd':
      return pgd(settings);
    case 'mi-fgsm':
      return miFgsm(settings);
    case 'apgd':
      return apgd(settings);
    case 'square':
      return square(settings);
    case 'noise':
      return noise(settings);
    case 'autoattack':
      return autoAttack(settings);
    case 'carlini-wagner':
      return carliniWagner(settings);
    case 'deepfool':
      return deepFool(settings);
    case 'ddn':
      return ddn(settings);
    case 'fmn':
      return fmn(settings);
    case 'fab':
      return fab(settings);
  }
}
