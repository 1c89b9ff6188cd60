import * as tf from '@tensorflow/tfjs-core';
import { Batch } from '../../src/arrays/batch.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { Manifold } from '../../src/manifold/manifold.ts';
import type { Classifier } from '../../src/model/classifier.ts';
import { functionClassifier } from '../../src/model/function-classifier.ts';
import { Random } from '../../src/random/random.ts';

/** A matrix by rows. */
export type Rows = readonly (readonly number[])[];

/** A matrix of independent normal numbers. */
export function normalRows(rows: number, columns: number, key: string): Rows {
  const random = new Random(3, [key]);
  return Array.from({ length: rows }, () => Array.from({ length: columns }, () => random.normal()));
}

/** M·v. */
export function times(matrix: Rows, vector: ArrayLike<number>): number[] {
  return matrix.map(row => row.reduce((sum, value, i) => sum + value * (vector[i] ?? NaN), 0));
}

export function transposed(matrix: Rows): Rows {
  const [first = []] = matrix;
  return first.map((_, column) => matrix.map(row => row[column] ?? NaN));
}

/** Orthonormal columns that span those of a matrix (Gram and Schmidt). */
export function orthonormal(matrix: Rows): Rows {
  const columns: number[][] = [];
  for (const column of transposed(matrix)) {
    const rest = [...column];
    for (const other of columns) {
      const share = other.reduce((sum, value, i) => sum + value * (column[i] ?? NaN), 0);
      other.forEach((value, i) => (rest[i] = (rest[i] ?? NaN) - share * value));
    }
    const norm = Math.hypot(...rest);
    columns.push(rest.map(value => value / norm));
  }
  return transposed(columns);
}

/**
 * G(z) = Az + c and I(x) = Aᵀ(x − c): with orthonormal columns the projection onto a plane. All by
 * plain arithmetic, none of it ours.
 */
export function linearManifold(a: Rows, offset: readonly number[]): Manifold {
  const latentSize = a[0]?.length ?? 0;
  const inputShape = [a.length];
  const byRow = (batch: Batch, shape: readonly number[], fn: (row: Float32Array) => number[]) => {
    const result = Batch.zeros(batch.count, shape);
    for (let row = 0; row < batch.count; row++) result.row(row).set(fn(batch.row(row)));
    return result;
  };
  const aT = transposed(a);
  const decode = (latents: Batch): Batch =>
    byRow(latents, inputShape, z => times(a, z).map((value, i) => value + (offset[i] ?? 0)));
  const encode = (inputs: Batch): Batch =>
    byRow(inputs, [latentSize], x =>
      times(
        aT,
        x.map((value, i) => value - (offset[i] ?? 0)),
      ),
    );
  const project = (vectors: Batch): Batch =>
    byRow(vectors, inputShape, v => times(a, times(aT, v)));
  return {
    inputShape,
    latentSize,
    latentDeviations: Array.from({ length: latentSize }, () => 1),
    squeezes: false,
    decode: latents => Promise.resolve(decode(latents)),
    encode: inputs => Promise.resolve(encode(inputs)),
    reconstruct: inputs => Promise.resolve(decode(encode(inputs))),
    pullBackDecode: (latents, cotangents) =>
      Promise.resolve({
        outputs: decode(latents),
        gradient: byRow(cotangents, [latentSize], v => times(aT, v)),
      }),
    pullBackReconstruct: (inputs, cotangents) =>
      Promise.resolve({ outputs: decode(encode(inputs)), gradient: project(cotangents) }),
    pullBackStraightThrough: (inputs, cotangents) =>
      Promise.resolve({ outputs: decode(encode(inputs)), gradient: project(cotangents) }),
    misfit: (latents, inputs) => {
      const decoded = decode(latents);
      const rest = new Batch(
        decoded.values.map((value, i) => value - (inputs.values[i] ?? NaN)),
        inputShape,
      );
      const squares = Float32Array.from({ length: latents.count }, (_, row) =>
        rest.row(row).reduce((sum, value) => sum + value * value, 0),
      );
      const gradient = byRow(rest, [latentSize], v => times(aT, v).map(value => 2 * value));
      return Promise.resolve({ squares, gradient });
    },
    criticScores: inputs => Promise.resolve(new Float32Array(inputs.count)),
    dispose: () => undefined,
  };
}

/** Two classes with logits [w·x + b, 0]: class 0 where w·x + b is positive. */
export function linearClassifier(
  engine: Engine,
  w: readonly number[],
  b: number,
  bounds = { lower: -1000, upper: 1000 },
): Classifier {
  return functionClassifier(engine, {
    name: 'linear',
    inputShape: [w.length],
    classCount: 2,
    bounds,
    apply: inputs => {
      const first = tf.add(tf.sum(tf.mul(inputs, tf.tensor1d([...w])), 1), b);
      return tf.stack([first, tf.zerosLike(first)], 1) as tf.Tensor2D;
    },
  });
}
