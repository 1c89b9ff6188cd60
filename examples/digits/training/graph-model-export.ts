import type { io, Tensor } from '@tensorflow/tfjs-core';
import type { Sequential } from '@tensorflow/tfjs-layers';

type Layer = Sequential['layers'][number];

/** Value of a node's attribute as protocol buffers spell it in JSON; strings are in base64. */
type Attribute = Readonly<Record<string, unknown>>;

/** One operation of a TensorFlow graph. */
interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr: Readonly<Record<string, Attribute>>;
}

/** A constant of the graph: a node without a value, which lies among the weights. */
interface Constant {
  readonly spec: io.WeightsManifestEntry;
  readonly values: Float32Array | Int32Array;
}

const floatType: Attribute = { type: 'DT_FLOAT' };
const channelsLast: Attribute = text('NHWC');

function text(value: string): Attribute {
  return { s: Buffer.from(value).toString('base64') };
}

function textList(values: readonly string[]): Attribute {
  return { list: { s: values.map(value => Buffer.from(value).toString('base64')) } };
}

function integerList(values: readonly number[]): Attribute {
  return { list: { i: values.map(String) } };
}

function shapeOf(lengths: readonly (number | null)[]): object {
  return { dim: lengths.map(length => ({ size: String(length ?? -1) })) };
}

/**
 * Writes a trained classifier as the graph that the TensorFlow.js converter makes of a SavedModel:
 * weights as constants, a convolution or product fused with its bias and activation, one signature.
 * It knows the layers that the recipes of this example use.
 *
 * @throws Error that names a layer without a counterpart here
 */
export function graphModelOf(model: Sequential): io.ModelArtifacts {
  const graph = new GraphWriter(model.name);
  const [inputShape] = model.inputs.map(input => input.shape);
  const [outputShape] = model.outputs.map(output => output.shape);
  if (inputShape === undefined || outputShape === undefined) throw new Error('The model is empty.');

  const input = 'image';
  graph.add({
    name: input,
    op: 'Placeholder',
    attr: { dtype: floatType, shape: { shape: shapeOf(inputShape) } },
  });
  const probabilities = model.layers.reduce(
    (previous, layer) => graph.addLayer(layer, previous),
    input,
  );
  graph.add({ name: 'Identity', op: 'Identity', input: [probabilities], attr: { T: floatType } });

  return {
    ...graph.artifacts(),
    format: 'graph-model',
    generatedBy: 'assay examples/digits',
    convertedBy: 'assay examples/digits',
    signature: {
      inputs: {
        [input]: { name: `${input}:0`, dtype: 'DT_FLOAT', tensorShape: shapeOf(inputShape) },
      },
      outputs: {
        probabilities: {
          name: 'Identity:0',
          dtype: 'DT_FLOAT',
          tensorShape: shapeOf(outputShape),
        },
      },
    },
  };
}

class GraphWriter {
  readonly #scope: string;
  readonly #nodes: NodeDef[] = [];
  readonly #constants: Constant[] = [];

  /** @param scope what the names of the nodes begin with */
  constructor(scope: string) {
    this.#scope = scope;
  }

  add(node: NodeDef): string {
    this.#nodes.push(node);
    return node.name;
  }

  /** Adds what a layer computes and returns the name of the node with its output. */
  addLayer(layer: Layer, input: string): string {
    const kind = layer.getClassName();
    switch (kind) {
      case 'Conv2D':
        return this.#addConvolution(layer, input);
      case 'MaxPooling2D':
        return this.#addPooling(layer, input, 'MaxPool');
      case 'AveragePooling2D':
        return this.#addPooling(layer, input, 'AvgPool');
      case 'Flatten':
        return this.#addFlatten(layer, input);
      case 'Dense':
        return this.#addDense(layer, input);
      case 'Dropout':
        // A converted graph is for inference, where dropout does nothing.
        return input;
      default:
        throw new Error(`The layer ${layer.name} (${kind}) has no counterpart in the graph.`);
    }
  }

  artifacts(): Pick<io.ModelArtifacts, 'modelTopology' | 'weightSpecs' | 'weightData'> {
    const bytes = Buffer.concat(
      this.#constants.map(({ values }) =>
        Buffer.from(values.buffer, values.byteOffset, values.byteLength),
      ),
    );
    return {
      modelTopology: { node: this.#nodes, library: {}, versions: { producer: 1882 } },
      weightSpecs: this.#constants.map(({ spec }) => spec),
      weightData: new Uint8Array(bytes).buffer,
    };
  }

