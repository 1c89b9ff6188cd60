import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../arrays/batch.ts';
import type { StepFunction } from '../engine/step-function.ts';
import type { Recipe } from './recipe.ts';
import { squeeze } from './squeeze.ts';
import type { ManifoldNetworks, TrainableNetwork } from './trainable-network.ts';

/** Constants of Adam. The critic's low first one is that of Gulrajani et al. (2017). */
const adam = {
  adversarial: { meanDecay: 0.5, squareDecay: 0.9 },
  inverter: { meanDecay: 0.9, squareDecay: 0.999 },
} as const;

type AdamDecays = (typeof adam)[keyof typeof adam];

/** Numbers in a sample above which the reconstruction error counts as for a sample of this size. */
const reconstructionSize = 784;

/** Keeps roots away from zero, where their slope is infinite. */
const tiny = 1e-12;

/**
 * Rate and correction that Adam takes at a step, see {@link adamFactors}: the two scalars that follow
 * a network's weights and moments in the inputs of a step.
 */
export function adamFactors(
  network: 'generator' | 'critic' | 'inverter',
  rate: number,
  step: number,
): Float32Array {
  const { meanDecay, squareDecay } = adam[network === 'inverter' ? 'inverter' : 'adversarial'];
  return Float32Array.of(rate / (1 - meanDecay ** step), 1 / (1 - squareDecay ** step));
}

/** Moves weights by Adam. @returns new weights, then new means, then new squares */
function descend(
  gradients: readonly tf.Tensor[],
  { weights, means, squares, factors }: NetworkState,
  { meanDecay, squareDecay }: AdamDecays,
): tf.Tensor[] {
  const rate = tf.slice(factors, 0, 1);
  const correction = tf.slice(factors, 1, 1);
  const newMeans = gradients.map((gradient, i) =>
    tf.add(tf.mul(means[i] as tf.Tensor, meanDecay), tf.mul(gradient, 1 - meanDecay)),
  );
  const newSquares = gradients.map((gradient, i) =>
    tf.add(
      tf.mul(squares[i] as tf.Tensor, squareDecay),
      tf.mul(tf.square(gradient), 1 - squareDecay),
    ),
  );
  const newWeights = weights.map((weight, i) => {
    const root = tf.sqrt(tf.mul(newSquares[i] as tf.Tensor, correction));
    return tf.sub(weight, tf.mul(tf.div(newMeans[i] as tf.Tensor, tf.add(root, 1e-8)), rate));
  });
  return [...newWeights, ...newMeans, ...newSquares];
}

/** Weights of a network, the state of its optimiser, and its factors of this step. */
interface NetworkState {
  readonly weights: readonly tf.Tensor[];
  readonly means: readonly tf.Tensor[];
  readonly squares: readonly tf.Tensor[];
  readonly factors: tf.Tensor;
}

/** Takes the inputs of a step apart, in the order in which they were put together. */
class InputReader {
  readonly #inputs: readonly tf.Tensor[];
  #next = 0;

  constructor(inputs: readonly tf.Tensor[]) {
    this.#inputs = inputs;
  }

  one(): tf.Tensor {
    return this.many(1)[0] as tf.Tensor;
  }

  many(count: number): tf.Tensor[] {
    this.#next += count;
    return this.#inputs.slice(this.#next - count, this.#next);
  }

  state({ weights: { length } }: TrainableNetwork): NetworkState {
    return {
      weights: this.many(length),
      means: this.many(length),
      squares: this.many(length),
      factors: this.one(),
    };
  }
}

function weightShapes({ weights }: TrainableNetwork): (readonly number[])[] {
  return weights.map(({ shape }) => shape);
}

/** Shapes of what {@link InputReader.state} reads. */
function stateShapes(network: TrainableNetwork): (readonly number[])[] {
  const shapes = weightShapes(network);
  return [...shapes, ...shapes, ...shapes, [2]];
}

/** Sum over all axes but the first, `[batch]`. */
function sumRows(tensor: tf.Tensor): tf.Tensor1D {
  const [batch = 0, ...rest] = tensor.shape;
  return tf.sum(tf.reshape(tensor, [batch, sizeOf(rest)]), 1);
}

/**
 * One step of the critic: minimises E[C(G(z))] − E[C(x)] + penalty · E[(‖∇C(x̂)‖₂ − 1)²] with x̂
 * between x and G(z) (Gulrajani et al. 2017).
 *
 * Inputs: x, z, the share of x in x̂ `[batch, 1, …]`, the critic's weights, means, squares and factors,
 * the generator's weights. Outputs: the distance E[C(x)] − E[C(G(z))], then the critic's weights,
 * means and squares.
 */
