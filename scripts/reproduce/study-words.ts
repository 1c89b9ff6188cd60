import { proportion } from '../../src/report/statistics.ts';
import { type CorrectedSet, correctedAccuracy, type StudySet } from './study-run.ts';

/** How the page of the reproduction writes its numbers. */

export function accuracyOf({ classified }: StudySet): number {
  const { predictions, labels } = classified;
  return predictions.filter((prediction, row) => prediction === labels[row]).length / labels.length;
}

export function shareWithInterval(one: CorrectedSet, name: string): string {
  const total = one.set.indices.length;
  return countWithInterval(Math.round(correctedAccuracy(one, name) * total), total);
}

export function countWithInterval(count: number, total: number): string {
  const { value, lower, upper } = proportion(count, total);
  return `${share(value ?? NaN)} [${(100 * lower).toFixed(1)}, ${(100 * upper).toFixed(1)}]`;
}

export function share(value: number): string {
  return `${(100 * value).toFixed(1)}%`;
}

export function significant(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : '—';
}

export function minutes(seconds: number): string {
  return `${(seconds / 60).toFixed(1)} minutes`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