  #addConvolution(layer: Layer, input: string): string {
    const { strides, padding, activation } = layer.getConfig();
    const fused = this.#fusedActivations(layer, activation);
    return this.add({
      name: this.#name(layer, fused.at(-1) ?? 'BiasAdd'),
      op: '_FusedConv2D',
      input: [input, ...this.#addWeights(layer)],
      attr: {
        T: floatType,
        data_format: channelsLast,
        dilations: integerList([1, 1, 1, 1]),
        epsilon: { f: 0 },
        explicit_paddings: { list: {} },
        fused_ops: textList(fused),
        num_args: { i: '1' },
        padding: text((padding as string).toUpperCase()),
        strides: integerList([1, ...(strides as number[]), 1]),
      },
    });
  }

  #addPooling(layer: Layer, input: string, op: 'MaxPool' | 'AvgPool'): string {
    const { poolSize, strides, padding } = layer.getConfig();
    return this.add({
      name: this.#name(layer, op),
      op,
      input: [input],
      attr: {
        T: floatType,
        data_format: channelsLast,
        ksize: integerList([1, ...(poolSize as number[]), 1]),
        padding: text((padding as string).toUpperCase()),
        strides: integerList([1, ...(strides as number[]), 1]),
      },
    });
  }

  #addFlatten(layer: Layer, input: string): string {
    const [, features] = layer.outputShape as number[];
    const shape = this.#addConstant(this.#name(layer, 'Const'), [2], {
      values: Int32Array.of(-1, features as number),
      dtype: 'int32',
    });
    return this.add({
      name: this.#name(layer, 'Reshape'),
      op: 'Reshape',
      input: [input, shape],
      attr: { T: floatType, Tshape: { type: 'DT_INT32' } },
    });
  }

  #addDense(layer: Layer, input: string): string {
    const { activation } = layer.getConfig();
    const softmax = activation === 'softmax';
    const fused = this.#fusedActivations(layer, softmax ? 'linear' : activation);
    const product = this.add({
      name: this.#name(layer, fused.at(-1) ?? 'BiasAdd'),
      op: '_FusedMatMul',
      input: [input, ...this.#addWeights(layer)],
      attr: {
        T: floatType,
        epsilon: { f: 0 },
        fused_ops: textList(fused),
        num_args: { i: '1' },
        transpose_a: { b: false },
        transpose_b: { b: false },
      },
    });
    if (!softmax) return product;
    return this.add({
      name: this.#name(layer, 'Softmax'),
      op: 'Softmax',
      input: [product],
      attr: { T: floatType },
    });
  }

  #fusedActivations(layer: Layer, activation: unknown): string[] {
    if (activation === 'linear') return ['BiasAdd'];
    if (activation === 'relu') return ['BiasAdd', 'Relu'];
    throw new Error(`The activation ${String(activation)} of ${layer.name} has no counterpart.`);
  }

  /** Adds kernel and bias of a layer and returns the names of the two constants. */
  #addWeights(layer: Layer): string[] {
    const [kernel, bias] = layer.getWeights() as [Tensor, Tensor];
    const operation = layer.getClassName() === 'Dense' ? 'MatMul' : 'Conv2D';
    return [
      this.#addConstant(this.#name(layer, `${operation}/ReadVariableOp`), kernel.shape, {
        values: kernel.dataSync<'float32'>(),
        dtype: 'float32',
      }),
      this.#addConstant(this.#name(layer, 'BiasAdd/ReadVariableOp'), bias.shape, {
        values: bias.dataSync<'float32'>(),
        dtype: 'float32',
      }),
    ];
  }

  #addConstant(
    name: string,
    shape: number[],
    data: { values: Float32Array; dtype: 'float32' } | { values: Int32Array; dtype: 'int32' },
  ): string {
    const type = data.dtype === 'float32' ? 'DT_FLOAT' : 'DT_INT32';
    this.#constants.push({ spec: { name, shape, dtype: data.dtype }, values: data.values });
    return this.add({
      name,
      op: 'Const',
      attr: {
        dtype: { type },
        value: { tensor: { dtype: type, tensorShape: shapeOf(shape) } },
      },
    });
  }

  #name(layer: Layer, operation: string): string {
    return `${this.#scope}/${layer.name}/${operation}`;
  }
}
