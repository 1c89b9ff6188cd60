import { readSavedModel } from '../../src/model/read-saved-model.ts';
import type { SavedModel } from '../../src/model/saved-model.ts';
import { graphModelFiles, type HandWeight, writeModel } from '../fixtures/write-model.ts';

const float = { type: 'DT_FLOAT' };

/** A node of a graph of float32 tensors. */
export function node(
  name: string,
  operation: string,
  input: readonly string[] = [],
  attributes: object = {},
): object {
  return { name, op: operation, input, attr: { T: float, ...attributes } };
}

/** A constant, whose value is among the weights. */
export function constant(name: string, type = 'DT_FLOAT'): object {
  return { name, op: 'Const', attr: { dtype: { type } } };
}

/** The input of a graph, `[batch, features]`. */
export function placeholder(features: number): object {
  const dim = [{ size: '-1' }, { size: String(features) }];
  return { name: 'x', op: 'Placeholder', attr: { dtype: float, shape: { shape: { dim } } } };
}

/** Writes a graph with a constant for each weight, and reads it as Assay does. */
export async function savedGraph(
  nodes: readonly object[],
  weights: readonly HandWeight[],
): Promise<SavedModel> {
  const constants = weights.map(({ name, dtype }) =>
    constant(name, dtype === 'int32' ? 'DT_INT32' : 'DT_FLOAT'),
  );
  return readSavedModel(await writeModel(graphModelFiles([...constants, ...nodes], weights)));
}
