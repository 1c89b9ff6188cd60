import type { Batch } from '../arrays/batch.ts';
import type { Engine } from '../engine/engine.ts';
import { prepareStep, type PreparedStep } from '../engine/step-function.ts';
import type { Recipe } from './recipe.ts';
import type { ManifoldNetworks } from './trainable-network.ts';
import { reconstructionStep } from './training-steps.ts';
import type { TrainingState } from './training-state.ts';

/** How well a manifold reconstructs samples that it is not trained on. */
export class HeldOutError {
  readonly #reconstruction: PreparedStep;
  readonly #samples: Batch;
  readonly #batchSize: number;

  private constructor(reconstruction: PreparedStep, samples: Batch, batchSize: number) {
    this.#reconstruction = reconstruction;
    this.#samples = samples;
    this.#batchSize = batchSize;
  }

  /** @param samples held out, in network units */
  static async prepare(
    engine: Engine,
    networks: ManifoldNetworks,
    recipe: Recipe,
    samples: Batch,
  ): Promise<HeldOutError> {
    const reconstruction = await prepareStep(engine, reconstructionStep(networks, recipe));
    return new HeldOutError(reconstruction, samples, recipe.batchSize);
  }

  /** Mean ‖G(I(x)) − x‖² over the samples, network units. */
  async measure({ generator, inverter }: TrainingState['averages']): Promise<number> {
    const { count } = this.#samples;
    const batchSize = this.#batchSize;
    let sum = 0;
    for (let start = 0; start < count; start += batchSize) {
      // The last part is filled up with the first samples, whose errors are left out.
      const rows = Array.from({ length: batchSize }, (_, i) => (start + i) % count);
      const inputs = this.#samples.gather(rows).values;
      const [errors] = await this.#reconstruction.run([inputs, ...generator, ...inverter]);
      errors?.subarray(0, count - start).forEach(error => (sum += error));
    }
    return sum / count;
  }

  async dispose(): Promise<void> {
    await this.#reconstruction.dispose();
  }
}
