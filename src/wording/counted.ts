/**
 * A number with its noun: `1 sample`, `2300 samples`, `12,345 samples`, `0 passes`.
 *
 * @param count at least 0
 * @param one the noun for one, of which the plural takes an s
 * @param many the plural where it takes more than that
 */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en', { useGrouping: 'min2' })} ${count === 1 ? one : many}`;
}
