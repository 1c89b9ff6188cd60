import type { CarliniWagnerSettings } from './carlini-wagner-settings.ts';
import type { FgsmSettings } from './fgsm-settings.ts';

/**
 * What a user may ask for: one plain object an attack, told apart by `attack`, the same in a
 * configuration file, in a report and in code. Whether an attack is targeted is not a setting: it
 * follows from the criterion that the attack is given.
 */
export type AttackSettings = FgsmSettings | CarliniWagnerSettings;

/** Name of an attack, as in a configuration file. */
export type AttackName = AttackSettings['attack'];
