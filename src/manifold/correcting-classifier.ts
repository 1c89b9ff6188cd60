import type { Batch } from '../arrays/batch.ts';
import type { Classifier, LogitLoss, LossGradient } from '../model/classifier.ts';
import type { Manifold } from './manifold.ts';

/**
 * The classifier behind its correction, f∘G∘I, as one classifier with the right gradient: what an
 * adversary attacks who knows of the correction. Any attack can be run on it.
 *
 * @param backward `straight-through`: the gradient with the squeeze replaced by its linear middle, see
 *   `Manifold.pullBackStraightThrough`
 */
export function correctingClassifier(
  classifier: Classifier,
  manifold: Pick<Manifold, 'reconstruct' | 'pullBackReconstruct' | 'pullBackStraightThrough'>,
  backward: 'exact' | 'straight-through' = 'exact',
): Classifier {
  const { inputShape, classCount, bounds } = classifier;
  return {
    inputShape,
    classCount,
    bounds,
    logits: async inputs => await classifier.logits(await manifold.reconstruct(inputs)),
    lossGradient: async (
      loss: LogitLoss,
      inputs: Batch,
      parameters: readonly Float32Array[],
    ): Promise<LossGradient> => {
      const reconstructed = await manifold.reconstruct(inputs);
      const outer = await classifier.lossGradient(loss, reconstructed, parameters);
      const { gradient } =
        backward === 'exact'
          ? await manifold.pullBackReconstruct(inputs, outer.gradient)
          : await manifold.pullBackStraightThrough(inputs, outer.gradient);
      return { logits: outer.logits, losses: outer.losses, gradient };
    },
    // Classifier and manifold belong to whoever opened them.
    dispose: () => undefined,
  };
}
