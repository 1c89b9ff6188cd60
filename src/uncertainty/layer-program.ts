import type { Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

/** A layer of TensorFlow.js; the library exports the class in a namespace only. */
export type Layer = InstanceType<typeof tfl.layers.Layer>;

/** One call of one layer. Values are numbered; a number is assigned once. */
export interface LayerStep {
  readonly layer: Layer;
  /** Name of the layer with the models around it, `encoder/dropout_1`. */
  readonly path: string;
  readonly callArguments: Readonly<Record<string, unknown>>;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/**
 * A layers model as a list of layer calls in an order in which they can be computed, with nested
 * models unfolded. Unlike a model it can be cut anywhere: the part before the first stochastic layer
 * is computed once, the rest many times.
 */
export interface LayerProgram {
  readonly steps: readonly LayerStep[];
  /** Number of the model's only input. */
  readonly input: number;
  readonly output: number;
}

/** A value of a running program: a tensor, and the Keras mask of its time steps if there is one. */
export interface MaskedTensor {
  readonly tensor: Tensor;
  readonly mask: Tensor | undefined;
}

/**
 * Unfolds a layers model of one input.
 *
 * @param outputIndex which of its outputs
 */
export function unfoldLayers(model: tfl.LayersModel, outputIndex = 0): LayerProgram {
  const [input] = model.inputs;
  const output = model.outputs[outputIndex];
  if (input === undefined || output === undefined || model.inputs.length !== 1) {
    throw new RangeError(
      `a program needs a model of one input with an output ${outputIndex}, not one of ${model.inputs.length} inputs and ${model.outputs.length} outputs`,
    );
  }
  const unfolding = new Unfolding();
  const values = new Map([[input.id, unfolding.newValue()]]);
  return { input: 0, output: unfolding.valueOf(output, values, ''), steps: unfolding.steps };
}

class Unfolding {
  readonly steps: LayerStep[] = [];
  #valueCount = 0;

  newValue(): number {
    return this.#valueCount++;
  }

  /**
   * The number of a symbolic tensor, after the steps that compute it have been listed.
   *
   * @param values numbers of the tensors of the model that the tensor belongs to
   * @param prefix path of that model, empty or ending in `/`
   */
  valueOf(tensor: tfl.SymbolicTensor, values: Map<number, number>, prefix: string): number {
    const known = values.get(tensor.id);
    if (known !== undefined) return known;

    const layer = tensor.sourceLayer;
    const node = layer.inboundNodes[tensor.nodeIndex];
    if (node === undefined || node.inputTensors.length === 0) {
      throw new RangeError(`the value of ${prefix}${layer.name} comes from nowhere`);
    }
    const inputs = node.inputTensors.map(input => this.valueOf(input, values, prefix));
    const outputs =
      layer instanceof tfl.LayersModel
        ? this.#unfoldNested(layer, inputs, prefix)
        : this.#addStep(layer, node.callArgs, inputs, node.outputTensors.length, prefix);
    node.outputTensors.forEach((output, i) => values.set(output.id, outputs[i] as number));
    return values.get(tensor.id) as number;
  }

  /** Each call of a nested model has values of its own, since a model may be called twice. */
  #unfoldNested(
    model: tfl.LayersModel,
    inputs: readonly number[],
    prefix: string,
  ): readonly number[] {
    const inner = new Map(model.inputs.map((input, i) => [input.id, inputs[i] as number]));
    return model.outputs.map(output => this.valueOf(output, inner, `${prefix}${model.name}/`));
  }

  #addStep(
    layer: Layer,
    callArguments: Readonly<Record<string, unknown>> | undefined,
    inputs: readonly number[],
    outputCount: number,
    prefix: string,
  ): readonly number[] {
    const outputs = Array.from({ length: outputCount }, () => this.newValue());
    const path = `${prefix}${layer.name}`;
    this.steps.push({ layer, path, callArguments: callArguments ?? {}, inputs, outputs });
    return outputs;
  }
}

/** Computes one step as inference does: batch normalisation stays with its moving statistics. */
export function runLayer(step: LayerStep, inputs: readonly MaskedTensor[]): MaskedTensor[] {
  const { layer } = step;
  const tensors = inputs.map(input => input.tensor);
  const masks = inputs.map(input => input.mask ?? null);
  const anyMask = masks.some(mask => mask !== null);
  const callArguments = { ...step.callArguments, ...(anyMask ? { mask: masks[0] } : {}) };
  const outputs = asList(layer.apply(single(tensors), callArguments) as Tensor | Tensor[]);
  // The types do not say so, but a layer without a mask answers null.
  const outputMasks = layer.supportsMasking
    ? asList(
        layer.computeMask(single(tensors), single(masks) as Tensor | Tensor[]) as
          Tensor | (Tensor | null)[] | null,
      )
    : [];
  return outputs.map((tensor, i) => ({ tensor, mask: outputMasks[i] ?? undefined }));
}

/** Layers take one tensor bare and several in an array. */
function single<T>(values: readonly T[]): T | T[] {
  return values.length === 1 ? (values[0] as T) : [...values];
}

function asList<T>(value: T | T[]): T[] {
  return Array.isArray(value) ? value : [value];
}
