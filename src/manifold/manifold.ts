import type { Batch } from '../arrays/batch.ts';

/** A value and the gradient of a scalar made of it, row by row. */
export interface PulledBack {
  /** What the forward pass returned. */
  readonly outputs: Batch;
  /** Gradient of ⟨output, cotangent⟩ of each row by its own input. */
  readonly gradient: Batch;
}

/**
 * A learned manifold of the user's data: G and I of Zhao, Dua and Singh (2017), and the critic that
 * they were trained with. Samples are in input units; latent vectors are `[batch, latentSize]` and
 * about N(0, 1) in each dimension. What an attack or a correction needs of it, and no more: any pair
 * of functions from and to samples can stand in.
 */
export interface Manifold {
  /** Shape of one sample, as the classifier takes it. */
  readonly inputShape: readonly number[];
  readonly latentSize: number;
  /**
   * Standard deviation of I(x) in each latent dimension over held-out data: a step in a dimension
   * counts in these units where that is said.
   */
  readonly latentDeviations: readonly number[];
  /** Whether the inverter sees its inputs through a squeeze, which hides gradients. */
  readonly squeezes: boolean;
  /** G: latent vectors to samples. */
  decode(latents: Batch): Promise<Batch>;
  /** I: samples to latent vectors. */
  encode(inputs: Batch): Promise<Batch>;
  /** G(I(x)). */
  reconstruct(inputs: Batch): Promise<Batch>;
  /** G, and its gradient along a direction in sample space. */
  pullBackDecode(latents: Batch, cotangents: Batch): Promise<PulledBack>;
  /** G∘I, and its gradient along a direction in sample space. */
  pullBackReconstruct(inputs: Batch, cotangents: Batch): Promise<PulledBack>;
  /**
   * The same, but in the backward pass the squeeze is its linear middle everywhere, (x − 0.3) / 0.4: the
   * gradient where the true one is zero because the squeeze clips (backward pass differentiable
   * approximation, Athalye, Carlini and Wagner 2018).
   */
  pullBackStraightThrough(inputs: Batch, cotangents: Batch): Promise<PulledBack>;
  /**
   * ‖S(G(z)) − S(x)‖² of each row in network units and its gradient by z, where S is the squeeze if
   * the inverter looks at its inputs through one.
   */
  misfit(latents: Batch, inputs: Batch): Promise<Misfit>;
  /** The critic's score of each sample, higher for what looks like data. */
  criticScores(inputs: Batch): Promise<Float32Array>;
  dispose(): void;
}

/** How far decoded latent vectors are from samples. */
export interface Misfit {
  /** `[batch]` */
  readonly squares: Float32Array;
  /** By the latent vectors. */
  readonly gradient: Batch;
}
