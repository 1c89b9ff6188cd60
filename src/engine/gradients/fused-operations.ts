import * as tf from '@tensorflow/tfjs-core';

/** A forward pass with its own gradient: takes tensors and a function that saves some of them. */
type CustomGradient = (...parts: unknown[]) => { readonly value: tf.Tensor };
type OptionalInputs = Readonly<Record<string, tf.Tensor | null | undefined>>;

/** What of TensorFlow.js's engine is touched here; not part of its public types. */
interface RecordingEngine {
  readonly state: { readonly activeScope?: { readonly name: string } };
  customGrad(compute: CustomGradient): (...inputs: tf.Tensor[]) => tf.Tensor;
  runKernel(name: string, inputs: OptionalInputs, attributes?: tf.NamedAttrMap): unknown;
}

/** Scopes in which TensorFlow.js runs its fused operations. */
const fusedScopes = new Set(['fusedConv2d__op', 'fusedDepthwiseConv2d__op', 'fusedMatMul__op']);

/**
 * Lets the kernels of fused operations (a convolution or a product with its bias) be recorded like
 * any other, with the gradients that we register for them.
 *
 * TensorFlow.js gives a fused operation a custom gradient that computes those of the input, the
 * filter and the bias at once. That doubles the price of an attack, which asks only for the input's,
 * and fails where the backend has no kernel for the filter's.
 */
export function recordFusedKernels(): void {
  const engine = tf.engine() as unknown as RecordingEngine;
  const customGradient = engine.customGrad.bind(engine);
  engine.customGrad = compute => {
    const withCustomGradient = customGradient(compute);
    return (...inputs) => {
      const isFused = fusedScopes.has(engine.state.activeScope?.name ?? '');
      if (!isFused) return withCustomGradient(...inputs);
      const saveNothing = (): void => undefined;
      return compute(...inputs, saveNothing).value;
    };
  };
}

/**
 * Completes the inputs of a kernel so that it can be recorded: the tape of TensorFlow.js trips over
 * optional tensors that are not there. A batch normalisation without scale or offset (as Inception v3
 * has it) gets ones and zeros, since its gradient reads the scale; anything else that is missing is
 * left out.
 */
export function recordOptionalInputs(): void {
  const engine = tf.engine() as unknown as RecordingEngine;
  const runKernel = engine.runKernel.bind(engine);
  engine.runKernel = (name, inputs, attributes) =>
    runKernel(name, completeInputs(name, inputs), attributes);
}

function completeInputs(kernelName: string, inputs: OptionalInputs): OptionalInputs {
  const isThere = (input: tf.Tensor | null | undefined): boolean =>
    (input ?? undefined) !== undefined;
  if (Object.values(inputs).every(isThere)) return inputs;
  const present = Object.fromEntries(Object.entries(inputs).filter(([, input]) => isThere(input)));
  const { mean } = present;
  if (kernelName !== tf.FusedBatchNorm || !mean) return present;
  return { scale: tf.ones(mean.shape), offset: tf.zeros(mean.shape), ...present };
}
