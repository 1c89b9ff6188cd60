import { tensor, variableGrads, Variable, type Scalar } from '@tensorflow/tfjs-core';
import type { Sequential } from '@tensorflow/tfjs-layers';

/** Decay of the moving averages of the gradient and of its square, and the term against division by 0. */
const firstMomentDecay = 0.9;
const secondMomentDecay = 0.999;
const stabiliser = 1e-8;

/** One array of weights of the model with its moving averages. */
interface Parameter {
  readonly variable: Variable;
  readonly values: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
}

/**
 * Adam (Kingma and Ba, 2015, algorithm 1) over the trainable weights of a model. The optimiser of
 * TensorFlow.js takes one learning rate for its whole life; this one takes it step by step.
 */
export class Adam {
  readonly #parameters: readonly Parameter[];
  #steps = 0;

  constructor(model: Sequential) {
    this.#parameters = model.trainableWeights.map(weight => {
      const variable = weight.read();
      if (!(variable instanceof Variable)) throw new Error(`${weight.name} is not a variable.`);
      return {
        variable,
        values: Float32Array.from(variable.dataSync()),
        firstMoment: new Float32Array(variable.size),
        secondMoment: new Float32Array(variable.size),
      };
    });
  }

  /**
   * One step down the gradient of `loss`.
   *
   * @param loss computes a scalar from the model's current weights
   * @returns the loss before the step
   */
  minimise(loss: () => Scalar, learningRate: number): number {
    const variables = this.#parameters.map(({ variable }) => variable);
    const { value, grads } = variableGrads(loss, variables);
    this.#steps += 1;
    for (const parameter of this.#parameters) {
      const gradient = grads[parameter.variable.name];
      if (gradient === undefined) {
        throw new Error(`The loss does not depend on ${parameter.variable.name}.`);
      }
      this.#update(parameter, gradient.dataSync<'float32'>(), learningRate);
      gradient.dispose();
    }
    const before = value.dataSync()[0] as number;
    value.dispose();
    return before;
  }

  #update(parameter: Parameter, gradient: Float32Array, learningRate: number): void {
    const { variable, values, firstMoment, secondMoment } = parameter;
    const firstCorrection = 1 - firstMomentDecay ** this.#steps;
    const secondCorrection = 1 - secondMomentDecay ** this.#steps;
    for (let i = 0; i < values.length; i++) {
      const slope = gradient[i] as number;
      const first = firstMomentDecay * (firstMoment[i] as number) + (1 - firstMomentDecay) * slope;
      const second =
        secondMomentDecay * (secondMoment[i] as number) + (1 - secondMomentDecay) * slope * slope;
      firstMoment[i] = first;
      secondMoment[i] = second;
      const step = first / firstCorrection / (Math.sqrt(second / secondCorrection) + stabiliser);
      values[i] = (values[i] as number) - learningRate * step;
    }
    const updated = tensor(values, variable.shape);
    variable.assign(updated);
    updated.dispose();
  }
}
