import * as tf from '@tensorflow/tfjs-core';
import { Batch } from '../../src/arrays/batch.ts';
import type { Norm } from '../../src/attacks/attack.ts';
import { distanceBetween } from '../../src/attacks/norms.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { Bounds, Classifier } from '../../src/model/classifier.ts';
import { functionClassifier } from '../../src/model/function-classifier.ts';
import type { Random } from '../../src/random/random.ts';

/** Logits x·W + b; every distance to its boundaries has a closed form. */
export interface LinearModel {
  /** One row a feature, one column a class. */
  readonly weights: readonly (readonly number[])[];
  readonly biases: readonly number[];
}

export const unitBox: Bounds = { lower: 0, upper: 1 };
/** So wide that no test reaches its sides. */
export const wideBox: Bounds = { lower: -1000, upper: 1000 };

/** Options that change the classifier but not what it says. */
export interface LinearOptions {
  readonly bounds?: Bounds;
  /** Added to every logit. */
  readonly shift?: number;
  /** Every weight and bias is divided by this; for inputs that are as much larger. */
  readonly inputScale?: number;
}

export function linearClassifier(
  engine: Engine,
  model: LinearModel,
  { bounds = unitBox, shift = 0, inputScale = 1 }: LinearOptions = {},
): Classifier {
  return functionClassifier(engine, {
    name: 'linear',
    inputShape: [model.weights.length],
    classCount: model.biases.length,
    bounds,
    apply: inputs =>
      tf.add(
        tf.add(
          tf.matMul(tf.div(inputs, inputScale), tf.tensor2d(model.weights.map(row => [...row]))),
          tf.tensor1d([...model.biases]),
        ),
        shift,
      ),
  });
}

/** The two-class model whose first logit is w·x + b and whose second is 0. */
export function binaryModel(weights: readonly number[], bias: number): LinearModel {
  return { weights: weights.map(weight => [weight, 0]), biases: [bias, 0] };
}

/** The same model with one more class that is never chosen. */
export function withHopelessClass(model: LinearModel): LinearModel {
  return { weights: model.weights.map(row => [...row, 0]), biases: [...model.biases, -1e6] };
}

/** w and b with z_from − z_to = w·x + b. */
export function difference(
  model: LinearModel,
  from: number,
  to: number,
): { readonly weights: readonly number[]; readonly bias: number } {
  const at = (row: readonly number[], k: number): number => row[k] ?? NaN;
  return {
    weights: model.weights.map(row => at(row, from) - at(row, to)),
    bias: at(model.biases, from) - at(model.biases, to),
  };
}

export function dot(a: Iterable<number>, b: readonly number[]): number {
  return [...a].reduce((sum, value, i) => sum + value * (b[i] ?? NaN), 0);
}

/** A random model of a few classes with weights of normal size and biases of 0. */
export function randomModel(random: Random, features: number, classes: number): LinearModel {
  return {
    weights: Array.from({ length: features }, () =>
      Array.from({ length: classes }, () => random.normal()),
    ),
    biases: Array.from({ length: classes }, () => 0),
  };
}

/** Samples in the unit box. Half of the numbers lie on a side of it, as in pictures of digits. */
export function halfSaturatedSamples(random: Random, count: number, features: number): Batch {
  const values = Float32Array.from({ length: count * features }, () =>
    random.uniform() < 0.5 ? random.integer(2) : random.uniform(),
  );
  return new Batch(values, [features]);
}

/** What the model answers, in float64. */
export function answers(model: LinearModel, samples: Batch): Int32Array {
  return Int32Array.from({ length: samples.count }, (_, row) => {
    const logits = model.biases.map(
      (bias, k) =>
        bias +
        dot(
          samples.row(row),
          model.weights.map(weights => weights[k] ?? NaN),
        ),
    );
    return logits.indexOf(Math.max(...logits));
  });
}

/**
 * The smallest distance in the box at which w·x + b is 0, from x where it is positive; Infinity where
 * no point of the box gets there. By the conditions of Karush, Kuhn and Tucker the nearest point is
 * clip(x − λw) for L2 and clip(x − λ·sign w) for L∞, with λ by bisection. For L1 the numbers with the
 * largest |w| go first, each as far as the box lets it.
 */
