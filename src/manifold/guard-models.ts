import { createNetworks } from './create-networks.ts';
import { filterSide, stride } from './image-networks.ts';
import type { ImageSizes, TableSizes } from './network-sizes.ts';
import { leak } from './trainable-network.ts';
import type { TrainedManifold } from './trained-manifold.ts';

/** A file of an export: its path in the folder, with forward slashes, and what is in it. */
export interface GuardFile {
  readonly path: string;
  readonly content: string | Uint8Array;
}

/** A layer of a Keras model as `model.json` has it. */
interface Layer {
  readonly class_name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** Inverter or generator: its layers, and names of its weights in the order of the network's. */
interface Sequence {
  readonly layers: readonly Layer[];
  readonly weightNames: readonly string[];
}

/** Largest file of weights, as TensorFlow.js cuts them itself, for caches of browsers. */
const shardBytes = 4 * 2 ** 20;

/**
 * Inverter and generator of a trained manifold as layers models that `tf.loadLayersModel` loads:
 * `inverter/model.json`, `generator/model.json` and their shards. Both work in network units; the
 * inverter's squeeze is not in it.
 */
export function guardModels({ record: { sizes }, weights }: TrainedManifold): GuardFile[] {
  const networks = createNetworks(sizes);
  const sequences =
    sizes.kind === 'image'
      ? { inverter: imageInverter(sizes), generator: imageGenerator(sizes) }
      : { inverter: tableInverter(sizes), generator: tableGenerator(sizes) };
  return (['inverter', 'generator'] as const).flatMap(name => {
    const entries = networks[name].weights.map(({ shape }, index) => ({
      name: sequences[name].weightNames[index] as string,
      shape: [...shape],
      dtype: 'float32',
    }));
    return modelFiles(name, sequences[name].layers, entries, weights[name]);
  });
}

function modelFiles(
  name: string,
  layers: readonly Layer[],
  entries: readonly object[],
  weights: readonly Float32Array[],
): GuardFile[] {
  const bytes = Buffer.concat(
    weights.map(values => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  );
  const count = Math.max(1, Math.ceil(bytes.length / shardBytes));
  const paths = Array.from({ length: count }, (_, i) => `group1-shard${i + 1}of${count}.bin`);
  const model = {
    format: 'layers-model',
    generatedBy: 'Assay',
    convertedBy: null,
    modelTopology: {
      class_name: 'Sequential',
      config: { name, layers },
      keras_version: 'tfjs-layers 4.22.0',
      backend: 'tensor_flow.js',
    },
    weightsManifest: [{ paths, weights: entries }],
  };
  return [
    { path: `${name}/model.json`, content: `${JSON.stringify(model)}\n` },
    ...paths.map((path, i) => ({
      path: `${name}/${path}`,
      content: new Uint8Array(bytes.subarray(i * shardBytes, (i + 1) * shardBytes)),
    })),
  ];
}

/** See `image-networks.ts`: convolutions of stride 2 with leaky relu, and a dense layer. */
function imageInverter({ height, width, channels, filters, latentSize }: ImageSizes): Sequence {
  const names = filters.map((_, level) => `halve${level + 1}`);
  return {
    layers: [
      ...filters.flatMap((count, level) => [
        {
          class_name: 'Conv2D',
          config: {
            name: names[level],
            ...(level === 0 ? { batch_input_shape: [null, height, width, channels] } : {}),
            filters: count,
            ...halving,
            activation: 'linear',
          },
        },
        leakyRelu(`leaky${level + 1}`),
      ]),
      { class_name: 'Flatten', config: { name: 'flatten' } },
      { class_name: 'Dense', config: { name: 'latent', units: latentSize, activation: 'linear' } },
    ],
    weightNames: weightNames([...names, 'latent']),
  };
}

/**
 * See `image-networks.ts`. A transposed convolution of a layers model always doubles; where a side was
 * odd, the last row or column is cut off, which is the same: the padding at its beginning is one pixel
 * either way.
 */
function imageGenerator({ height, width, channels, filters, latentSize }: ImageSizes): Sequence {
  const sides = [[height, width]];
  for (const _ of filters) {
    sides.push((sides.at(-1) as number[]).map(side => Math.ceil(side / stride)));
  }
  const [innermost = [], ...growing] = sides.toReversed();
  const depths = [...filters.toReversed(), channels];
  const units = [...innermost, depths[0] as number].reduce((product, side) => product * side, 1);
  const names = growing.map((_, level) => `grow${level + 1}`);
  return {
    layers: [
      {
        class_name: 'Dense',
        config: {
          name: 'dense',
          batch_input_shape: [null, latentSize],
          units,
          activation: 'relu',
        },
      },
      {
        class_name: 'Reshape',
        config: { name: 'image', target_shape: [...innermost, depths[0]] },
      },
      ...growing.flatMap((to, level) => [
        {
          class_name: 'Conv2DTranspose',
          config: {
            name: names[level],
            filters: depths[level + 1],
            ...halving,
            activation: level === growing.length - 1 ? 'sigmoid' : 'relu',
          },
        },
        ...cropping(level, sides[growing.length - level] as number[], to),
      ]),
    ],
    weightNames: weightNames(['dense', ...names]),
  };
}

/** What cuts the doubled sides down to those that are wanted. */
function cropping(level: number, from: readonly number[], to: readonly number[]): Layer[] {
  const surplus = to.map((side, axis) => stride * (from[axis] as number) - side);
  if (surplus.every(pixels => pixels === 0)) return [];
  const config = { name: `crop${level + 1}`, cropping: surplus.map(pixels => [0, pixels]) };
  return [{ class_name: 'Cropping2D', config }];
}

const halving = {
  kernel_size: [filterSide, filterSide],
  strides: [stride, stride],
  padding: 'same',
  use_bias: true,
} as const;

function tableInverter({ features, hidden, latentSize }: TableSizes): Sequence {
  return denseLayers([features, ...hidden, latentSize]);
}

function tableGenerator({ features, hidden, latentSize }: TableSizes): Sequence {
  return denseLayers([latentSize, ...hidden, features]);
}

/** See `table-networks.ts`. */
function denseLayers(units: readonly number[]): Sequence {
  const [inputs, ...layers] = units;
  const names = layers.map((_, layer) => `dense${layer + 1}`);
  return {
    layers: layers.flatMap((count, layer) => [
      {
        class_name: 'Dense',
        config: {
          name: names[layer],
          ...(layer === 0 ? { batch_input_shape: [null, inputs] } : {}),
          units: count,
          activation: 'linear',
        },
      },
      ...(layer === layers.length - 1 ? [] : [leakyRelu(`leaky${layer + 1}`)]),
    ]),
    weightNames: weightNames(names),
  };
}

function leakyRelu(name: string): Layer {
  return { class_name: 'LeakyReLU', config: { name, alpha: leak } };
}

function weightNames(layers: readonly string[]): string[] {
  return layers.flatMap(layer => [`${layer}/kernel`, `${layer}/bias`]);
}
