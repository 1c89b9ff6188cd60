import * as tf from '@tensorflow/tfjs-core';
import { Batch } from '../arrays/batch.ts';
import type { BatchFunction, Engine, PreparedFunction } from '../engine/engine.ts';
import type { Bounds, Classifier, LogitLoss, LossGradient } from './classifier.ts';

/** Logits as a pure function over tensors, and what is to be known about it. */
export interface LogitFunction {
  /** Name for messages, for example the path of the model. */
  readonly name: string;
  /** Shape of one input, `[height, width, channels]` or `[features]`. */
  readonly inputShape: readonly number[];
  readonly classCount: number;
  readonly bounds: Bounds;
  /**
   * Preprocessing and model: `[batch, …inputShape]` to logits `[batch, classes]`. Rows are
   * independent of each other; see {@link BatchFunction}.
   */
  apply(inputs: tf.Tensor): tf.Tensor2D;
}

/**
 * A classifier from any differentiable function; a saved model is one such function. Each loss is
 * prepared on the engine once, when it is first used.
 */
export function functionClassifier(engine: Engine, fn: LogitFunction): Classifier {
  return new FunctionClassifier(engine, fn);
}

class FunctionClassifier implements Classifier {
  readonly inputShape: readonly number[];
  readonly classCount: number;
  readonly bounds: Bounds;
  readonly #engine: Engine;
  readonly #function: LogitFunction;
  readonly #gradients = new Map<string, PreparedFunction>();
  #forward: PreparedFunction | undefined;

  constructor(engine: Engine, fn: LogitFunction) {
    this.inputShape = fn.inputShape;
    this.classCount = fn.classCount;
    this.bounds = fn.bounds;
    this.#engine = engine;
    this.#function = fn;
  }

  async logits(inputs: Batch): Promise<Batch> {
    this.#forward ??= this.#engine.prepare(forwardFunction(this.#function));
    const [logits] = await this.#forward.run(inputs.count, [inputs.values]);
    return new Batch(logits as Float32Array, [this.classCount]);
  }

  async lossGradient(
    loss: LogitLoss,
    inputs: Batch,
    parameters: readonly Float32Array[],
  ): Promise<LossGradient> {
    let prepared = this.#gradients.get(loss.name);
    if (prepared === undefined) {
      prepared = this.#engine.prepare(gradientFunction(this.#function, loss));
      this.#gradients.set(loss.name, prepared);
    }
    const outputs = await prepared.run(inputs.count, [inputs.values, ...parameters]);
    const [logits, losses, gradient] = outputs as [Float32Array, Float32Array, Float32Array];
    return {
      logits: new Batch(logits, [this.classCount]),
      losses,
      gradient: new Batch(gradient, this.inputShape),
    };
  }

  dispose(): void {
    this.#forward?.dispose();
    this.#forward = undefined;
    for (const prepared of this.#gradients.values()) prepared.dispose();
    this.#gradients.clear();
  }
}

function forwardFunction(fn: LogitFunction): BatchFunction {
  return {
    name: `logits of ${fn.name}`,
    inputs: [fn.inputShape],
    compute: inputs => [fn.apply(inputs)],
  };
}

/** Logits, losses and the gradient of the sum of the losses, all from one forward pass. */
function gradientFunction(fn: LogitFunction, loss: LogitLoss): BatchFunction {
  return {
    name: `gradient of ${loss.name} of ${fn.name}`,
    inputs: [fn.inputShape, ...loss.parameterShapes(fn.classCount)],
    compute: (inputs, ...parameters) => {
      const kept: tf.Tensor2D[] = [];
      const perSample = (point: tf.Tensor): tf.Tensor => {
        // Differentiation frees what the function made, except what is kept.
        const logits = tf.keep(fn.apply(point));
        kept.push(logits);
        return loss.perSample(logits, parameters);
      };
      try {
        const { value, grad } = tf.valueAndGrad(perSample)(inputs, tf.ones([inputs.shape[0]]));
        return [...kept.map(logits => logits.clone()), value, grad];
      } finally {
        for (const logits of kept) logits.dispose();
      }
    },
  };
}
