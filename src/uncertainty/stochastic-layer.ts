import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayerStep } from './layer-program.ts';
import type { NoiseSource } from './noise.ts';
import type { PassTensor } from './pass-tensor.ts';

/** A layer made stochastic, its randomness coming in from outside. */
export interface StochasticLayer {
  /** For the report: `Dropout, rate 0.5`. */
  readonly description: string;
  /**
   * What it draws for a pass of a sample.
   *
   * @param sampleShape shape of one sample of its input
   */
  sources(sampleShape: readonly number[]): readonly NoiseSource[];
  /**
   * Whether all that it does is to multiply its input by noise of the same shape that drops units. The
   * product can then be computed where the noise is drawn.
   *
   * @param sampleShape shape of one sample of its input
   */
  onlyDropsUnits(sampleShape: readonly number[]): boolean;
  /**
   * @param noise one tensor `[batch, passes, …shape]` for each of its sources
   * @returns its outputs, which differ between passes
   */
  run(
    step: LayerStep,
    inputs: readonly PassTensor[],
    noise: readonly Tensor[],
    passes: number,
  ): readonly PassTensor[];
}
