/** What the inverter is shown of an input. It decides more than anything else what is corrected. */
export type InverterInput =
  /** The input as it is: the objective of the founding study. */
  | 'plain'
  /** Trained on inputs with sign noise of random strength and grain, see `input-noise.ts`. */
  | 'noise'
  /** The same, and every input goes through a {@link squeeze} first: for black and white images. */
  | 'noise-and-squeeze';

/**
 * Everything that decides how a manifold is trained, besides the data, the sizes and the seed. The
 * objective is that of Zhao, Dua and Singh (2017): a WGAN with gradient penalty, and an inverter that
 * minimises ‖G(I(x)) − x‖² + λ‖z − I(G(z))‖².
 */
export interface Recipe {
  readonly inverterInput: InverterInput;
  /**
   * Whether the generator too lowers ‖G(I(x)) − x‖², all networks in one loop. Reaches the quality of
   * two stages in a tenth of the time. False is the study's own form: only the critic teaches the
   * generator.
   */
  readonly generatorReconstructs: boolean;
  /** Steps of the critic for each of the generator and the inverter. */
  readonly criticSteps: number;
  /** λ, the weight of ‖z − I(G(z))‖². */
  readonly inverseWeight: number;
  /** Weight of the gradient penalty (Gulrajani et al. 2017). */
  readonly gradientPenalty: number;
  readonly batchSize: number;
  /** Learning rates of Adam. */
  readonly rates: {
    readonly generator: number;
    readonly critic: number;
    readonly inverter: number;
  };
}

const shared = {
  inverseWeight: 0.1,
  gradientPenalty: 10,
  batchSize: 64,
} as const;

/** The study's plain objective: the generator learns from the critic only, the inverter from clean data. */
export const studyRecipe: Recipe = {
  ...shared,
  inverterInput: 'plain',
  generatorReconstructs: false,
  criticSteps: 2,
  rates: { generator: 5e-4, critic: 1e-3, inverter: 1e-3 },
};

/** Our recipe: all terms in one loop, with the given input of the inverter. */
export function oneLoopRecipe(inverterInput: InverterInput): Recipe {
  return {
    ...shared,
    inverterInput,
    generatorReconstructs: true,
    criticSteps: 1,
    rates: { generator: 1e-3, critic: 1e-3, inverter: 1e-3 },
  };
}
