import { io, max, abs, sub, tidy, type Tensor } from '@tensorflow/tfjs-core';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import type { Sequential } from '@tensorflow/tfjs-layers';
import { imageTensor, type DigitSet } from './digit-set.ts';
import { graphModelOf } from './graph-model-export.ts';
import type { Recipe } from './recipes.ts';

/** Most that a probability of the exported graph may differ from that of the model it comes from. */
const graphTolerance = 1e-6;

/**
 * The trained model in the format of its recipe.
 *
 * @param probes digits on which an exported graph has to agree with the model
 * @throws Error when it does not
 */
export async function savedForm(
  recipe: Recipe,
  model: Sequential,
  probes: DigitSet,
): Promise<io.ModelArtifacts> {
  switch (recipe.format) {
    case 'layers-model':
      return layersModelOf(model);
    case 'graph-model': {
      const artifacts = graphModelOf(model);
      const difference = await largestDifference(artifacts, model, probes);
      console.log(`largest difference between graph and layers: ${difference.toExponential(1)}`);
      if (difference <= graphTolerance) return artifacts;
      throw new Error(`The exported graph of ${recipe.name} is not the same function.`);
    }
  }
}

/** The model as TensorFlow.js saves it. */
export async function layersModelOf(model: Sequential): Promise<io.ModelArtifacts> {
  const saved: io.ModelArtifacts[] = [];
  await model.save(
    io.withSaveHandler(artifacts => {
      saved.push(artifacts);
      return Promise.resolve({ modelArtifactsInfo: io.getModelArtifactsInfoForJSON(artifacts) });
    }),
  );
  const [artifacts] = saved;
  if (artifacts === undefined) throw new Error('TensorFlow.js did not save the model.');
  return artifacts;
}

/** Largest absolute difference between the probabilities of a graph model and of its origin. */
async function largestDifference(
  artifacts: io.ModelArtifacts,
  model: Sequential,
  probes: DigitSet,
): Promise<number> {
  const graph = await loadGraphModel(io.fromMemory(artifacts));
  const difference = tidy(() => {
    const images = imageTensor(
      probes,
      Uint32Array.from({ length: probes.count }, (_, i) => i),
    );
    const expected = model.predict(images, { batchSize: 200 }) as Tensor;
    const found = graph.predict(images) as Tensor;
    return max(abs(sub(found, expected))).dataSync()[0] as number;
  });
  graph.dispose();
  return difference;
}
