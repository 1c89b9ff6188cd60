import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../arrays/batch.ts';
import type { BatchFunction, Engine, SampleShape } from '../engine/engine.ts';
import { type LayerProgram, type LayerStep, runLayer } from './layer-program.ts';
import type { KeyedSource } from './noise-drawer.ts';
import type { PassFunctions } from './pass-sampler.ts';
import { joinPasses, type PassTensor, repeatRows, splitPasses, spread } from './pass-tensor.ts';
import { splitProgram, type SplitProgram } from './split-program.ts';
import type { StochasticLayer } from './stochastic-layer.ts';
import type { StochasticStep } from './stochastic-program.ts';

/** A layers model whose output becomes the logits, and what stands around it. */
export interface LayersLogits {
  /** Name for messages, for example the path of the model. */
  readonly name: string;
  readonly program: LayerProgram;
  /** Shape of one input in the user's units. */
  readonly inputShape: readonly number[];
  /** Preprocessing: `[batch, …inputShape]` to the input of the program. */
  prepare(inputs: tf.Tensor): tf.Tensor;
  /** The output of the program to logits `[batch, classes]`. */
  toLogits(outputs: tf.Tensor): tf.Tensor2D;
}

/** Shapes of one sample of a value, as they are when the program runs. */
interface ValueShape {
  readonly shape: SampleShape;
  readonly dtype: tf.DataType;
  /** Shape of the Keras mask, where there is one. */
  readonly maskShape: SampleShape | undefined;
}

/** Trunk and head of a layers model. */
export class LayerPassFunctions implements PassFunctions {
  readonly sources: readonly KeyedSource[];
  readonly frontierShapes: readonly SampleShape[];
  readonly widestValue: number;
  readonly #logits: LayersLogits;
  readonly #stochastic: ReadonlyMap<LayerStep, StochasticStep>;
  readonly #split: SplitProgram;
  readonly #shapes: ReadonlyMap<number, ValueShape>;

