import type { AuditReport, Condition, Proportion } from './audit-report.ts';
import { doubtOf } from './doubt.ts';

/**
 * How numbers and conditions are put into words, the same in lens, hover, table and panel.
 */

/** `0.912` → `91.2%`; unknown → `–`. */
export function percent(value: number | null): string {
  return value === null ? '–' : `${(100 * value).toFixed(1)}%`;
}

/** `91.2% (83.8–95.5)`: the value with its interval. */
export function percentWithInterval(p: Proportion | null): string {
  if (typeof p?.value !== 'number') return '–';
  return `${percent(p.value)} (${(100 * p.lower).toFixed(1)}–${(100 * p.upper).toFixed(1)})`;
}

/** Three significant digits or so many, without exponent where it stays short: `0.0245`, `6.80e-4`. */
export function scientific(value: number | null, digits = 3): string {
  if (value === null || !Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  return Math.abs(value) >= 1e-3 && Math.abs(value) < 1e4
    ? value.toPrecision(digits)
    : value.toExponential(digits - 1);
}

/** A ratio: `2.76×`. */
export function ratio(value: number | null): string {
  return value === null ? '–' : `${significant(value, 3)}×`;
}

/** So many significant digits, or all before the point where those are more: `2.8`, `184`. */
export function significant(value: number, digits: number): string {
  const text = value.toPrecision(digits);
  return text.includes('e+') ? value.toFixed(0) : text;
}

/** Size of a perturbation; null is +∞, which an attack without success leaves as the median. */
export function distance(value: number | null): string {
  return value === null ? '∞' : scientific(value);
}

/**
 * The median size of what an attack found, `L2 1.27`; empty where there is none. An attack within a
 * budget has its budget there or nothing: only a search for the nearest error tells more.
 */
export function medianDistance({ attack, distance: size, state }: Condition): string {
  if (size === undefined || state === 'waiting' || attack?.kind === 'fixed-budget') return '';
  return `${norm(size.norm)} ${distance(size.median)}`;
}

/** How a norm is written: `L∞`. */
export function norm(name: 'Linf' | 'L2' | 'L1'): string {
  return name.replace('Linf', 'L∞');
}

/** `3 s`, `2 min 5 s`, `1 h 12 min`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** How long ago: `just now`, `5 minutes ago`, `3 days ago`. */
export function age(then: string, now: Date): string {
  const seconds = (now.getTime() - new Date(then).getTime()) / 1000;
  const units: readonly [string, number][] = [
    ['day', 86400],
    ['hour', 3600],
    ['minute', 60],
  ];
  for (const [unit, length] of units) {
    const count = Math.floor(seconds / length);
    if (count >= 1) return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
  }
  return 'just now';
}

/**
 * One line on a model for a lens: accuracy clean and under each attack, with the interval.
 * `clean 99.0% (94.6–99.8) · FGSM L∞ ε=0.1 87.0% (79.0–92.2)`.
 */
export function summaryLine(report: AuditReport): string {
  return report.conditions
    .filter(
      ({ kind, accuracy }) => kind !== 'baseline' && accuracy !== null && accuracy.value !== null,
    )
    .map(condition => {
      const name = condition.kind === 'clean' ? 'clean' : condition.label;
      const median = medianDistance(condition);
      const size = median === '' ? '' : `, median ${median}`;
      const doubt =
        doubtOf(condition, report.flags) === undefined ? '' : ' (not to be relied upon)';
      return `${name} ${percentWithInterval(condition.accuracy)}${size}${doubt}`;
    })
    .join(' · ');
}
