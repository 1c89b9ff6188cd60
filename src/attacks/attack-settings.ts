import type { CarliniWagnerSettings } from './carlini-wagner.ts';
import type { FgsmSettings } from './fgsm.ts';

/**
 * What a user may ask for: one plain object an attack, told apart by `attack`, the same in a
 * configuration file, in a report and in code. `target` says which
 * criterion to give the attack; see `criterionFor`.
 */
export type AttackSettings = FgsmSettings | CarliniWagnerSettings;

/** Name of an attack, as in a configuration file. */
export type AttackName = AttackSettings['attack'];
