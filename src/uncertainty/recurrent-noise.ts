import type { Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { type Layer, type LayerStep, runLayer } from './layer-program.ts';
import type { NoiseSource } from './noise.ts';
import { joinPasses, type PassTensor, spread } from './pass-tensor.ts';
import type { StochasticLayer } from './stochastic-layer.ts';

/** What TensorFlow.js keeps in a recurrent cell and its types do not show. */
interface RecurrentCell {
  readonly dropout?: number;
  readonly recurrentDropout?: number;
  readonly units: number;
  readonly kernel: tfl.LayerVariable;
  getClassName(): string;
  /** One tensor in a simple cell, one for each gate (of which some cells use the first) in others. */
  dropoutMask: Tensor | Tensor[] | null;
  recurrentDropoutMask: Tensor | Tensor[] | null;
}

interface RecurrentLayer extends Layer {
  readonly cell: RecurrentCell;
}

/**
 * Dropout and recurrent dropout inside a recurrent layer, or inside both directions of a
 * `Bidirectional` one. As in training, a mask is drawn once for a sequence and used at every time
 * step (Gal and Ghahramani 2016, "A theoretically grounded application of dropout in recurrent neural
 * networks").
 *
 * @returns `undefined` for a layer that is not recurrent or has no such dropout
 */
export function recurrentNoise(layer: Layer): StochasticLayer | undefined {
  const hasDropout = recurrentLayersOf(layer).some(
    ({ cell }) => rateOf(cell.dropout) > 0 || rateOf(cell.recurrentDropout) > 0,
  );
  return hasDropout ? new RecurrentNoise(layer) : undefined;
}

class RecurrentNoise implements StochasticLayer {
  readonly description: string;
  readonly #layers: readonly RecurrentLayer[];

  constructor(layer: Layer) {
    this.#layers = recurrentLayersOf(layer);
    const [first] = this.#layers;
    this.description = `${layer.getClassName()}, dropout ${rateOf(first?.cell.dropout)}, recurrent dropout ${rateOf(first?.cell.recurrentDropout)}`;
  }

  sources(sampleShape: readonly number[]): readonly NoiseSource[] {
    return this.#slots(sampleShape).map(({ rate, shape }) => ({
      distribution: { kind: 'bernoulli', rate, kept: 1 / (1 - rate) },
      shape,
    }));
  }

  onlyDropsUnits(): boolean {
    return false;
  }

  run(
    step: LayerStep,
    inputs: readonly PassTensor[],
    noise: readonly Tensor[],
    passes: number,
  ): readonly PassTensor[] {
    const rows = inputs.map(input => spread(input, passes));
    const slots = this.#slots(rows[0]?.tensor.shape.slice(1) ?? []);
    try {
      for (const layer of this.#layers) keepGivenMasks(layer);
      slots.forEach((slot, i) => slot.put(joinPasses(noise[i] as Tensor)));
      return runLayer(step, rows).map(output => ({ ...output, differs: true }));
    } finally {
      for (const layer of this.#layers) {
        Reflect.deleteProperty(layer, 'call');
        layer.cell.dropoutMask = null;
        layer.cell.recurrentDropoutMask = null;
      }
    }
  }

  #slots(sampleShape: readonly number[]): readonly MaskSlot[] {
    return this.#layers.flatMap(layer =>
      layer.getClassName() === 'ConvLSTM2D'
        ? convolutionalSlots(layer, sampleShape)
        : denseSlots(layer.cell),
    );
  }
}

/** A place for one mask. */
interface MaskSlot {
  readonly rate: number;
  readonly shape: readonly number[];
  put(mask: Tensor): void;
}

/** A kind of recurrent layer drops the masks of its cell first, to draw new ones; the base class does not. */
function keepGivenMasks(layer: RecurrentLayer): void {
  layer.call = (inputs, callArguments) => tfl.RNN.prototype.call.call(layer, inputs, callArguments);
}

/** Cells on vectors. All gates share a mask, in the library too. */
function denseSlots(cell: RecurrentCell): MaskSlot[] {
  const inGates = (mask: Tensor): Tensor | Tensor[] =>
    cell.getClassName() === 'SimpleRNNCell' ? mask : [mask];
  const slots: MaskSlot[] = [
    {
      rate: rateOf(cell.dropout),
      shape: [cell.kernel.shape[0] ?? 0],
      put: mask => (cell.dropoutMask = inGates(mask)),
    },
    {
      rate: rateOf(cell.recurrentDropout),
      shape: [cell.units],
      put: mask => (cell.recurrentDropoutMask = inGates(mask)),
    },
  ];
  return slots.filter(({ rate }) => rate > 0);
}

/** A convolutional cell has a mask for each of its four gates. */
function convolutionalSlots(layer: RecurrentLayer, sampleShape: readonly number[]): MaskSlot[] {
  const { cell } = layer;
  const outputShapes = layer.computeOutputShape([null, ...sampleShape]);
  const outputShape = (
    Array.isArray(outputShapes[0]) ? outputShapes[0] : outputShapes
  ) as readonly number[];
  const gates = [0, 1, 2, 3];
  const slots: MaskSlot[] = [
    ...gates.map(gate => ({
      rate: rateOf(cell.dropout),
      shape: sampleShape.slice(1),
      put: (mask: Tensor) => {
        cell.dropoutMask = [...asList(cell.dropoutMask).slice(0, gate), mask];
      },
    })),
    ...gates.map(gate => ({
      rate: rateOf(cell.recurrentDropout),
      shape: outputShape.slice(-3),
      put: (mask: Tensor) => {
        cell.recurrentDropoutMask = [...asList(cell.recurrentDropoutMask).slice(0, gate), mask];
      },
    })),
  ];
  return slots.filter(({ rate }) => rate > 0);
}

function recurrentLayersOf(layer: Layer): readonly RecurrentLayer[] {
  if (layer instanceof tfl.RNN) return [layer as unknown as RecurrentLayer];
  if (layer.getClassName() !== 'Bidirectional') return [];
  const { forwardLayer, backwardLayer } = layer as unknown as {
    readonly forwardLayer: RecurrentLayer;
    readonly backwardLayer: RecurrentLayer;
  };
  return [forwardLayer, backwardLayer];
}

/** A rate of 1 is idle in TensorFlow.js. */
function rateOf(rate: number | undefined): number {
  return rate !== undefined && rate > 0 && rate < 1 ? rate : 0;
}

function asList(masks: Tensor | Tensor[] | null): readonly Tensor[] {
  return masks === null ? [] : Array.isArray(masks) ? masks : [masks];
}
