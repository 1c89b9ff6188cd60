import type { ApgdSettings } from './apgd.ts';
import type { AutoAttackSettings } from './autoattack.ts';
import type { BimSettings } from './bim.ts';
import type { CarliniWagnerSettings } from './carlini-wagner-settings.ts';
import type { DdnSettings } from './ddn.ts';
import type { DeepFoolSettings } from './deepfool.ts';
import type { FabSettings } from './fab.ts';
import type { FgsmSettings } from './fgsm.ts';
import type { FmnSettings } from './fmn.ts';
import type { MiFgsmSettings } from './mi-fgsm.ts';
import type { NoiseSettings } from './noise.ts';
import type { PgdSettings } from './pgd.ts';
import type { SquareSettings } from './square.ts';

/**
 * What a user may ask for: one plain object an attack, told apart by `attack`, the same in a
 * configuration file, in a report and in code. Whether an attack is targeted is not a setting: it
 * follows from the criterion that the attack is given.
 */
export type AttackSettings =
  | FgsmSettings
  | BimSettings
  | PgdSettings
  | MiFgsmSettings
  | ApgdSettings
  | SquareSettings
  | NoiseSettings
  | AutoAttackSettings
  | CarliniWagnerSettings
  | DeepFoolSettings
  | DdnSettings
  | FmnSettings
  | FabSettings;

/** Name of an attack, as in a configuration file. */
export type AttackName = AttackSettings['attack'];
