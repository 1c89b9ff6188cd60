import type { AttackContext } from './attack.ts';
import { AttackError } from './attack-error.ts';
import { counted } from '../wording/counted.ts';

/**
 * Refuses what would make an attack's numbers meaningless.
 *
 * @throws AttackError `attack/invalid-inputs` or `attack/invalid-classes`
 */
export function checkContext(context: AttackContext): void {
  checkInputs(context);
  checkClasses(context);
}

function checkInputs({ classifier, inputs }: AttackContext): void {
  const expected = classifier.inputShape.join(', ');
  const given = inputs.shape.join(', ');
  if (given !== expected) {
    throw new AttackError(
      'attack/invalid-inputs',
      `The samples have shape [${given}], but the model takes [${expected}].`,
    );
  }
  // Inputs are float32, so the bounds are compared as float32 too.
  const lower = Math.fround(classifier.bounds.lower);
  const upper = Math.fround(classifier.bounds.upper);
  const position = inputs.values.findIndex(value => !(value >= lower && value <= upper));
  if (position === -1) return;
  throw new AttackError(
    'attack/invalid-inputs',
    `A sample holds ${inputs.values[position] as number}, which is not within the bounds ${classifier.bounds.lower} to ${classifier.bounds.upper}.`,
    {
      place: { sample: Math.floor(position / inputs.sampleSize) },
      remedy: 'Set the bounds to the range of the data, and leave scaling to the preprocessing.',
    },
  );
}

function checkClasses({ classifier, inputs, criterion, sampleIndices }: AttackContext): void {
  if (sampleIndices.length !== inputs.count) {
    throw new RangeError(`${inputs.count} samples came with ${sampleIndices.length} indices`);
  }
  const named: readonly (readonly [name: string, classes: Int32Array])[] = [
    ['label', criterion.labels],
    ...(criterion.kind === 'classified-as' ? [['target', criterion.targets] as const] : []),
  ];
  for (const [name, classes] of named) {
    if (classes.length !== inputs.count) {
      throw new AttackError(
        'attack/invalid-classes',
        `${counted(inputs.count, 'sample')} came with ${counted(classes.length, name)}.`,
      );
    }
    const sample = classes.findIndex(index => index < 0 || index >= classifier.classCount);
    if (sample === -1) continue;
    throw new AttackError(
      'attack/invalid-classes',
      `The ${name} ${classes[sample] as number} is not one of the model’s ${classifier.classCount} classes.`,
      { place: { sample }, remedy: `Classes count from 0 to ${classifier.classCount - 1}.` },
    );
  }
}
