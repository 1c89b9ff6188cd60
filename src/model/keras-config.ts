import { ModelError } from './model-error.ts';
import type { SavedModel } from './saved-model.ts';

/** A layer as a Keras configuration has it. Mutable, since variants of a model rewrite copies. */
export interface KerasLayer {
  class_name: string;
  /** Present in functional models. */
  name?: string;
  config: Record<string, unknown>;
  /** For each call of the layer, what it is called with (functional models). */
  inbound_nodes?: unknown[];
}

/** Which output of which call of which layer: [layer, call, output]. */
export type KerasTensor = readonly [layer: string, call: number, output: number];

/** A deep copy of the configuration of a layers model, free to be changed. */
export function copyModelConfig(saved: Pick<SavedModel, 'topology' | 'path'>): KerasLayer {
  const copy: object = structuredClone(saved.topology);
  const config: unknown = 'model_config' in copy ? copy.model_config : copy;
  if (!isLayer(config)) {
    throw new ModelError('model/invalid', 'The Keras configuration has no class_name and config.', {
      place: { file: saved.path, field: 'modelTopology' },
      remedy: 'Convert the model again.',
    });
  }
  return config;
}

export function isLayer(value: unknown): value is KerasLayer {
  return isRecord(value) && typeof value['class_name'] === 'string' && isRecord(value['config']);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Name of a layer for messages. */
export function nameOfLayer(layer: KerasLayer): string {
  const name = layer.name ?? layer.config['name'];
  return typeof name === 'string' ? name : layer.class_name;
}

/** Whether the layer is a model of its own: `Sequential`, `Model` or `Functional`. */
export function isModel(layer: KerasLayer): boolean {
  return 'layers' in layer.config || Array.isArray(layer.config);
}

/** The layers of a model in the order of the configuration; empty for a plain layer. */
export function layersOf(model: KerasLayer): readonly KerasLayer[] {
  const layers: unknown = Array.isArray(model.config) ? model.config : model.config['layers'];
  return Array.isArray(layers) ? layers.filter(isLayer) : [];
}

/** All layers of a model with those of nested models and inside wrappers, outermost first. */
export function allLayersOf(model: KerasLayer): readonly KerasLayer[] {
  const wrapped = ['layer', 'forward_layer', 'backward_layer']
    .map(key => model.config[key])
    .filter(isLayer);
  return [...layersOf(model), ...wrapped].flatMap(layer => [layer, ...allLayersOf(layer)]);
}

/** The outputs of a functional model; `undefined` for a sequential one, whose last layer it is. */
export function outputsOf(model: KerasLayer): readonly KerasTensor[] | undefined {
  const outputs = model.config['output_layers'];
  if (!Array.isArray(outputs)) return undefined;
  // One output may stand without the list around it.
  const list: readonly unknown[] = typeof outputs[0] === 'string' ? [outputs] : outputs;
  return list.filter(isTensor);
}

/** Every tensor that a functional layer is called with, for each of its calls. */
export function inputsOf(layer: KerasLayer): readonly (readonly KerasTensor[])[] {
  return (layer.inbound_nodes ?? []).map(call =>
    Array.isArray(call) ? (call as readonly unknown[]).filter(isTensor) : [],
  );
}

function isTensor(value: unknown): value is KerasTensor {
  return Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'number';
}
