import type { NumpyValues } from '../numpy/dtype.ts';
import type { WritableArray } from '../numpy/write-numpy.ts';

/** Arrays of a file by name. */
export type NamedArrays = ReadonlyMap<string, NumpyValues>;

/** Names of arrays, each with its type. */
export type Layout = Readonly<
  Record<
    string,
    | Float32ArrayConstructor
    | Float64ArrayConstructor
    | Int32ArrayConstructor
    | Uint8ArrayConstructor
  >
>;
/** Arrays as a layout names them. */
export type Content<Of extends Layout> = { readonly [Name in keyof Of]: Of[Name]['prototype'] };

/** An array of one dimension, to be written. */
export function row(values: NumpyValues): WritableArray {
  return { values, shape: [values.length] };
}

/** The arrays that a layout names, to be written. */
export function rows<Of extends Layout>(
  layout: Of,
  content: Content<Of>,
): Record<string, WritableArray> {
  const names: (keyof Of & string)[] = Object.keys(layout);
  return Object.fromEntries(names.map(name => [name, row(content[name])]));
}

/** The arrays that a layout names; undefined when one is missing or of another type. */
export function take<Of extends Layout>(arrays: NamedArrays, layout: Of): Content<Of> | undefined {
  const found = Object.fromEntries(Object.keys(layout).map(name => [name, arrays.get(name)]));
  return fits(found, layout) ? found : undefined;
}

function fits<Of extends Layout>(
  found: Readonly<Record<string, unknown>>,
  layout: Of,
): found is Content<Of> {
  return Object.entries(layout).every(([name, type]) => found[name] instanceof type);
}