  private constructor(
    logits: LayersLogits,
    stochastic: readonly StochasticStep[],
    shapes: ReadonlyMap<number, ValueShape>,
  ) {
    this.#logits = logits;
    this.#stochastic = new Map(stochastic.map(each => [each.step, each]));
    this.#split = splitProgram(logits.program, stochastic);
    this.#shapes = shapes;
    this.sources = stochastic.flatMap(each => this.#sourcesOf(each));
    this.frontierShapes = this.#split.frontier.flatMap(value => this.#arraysOf(value));
    const headValues = this.#split.head.flatMap(step => step.outputs);
    this.widestValue = Math.max(
      ...headValues.map(value => sizeOf(this.#shapeOf(value).shape)),
      ...this.sources.map(({ shape }) => sizeOf(shape)),
    );
  }

  /**
   * Runs the program once to learn its shapes, then cuts it.
   *
   * @param stochastic at least one step of the program
   */
  static async make(
    engine: Engine,
    logits: LayersLogits,
    stochastic: readonly StochasticStep[],
  ): Promise<LayerPassFunctions> {
    return new LayerPassFunctions(logits, stochastic, await measureShapes(engine, logits));
  }

  trunk(): BatchFunction {
    return {
      name: `deterministic part of ${this.#logits.name}`,
      inputs: [this.#logits.inputShape],
      compute: (inputs: tf.Tensor) => {
        const values = new Map<number, PassTensor>([
          [this.#logits.program.input, sameInAllPasses(this.#logits.prepare(inputs))],
        ]);
        for (const step of this.#split.trunk) this.#runStep(step, values, [], 1);
        return this.#split.frontier.flatMap(value => {
          const { tensor, mask } = values.get(value) as PassTensor;
          return mask === undefined ? [toFloat(tensor)] : [toFloat(tensor), toFloat(mask)];
        });
      },
    };
  }

  head(passes: number): BatchFunction {
    const { program } = this.#logits;
    return {
      name: `${passes} passes of ${this.#logits.name}`,
      inputs: [...this.frontierShapes, ...this.sources.map(({ shape }) => [passes, ...shape])],
      compute: (...tensors: tf.Tensor[]) => {
        const queue = tensors.values();
        const values = new Map<number, PassTensor>();
        for (const value of this.#split.frontier) values.set(value, this.#takeValue(value, queue));
        const noise = [...queue];
        for (const step of this.#split.head) this.#runStep(step, values, noise, passes);
        const output = spread(values.get(program.output) as PassTensor, passes);
        return [splitPasses(this.#logits.toLogits(output.tensor), passes)];
      },
    };
  }

  #sourcesOf({ step, layer, key }: StochasticStep): KeyedSource[] {
    const [input] = step.inputs as [number];
    const sources = layer
      .sources(this.#shapeOf(input).shape)
      .map((source, index) => ({ ...source, key: [key, index] }));
    const multiplied = this.#droppedFrom(step, layer);
    return multiplied === undefined
      ? sources
      : sources.map(source => ({ ...source, multiplies: multiplied }));
  }

  /** The array at the frontier that a step does nothing to but drop units of it. */
  #droppedFrom({ inputs }: LayerStep, layer: StochasticLayer): number | undefined {
    const [input] = inputs as [number];
    const place = this.#split.frontier.indexOf(input);
    const { shape, dtype } = this.#shapeOf(input);
    if (place < 0 || dtype !== 'float32' || !layer.onlyDropsUnits(shape)) return undefined;
    // A value with a Keras mask is two arrays.
    const before = this.#split.frontier.slice(0, place);
    return before.reduce((sum, value) => sum + this.#arraysOf(value).length, 0);
  }

  /** @param noise what is left of the noise of all sources; the step takes its own off the front */
  #runStep(
    step: LayerStep,
    values: Map<number, PassTensor>,
    noise: tf.Tensor[],
    passes: number,
  ): void {
    const inputs = step.inputs.map(input => values.get(input) as PassTensor);
    const outputs = this.#outputsOf(step, inputs, noise, passes);
    step.outputs.forEach((value, i) => values.set(value, outputs[i] as PassTensor));
  }

  #outputsOf(
    step: LayerStep,
    inputs: readonly PassTensor[],
    noise: tf.Tensor[],
    passes: number,
  ): readonly PassTensor[] {
    const stochastic = this.#stochastic.get(step);
    if (stochastic === undefined) return runDeterministic(step, inputs, passes);
    const drawn = this.#takeNoise(stochastic, noise);
    return this.#droppedFrom(step, stochastic.layer) === undefined
      ? stochastic.layer.run(step, inputs, drawn, passes)
      : [inAllPasses(drawn[0] as tf.Tensor, inputs[0]?.mask, passes)];
  }

  #takeNoise({ step, layer }: StochasticStep, noise: tf.Tensor[]): tf.Tensor[] {
    const { shape } = this.#shapeOf(step.inputs[0] as number);
    return noise.splice(0, layer.sources(shape).length);
  }

  #takeValue(value: number, queue: Iterator<tf.Tensor>): PassTensor {
    const { dtype, maskShape } = this.#shapeOf(value);
    const tensor = queue.next().value as tf.Tensor;
    return {
      tensor: dtype === 'float32' ? tensor : tf.cast(tensor, dtype),
      mask: maskShape === undefined ? undefined : tf.cast(queue.next().value as tf.Tensor, 'bool'),
      differs: false,
    };
  }

  /** Shapes of the arrays that a value at the frontier is handed on as. */
  #arraysOf(value: number): readonly SampleShape[] {
    const { shape, maskShape } = this.#shapeOf(value);
    return maskShape === undefined ? [shape] : [shape, maskShape];
  }

  #shapeOf(value: number): ValueShape {
    return this.#shapes.get(value) as ValueShape;
  }
}

function runDeterministic(
  step: LayerStep,
  inputs: readonly PassTensor[],
  passes: number,
): PassTensor[] {
  const differs = inputs.some(input => input.differs);
  const rows = differs ? inputs.map(input => spread(input, passes)) : inputs;
  return runLayer(step, rows).map(output => ({ ...output, differs }));
}

function sameInAllPasses(tensor: tf.Tensor): PassTensor {
  return { tensor, mask: undefined, differs: false };
}

/** A value `[batch, passes, …]` with the Keras mask that its input has, the same in all passes. */
function inAllPasses(tensor: tf.Tensor, mask: tf.Tensor | undefined, passes: number): PassTensor {
  return {
    tensor: joinPasses(tensor),
    mask: mask === undefined ? undefined : repeatRows(mask, passes),
    differs: true,
  };
}

function toFloat(tensor: tf.Tensor): tf.Tensor {
  return tensor.dtype === 'float32' ? tensor : tf.cast(tensor, 'float32');
}

/** Runs the whole program on one input of zeros; axes that a model leaves open are known then. */
async function measureShapes(
  engine: Engine,
  logits: LayersLogits,
): Promise<ReadonlyMap<number, ValueShape>> {
  const { program, inputShape } = logits;
  const shapes = new Map<number, ValueShape>();
  const note = (value: number, { tensor, mask }: PassTensor): void => {
    shapes.set(value, {
      shape: tensor.shape.slice(1),
      dtype: tensor.dtype,
      maskShape: mask?.shape.slice(1),
    });
  };
  const measuring = engine.prepare({
    name: `shapes in ${logits.name}`,
    inputs: [inputShape],
    compute: (inputs: tf.Tensor) => {
      const values = new Map([[program.input, sameInAllPasses(logits.prepare(inputs))]]);
      for (const step of program.steps) {
        const stepInputs = step.inputs.map(input => values.get(input) as PassTensor);
        const outputs = runDeterministic(step, stepInputs, 1);
        step.outputs.forEach((value, i) => values.set(value, outputs[i] as PassTensor));
      }
      values.forEach((tensor, value) => note(value, tensor));
      return [toFloat((values.get(program.output) as PassTensor).tensor)];
    },
  });
  try {
    await measuring.run(1, [new Float32Array(sizeOf(inputShape))]);
    return shapes;
  } finally {
    measuring.dispose();
  }
}
