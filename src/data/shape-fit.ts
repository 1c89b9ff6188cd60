import { sizeOf } from '../arrays/batch.ts';
import { DataError } from './data-error.ts';

/**
 * Makes sure that stored samples can be taken as inputs without moving a value: the shapes are equal
 * up to axes of length 1, or one of them is flattened.
 *
 * @throws DataError `data/shape-mismatch`
 */
export function requireFittingShape(
  stored: readonly number[],
  wanted: readonly number[],
  place: { readonly file: string; readonly field?: string },
): void {
  const longAxes = (shape: readonly number[]): string => shape.filter(n => n !== 1).join();
  const isFlat = (shape: readonly number[]): boolean => shape.length <= 1;
  const flattened = sizeOf(stored) === sizeOf(wanted) && (isFlat(stored) || isFlat(wanted));
  if (flattened || longAxes(stored) === longAxes(wanted)) return;
  const channelsFirst =
    stored.length === 3 && longAxes([...stored.slice(1), stored[0] as number]) === longAxes(wanted);
  throw new DataError(
    'data/shape-mismatch',
    `The stored samples have shape [${stored.join(', ')}], but the model takes [${wanted.join(', ')}].`,
    {
      place,
      remedy: channelsFirst
        ? 'Store the channels last, with numpy.moveaxis(array, 1, -1).'
        : 'Store the samples in the shape of the model’s input.',
    },
  );
}
