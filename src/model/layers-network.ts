import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { dequantise } from './dequantised-weights.ts';
import { removeFinalActivation } from './final-activation.ts';
import { allLayersOf, copyModelConfig, nameOfLayer, type KerasLayer } from './keras-config.ts';
import { ModelError } from './model-error.ts';
import type { FinalActivation, Network } from './network.ts';
import { chooseOutput, severalInputs, wrongInputDtype } from './network-ends.ts';
import type { SavedModel } from './saved-model.ts';

/**
 * A layers model as `tf.loadLayersModel(tf.io.fromMemory(…))` takes it, with weights dequantised.
 *
 * @param config a rewritten configuration in place of the saved one (see `copyModelConfig`)
 */
export function layersArtifacts(
  saved: SavedModel,
  config: KerasLayer = copyModelConfig(saved),
): tf.io.ModelArtifacts {
  const { specs, data } = dequantise(saved);
  return {
    format: 'layers-model',
    modelTopology: config,
    weightSpecs: specs.map(spec => ({ ...spec, shape: [...spec.shape] })),
    weightData: data,
  };
}

/**
 * Builds the layers model of a configuration and loads its weights.
 *
 * @throws ModelError `model/unknown-layer`, `model/keras-3`, `model/failed`
 */
export async function loadLayersModel(
  saved: SavedModel,
  config: KerasLayer = copyModelConfig(saved),
): Promise<layers.LayersModel> {
  refuseKeras3(saved);
  refuseUnknownLayers(saved, config);
  try {
    return await layers.loadLayersModel(tf.io.fromMemory(layersArtifacts(saved, config)));
  } catch (error) {
    throw new ModelError(
      'model/failed',
      `TensorFlow.js cannot build the model: ${firstLine(error)}`,
      {
        place: { file: saved.path },
        remedy: 'Check that tf.loadLayersModel loads it; if it does, please report this.',
        cause: error,
      },
    );
  }
}

/**
 * Opens one output of a layers model.
 *
 * @param outputName name of the output (its layer); needed where several could hold the classes
 * @throws ModelError
 */
export async function openLayersNetwork(
  saved: SavedModel,
  outputName: string | undefined,
): Promise<Network> {
  const config = openBatchAxis(copyModelConfig(saved));
  const model = await loadLayersModel(saved, config);
  try {
    const endings = model.outputs.map((_, index) =>
      removeFinalActivation(structuredClone(config), index),
    );
    const candidates = model.outputs.map((output, index) => ({
      names: [output.sourceLayer.name],
      activation: endings[index]?.activation ?? 'linear',
    }));
    const outputIndex = chooseOutput(candidates, outputName, saved.path);
    const ending = endings[outputIndex] as FinalActivation;
    return new LayersNetwork(saved, config, model, outputIndex, ending);
  } catch (error) {
    model.dispose();
    throw error;
  }
}

class LayersNetwork implements Network {
  readonly inputShape: readonly (number | null)[];
  readonly outputName: string;
  readonly ending: FinalActivation;
  readonly parameterCount: number;
  readonly rowsAreIndependent = true;
  /** The part of the model that leads to the output; shares layers and weights with the model. */
  readonly layersModel: layers.LayersModel;
  readonly #saved: SavedModel;
  readonly #config: KerasLayer;
  readonly #model: layers.LayersModel;
  readonly #outputIndex: number;

  constructor(
    saved: SavedModel,
    config: KerasLayer,
    model: layers.LayersModel,
    outputIndex: number,
    ending: FinalActivation,
  ) {
    const input = onlyInput(saved, model);
    this.inputShape = input.shape.slice(1);
    this.ending = ending;
    this.parameterCount = model.countParams();
    this.#saved = saved;
    this.#config = config;
    this.#model = model;
    this.#outputIndex = outputIndex;
    const output = model.outputs[outputIndex] as layers.SymbolicTensor;
    this.outputName = output.sourceLayer.name;
    this.layersModel =
      model.outputs.length === 1 ? model : layers.model({ inputs: input, outputs: output });
  }

  apply(inputs: tf.Tensor): tf.Tensor {
    // `apply` without `training` is inference: dropout is idle, batch normalisation uses its moving
    // statistics and leaves them alone.
    return this.layersModel.apply(inputs) as tf.Tensor;
  }

  async beforeActivation(): Promise<Network> {
    this.dispose();
    const config = structuredClone(this.#config);
    const ending = removeFinalActivation(config, this.#outputIndex);
    const model = await loadLayersModel(this.#saved, config);
    return new LayersNetwork(this.#saved, config, model, this.#outputIndex, {
      ...ending,
      activation: 'linear',
      removable: false,
    });
  }

  dispose(): void {
    this.#model.dispose();
  }
}

function onlyInput(saved: SavedModel, model: layers.LayersModel): layers.SymbolicTensor {
  const [input, ...others] = model.inputs;
  if (input === undefined || others.length > 0) {
    throw severalInputs(
      model.inputs.map(({ sourceLayer }) => sourceLayer.name),
      saved.path,
    );
  }
  if (input.dtype !== 'float32')
    throw wrongInputDtype(input.sourceLayer.name, input.dtype, saved.path);
  return input;
}

/** Some models were saved with a fixed batch size, which is of no use here. */
function openBatchAxis(config: KerasLayer): KerasLayer {
  for (const layer of allLayersOf(config)) {
    const shape = layer.config['batch_input_shape'];
    if (Array.isArray(shape) && shape.length > 0) shape[0] = null;
  }
  return config;
}

function refuseKeras3(saved: SavedModel): void {
  const version = 'keras_version' in saved.topology ? saved.topology.keras_version : undefined;
  if (typeof version !== 'string' || !version.startsWith('3.')) return;
  throw new ModelError(
    'model/keras-3',
    `The model was saved by Keras ${version}, whose configuration TensorFlow.js cannot read.`,
    {
      place: { file: saved.path, field: 'keras_version' },
      remedy:
        'Save it with tf_keras (Keras 2) and convert it again, or convert it as tfjs_graph_model.',
    },
  );
}

function refuseUnknownLayers(saved: SavedModel, config: KerasLayer): void {
  const known = tf.serialization.SerializationMap.getMap().classNameMap;
  const unknown = [config, ...allLayersOf(config)].find(layer => !(layer.class_name in known));
  if (unknown === undefined) return;
  throw new ModelError(
    'model/unknown-layer',
    `The layer ${nameOfLayer(unknown)} is a ${unknown.class_name}, which TensorFlow.js does not have.`,
    {
      place: { file: saved.path, field: nameOfLayer(unknown) },
      remedy:
        'Convert the model as tfjs_graph_model, which needs no layer classes, or replace the layer.',
    },
  );
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0] ?? message;
}
