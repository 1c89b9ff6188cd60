import type { Confusion } from './confusion-record.ts';
import type { Proportion } from './proportion-record.ts';
import { proportion } from './statistics.ts';

/** Counts labels and predictions, in the order of the labels. */
export function confusionOf(
  answers: readonly { readonly label: number; readonly prediction: number }[],
): Confusion {
  const counts = new Map<string, Confusion[number]>();
  for (const { label, prediction } of answers) {
    const key = `${label} ${prediction}`;
    const count = (counts.get(key)?.count ?? 0) + 1;
    counts.set(key, { label, prediction, count });
  }
  return [...counts.values()].sort((a, b) => a.label - b.label || a.prediction - b.prediction);
}

/** How one class fares. */
export interface ClassAccuracy {
  readonly label: number;
  readonly accuracy: Proportion;
  /** The class that it is most often taken for, if any. */
  readonly mostlyTakenFor: number | undefined;
}

/** Accuracy of each class that has samples, in the order of the classes. */
export function classAccuracies(confusion: Confusion): ClassAccuracy[] {
  const labels = [...new Set(confusion.map(({ label }) => label))];
  return labels.map(label => {
    const answers = confusion.filter(pair => pair.label === label);
    const total = answers.reduce((sum, { count }) => sum + count, 0);
    const right = answers.find(({ prediction }) => prediction === label)?.count ?? 0;
    const [wrong] = answers
      .filter(({ prediction }) => prediction !== label)
      .toSorted((a, b) => b.count - a.count);
    return { label, accuracy: proportion(right, total), mostlyTakenFor: wrong?.prediction };
  });
}
