import { Random, type RandomKey } from '../random/random.ts';

/**
 * Decides what random numbers a model draws that has such operations in its graph, until it is called
 * again. TensorFlow.js seeds each of its generators with one number of `Math.random`, which nothing
 * else in a tensor thread needs: from now on those of this thread come from a stream of ours, so that
 * a piece comes out the same on every thread, in every order, and in the next audit.
 *
 * @param key what is about to be done
 */
export function seedModelChance(seed: number, key: RandomKey): void {
  const random = new Random(seed, ['chance of the model', ...key]);
  Math.random = () => random.uniform();
}