export function criticStep(networks: ManifoldNetworks, recipe: Recipe): StepFunction {
  const { critic, generator, sampleShape, latentSize } = networks;
  const { batchSize, gradientPenalty } = recipe;
  return {
    name: 'training step of the critic',
    inputs: [
      [batchSize, ...sampleShape],
      [batchSize, latentSize],
      [batchSize, ...sampleShape.map(() => 1)],
      ...stateShapes(critic),
      ...weightShapes(generator),
    ],
    compute: (...inputs) => {
      const reader = new InputReader(inputs);
      const [real, latent, mix] = reader.many(3) as [tf.Tensor, tf.Tensor, tf.Tensor];
      const state = reader.state(critic);
      const fake = generator.apply(latent, reader.many(generator.weights.length));
      const between = tf.add(tf.mul(mix, real), tf.mul(tf.sub(1, mix), fake));
      const both = tf.concat([real, fake]);
      const signs = tf.concat([tf.fill([batchSize], -1), tf.fill([batchSize], 1)]);
      const distances: tf.Tensor[] = [];
      const loss = (...weights: tf.Tensor[]): tf.Scalar => {
        const scores = tf.reshape(critic.apply(both, weights), [2 * batchSize]);
        const distance = tf.keep(tf.div(tf.sum(tf.mul(scores, signs)), batchSize));
        distances.push(distance);
        const slope = tf.grad(x => tf.sum(critic.apply(x, weights)))(between);
        const steepness = tf.sqrt(tf.add(sumRows(tf.square(slope)), tiny));
        const penalty = tf.mean(tf.square(tf.sub(steepness, 1)));
        return tf.add<tf.Scalar>(distance, tf.mul(penalty, gradientPenalty));
      };
      const { grads } = tf.valueAndGrads(loss)([...state.weights]);
      const results = [
        ...distances.map(distance => tf.neg(tf.reshape(distance, [1]))),
        ...descend(grads, state, adam.adversarial),
      ];
      tf.dispose(distances);
      return results;
    },
  };
}

/**
 * One step of the generator and the inverter: the inverter minimises E‖G(I(x')) − x‖² +
 * λ·E‖z − I(G(z))‖², where x' is x with noise if the recipe wants it; the generator minimises
 * −E[C(G(z))], and the first term too where the recipe says so.
 *
 * Inputs: x, x', z, the generator's weights, means, squares and factors, the same of the inverter, the
 * critic's weights. Outputs: E‖G(I(x')) − x‖² and E‖z − I(G(z))‖² `[2]`, then weights, means and
 * squares of the generator and of the inverter.
 */
export function generatorStep(networks: ManifoldNetworks, recipe: Recipe): StepFunction {
  const { critic, generator, inverter, sampleShape, latentSize } = networks;
  const { batchSize, inverseWeight, generatorReconstructs } = recipe;
  const size = sizeOf(sampleShape);
  const weightOfSquares = Math.min(1, reconstructionSize / size);
  return {
    name: 'training step of the generator and the inverter',
    inputs: [
      [batchSize, ...sampleShape],
      [batchSize, ...sampleShape],
      [batchSize, latentSize],
      ...stateShapes(generator),
      ...stateShapes(inverter),
      ...weightShapes(critic),
    ],
    compute: (...inputs) => {
      const reader = new InputReader(inputs);
      const [real, shown, latent] = reader.many(3) as [tf.Tensor, tf.Tensor, tf.Tensor];
      const generatorState = reader.state(generator);
      const inverterState = reader.state(inverter);
      const criticWeights = reader.many(critic.weights.length);
      const prepare = recipe.inverterInput === 'noise-and-squeeze' ? squeeze : tf.clone;
      const shownToInverter = prepare(shown);
      // Outside the losses: the inverter learns from the generator's images, not the other way round.
      const fakeForInverter = prepare(generator.apply(latent, generatorState.weights));
      const kept: tf.Tensor[] = [];
      const keep = (tensor: tf.Tensor): tf.Tensor => {
        kept.push(tf.keep(tensor));
        return tensor;
      };
      const loss = (...weights: tf.Tensor[]): tf.Scalar => {
        const generatorWeights = weights.slice(0, generator.weights.length);
        const inverterWeights = weights.slice(generator.weights.length);
        const decoder = generatorReconstructs ? generatorWeights : generatorState.weights;
        const reconstruction = generator.apply(
          inverter.apply(shownToInverter, inverterWeights),
          decoder,
        );
        const squares = keep(tf.mean(sumRows(tf.squaredDifference(reconstruction, real))));
        const recovered = inverter.apply(fakeForInverter, inverterWeights);
        const latentSquares = keep(tf.mean(sumRows(tf.squaredDifference(recovered, latent))));
        const verdict = tf.mean(
          critic.apply(generator.apply(latent, generatorWeights), criticWeights),
        );
        return tf.addN([
          tf.mul(squares, weightOfSquares),
          tf.mul(latentSquares, inverseWeight),
          tf.neg(verdict),
        ]) as tf.Scalar;
      };
      const { grads } = tf.valueAndGrads(loss)([
        ...generatorState.weights,
        ...inverterState.weights,
      ]);
      const results = [
        tf.stack(kept.map(tensor => tf.reshape(tensor, []))),
        ...descend(grads.slice(0, generator.weights.length), generatorState, adam.adversarial),
        ...descend(grads.slice(generator.weights.length), inverterState, adam.inverter),
      ];
      tf.dispose(kept);
      return results;
    },
  };
}

/**
 * The error ‖G(I(x)) − x‖² of each of a batch of samples. Inputs: x, the generator's weights, the
 * inverter's weights. Output: `[batch]`.
 */
export function reconstructionStep(networks: ManifoldNetworks, recipe: Recipe): StepFunction {
  const { generator, inverter, sampleShape } = networks;
  return {
    name: 'reconstruction error',
    inputs: [
      [recipe.batchSize, ...sampleShape],
      ...weightShapes(generator),
      ...weightShapes(inverter),
    ],
    compute: (real, ...weights) => {
      const [generatorWeights, inverterWeights] = [
        weights.slice(0, generator.weights.length),
        weights.slice(generator.weights.length),
      ];
      const shown = recipe.inverterInput === 'noise-and-squeeze' ? squeeze(real) : real;
      const latent = inverter.apply(shown, inverterWeights);
      const reconstruction = generator.apply(latent, generatorWeights);
      return [sumRows(tf.squaredDifference(reconstruction, real))];
    },
  };
}
