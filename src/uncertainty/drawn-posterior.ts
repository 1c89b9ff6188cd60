import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { Batch } from '../arrays/batch.ts';
import type {
  DrawOptions,
  DrawReceiver,
  Posterior,
  PosteriorMethod,
  UncertaintyScores,
} from './posterior.ts';
import { PredictionAccumulator } from './scores.ts';

/** What every posterior has in common: it is scored by what it draws. */
export abstract class DrawnPosterior implements Posterior {
  readonly applicable = true;
  abstract readonly method: PosteriorMethod;
  abstract readonly description: string;
  abstract readonly classCount: number;

  abstract fixedPasses(passes: number, seed: number): (inputs: Tensor) => Tensor2D;

  abstract draw(inputs: Batch, options: DrawOptions, receive: DrawReceiver): Promise<void>;

  abstract dispose(): void;

  async score(inputs: Batch, options: DrawOptions): Promise<UncertaintyScores> {
    const scores = new PredictionAccumulator(inputs.count, this.classCount);
    await this.draw(inputs, options, (sample, logits) => {
      scores.add(sample, logits);
    });
    return scores.finish();
  }
}
