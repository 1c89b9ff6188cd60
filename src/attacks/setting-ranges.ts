import { AttackError } from './attack-error.ts';

/** @throws AttackError `attack/invalid-setting` unless `value` is finite and at least `minimum` */
export function requireAtLeast(name: string, value: number, minimum: number): void {
  if (!Number.isFinite(value) || value < minimum) {
    throw invalidSetting(name, value, `a number of at least ${minimum}`);
  }
}

/** @throws AttackError `attack/invalid-setting` unless `value` is finite and above 0 */
export function requirePositive(name: string, value: number): void {
  if (!Number.isFinite(value) || value <= 0) {
    throw invalidSetting(name, value, 'a number above 0');
  }
}

/** @throws AttackError `attack/invalid-setting` unless `value` is a whole number of at least 1 */
export function requireCount(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw invalidSetting(name, value, 'a whole number of at least 1');
  }
}

function invalidSetting(name: string, value: number, expected: string): AttackError {
  return new AttackError('attack/invalid-setting', `The setting ${name} is ${value}.`, {
    place: { field: name },
    remedy: `Give ${expected}.`,
  });
}