export function boxedDistance(
  sample: Float32Array,
  weights: readonly number[],
  bias: number,
  bounds: Bounds,
  norm: Norm,
): number {
  const margin = dot(sample, weights) + bias;
  const rooms = weights.map((weight, i) => {
    const value = sample[i] ?? NaN;
    return weight > 0 ? value - bounds.lower : bounds.upper - value;
  });
  const reach = rooms.reduce((sum, room, i) => sum + room * Math.abs(weights[i] ?? NaN), 0);
  if (reach < margin) return Infinity;
  switch (norm) {
    case 'L1': {
      const order = weights.map((_, i) => i);
      order.sort((a, b) => Math.abs(weights[b] ?? NaN) - Math.abs(weights[a] ?? NaN));
      let left = margin;
      return order.reduce((length, i) => {
        const size = Math.abs(weights[i] ?? NaN);
        const move = Math.min(rooms[i] ?? NaN, left / size);
        left -= move * size;
        return length + move;
      }, 0);
    }
    case 'L2':
    case 'Linf': {
      const direction = norm === 'L2' ? weights : weights.map(weight => Math.sign(weight));
      const nearest = bisect(
        size => direction.map((part, i) => clip((sample[i] ?? NaN) - size * part, bounds)),
        point => dot(point, weights) + bias > 0,
      );
      return distanceBetween(sample, Float64Array.from(nearest), norm);
    }
  }
}

/** Exact distance to the nearest other class of a linear model, in the box. */
export function nearestBoundary(
  model: LinearModel,
  sample: Float32Array,
  label: number,
  bounds: Bounds,
  norm: Norm,
): number {
  const distancesToOthers = model.biases.map((_, other) => {
    if (other === label) return Infinity;
    const { weights, bias } = difference(model, label, other);
    return boxedDistance(sample, weights, bias, bounds, norm);
  });
  return Math.min(...distancesToOthers);
}

/** The point at the size where `isInside` turns false. */
function bisect(
  pointAt: (size: number) => number[],
  isInside: (point: number[]) => boolean,
): number[] {
  let lower = 0;
  let upper = 1e6;
  for (let i = 0; i < 200; i++) {
    const middle = (lower + upper) / 2;
    if (isInside(pointAt(middle))) lower = middle;
    else upper = middle;
  }
  return pointAt(upper);
}

/**
 * The smallest L2 distance in the box to where class `target` has the highest logit: the projection
 * onto the intersection of the box and a half-space for each other class, by the algorithm of Boyle
 * and Dykstra (1986).
 */
export function boxedTargetedL2Distance(
  sample: Float32Array,
  model: LinearModel,
  target: number,
  bounds: Bounds,
): number {
  const halfSpaces = model.biases
    .map((_, k) => k)
    .filter(k => k !== target)
    .map(k => difference(model, k, target));
  const projections: readonly ((point: number[]) => number[])[] = [
    ...halfSpaces.map(({ weights, bias }) => (point: number[]) => {
      const excess = Math.max(0, dot(point, weights) + bias) / dot(weights, weights);
      return point.map((value, i) => value - excess * (weights[i] ?? NaN));
    }),
    point => point.map(value => clip(value, bounds)),
  ];
  let point = [...sample];
  const corrections = projections.map(() => point.map(() => 0));
  for (let i = 0; i < 5000; i++) {
    projections.forEach((project, set) => {
      const shifted = point.map((value, j) => value + (corrections[set]?.[j] ?? NaN));
      point = project(shifted);
      corrections[set] = shifted.map((value, j) => value - (point[j] ?? NaN));
    });
  }
  return Math.hypot(...point.map((value, i) => value - (sample[i] ?? NaN)));
}

function clip(value: number, { lower, upper }: Bounds): number {
  return Math.min(Math.max(value, lower), upper);
}

/** The middle value; of an even number the lower one of the two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN;
}
