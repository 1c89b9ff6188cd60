import { sizeOf } from '../../../arrays/batch.ts';
import type { Lowering } from '../lowering.ts';
import { type Constant, isConstant, type Value } from '../program.ts';
import { activeStepInput, step } from './masks.ts';
import { lowerMaxPoolGradient } from './pooling.ts';

/** Lowers `a · b`, in the way that saves passes over memory if there is one. */
export function lowerProduct(lowering: Lowering, a: Value, b: Value, output: Value): void {
  const done =
    lowerIdentity(lowering, a, b, output) ||
    [
      [a, b],
      [b, a],
    ].some(
      ([x, y]) =>
        lowerMaskedPoolGradient(lowering, x as Value, y as Value, output) ||
        lowerFactors(lowering, x as Value, y as Value, output),
    );
  if (!done) lowering.elementwise(output, [a, b], (x, y) => lowering.graph.node('Mul', [x, y]));
}

/** A factor that is one everywhere is left out. */
function lowerIdentity(lowering: Lowering, a: Value, b: Value, output: Value): boolean {
  const { placements } = lowering;
  const kept = placements.uniform(a) === 1 ? b : placements.uniform(b) === 1 ? a : undefined;
  if (kept === undefined) return false;
  lowering.elementwise(output, [kept], x => x);
  return true;
}

/**
 * The gradient of a max pool after relu. The number that won its window is positive exactly where
 * the pool's result is, so the mask of relu can be applied before the gradient is spread, where
 * there are fewer numbers.
 */
function lowerMaskedPoolGradient(
  lowering: Lowering,
  gradient: Value,
  mask: Value,
  output: Value,
): boolean {
  const pool = lowering.producedBy(gradient, 'MaxPoolGrad');
  const steps = lowering.producedBy(mask, 'Step');
  if (pool === undefined || steps === undefined || lowering.useCount(gradient) > 1) return false;
  const { dy, input, output: maxima } = pool.inputs as Record<'dy' | 'input' | 'output', Value>;
  const x = steps.inputs['x'] as Value;
  if (input !== x && input !== activeStepInput(lowering, x)) return false;

  const { graph, placements } = lowering;
  const below = steps.attributes['alpha'] as number;
  const masked = placements.intermediate(dy);
  lowering.elementwise(masked, [dy, maxima], (sent, maximum) =>
    graph.node('Mul', [sent, step(graph, maximum, below)]),
  );
  lowerMaxPoolGradient(lowering, masked, pool, output);
  return true;
}

/**
 * A constant factor after another product: two constants become one, and a mask waits until after
 * the constant, which ONNX Runtime can then fold into the convolution before it. So the gradient of
 * a batch normalisation costs nothing.
 */
function lowerFactors(lowering: Lowering, product: Value, factor: Value, output: Value): boolean {
  const { graph, placements } = lowering;
  const inner = lowering.producedBy(product, 'Multiply');
  const constant = placements.unbroadcast(factor);
  if (inner === undefined || lowering.useCount(product) > 1) return false;
  if (!isFactor(constant) || product.shape.length !== output.shape.length) return false;

  const { a, b } = inner.inputs as Record<'a' | 'b', Value>;
  for (const [x, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const second = placements.unbroadcast(other);
    if (isFactor(second)) {
      const both = multiply(constant, second);
      if (both === undefined) continue;
      lowerProduct(lowering, x, both, output);
      return true;
    }
    if (isConvolution(lowering, x) && lowering.useCount(x) === 1) {
      const scaled = placements.intermediate(x);
      lowering.elementwise(scaled, [x, constant], (name, k) => graph.node('Mul', [name, k]));
      lowering.elementwise(output, [scaled, other], (name, mask) =>
        graph.node('Mul', [name, mask]),
      );
      return true;
    }
  }
  return false;
}

/** A constant with one number, or one for each channel. */
function isFactor(value: Value): value is Constant {
  return (
    isConstant(value) &&
    value.type === 'float32' &&
    sizeOf(value.shape) === (value.shape.at(-1) ?? 1)
  );
}

function isConvolution(lowering: Lowering, value: Value): boolean {
  const kernels = ['Conv2DBackpropInput', 'DepthwiseConv2dNativeBackpropInput', 'Conv2D'];
  return kernels.some(kernel => lowering.producedBy(value, kernel) !== undefined);
}

/** The product of two constants of which each has one number or as many as the other. */
function multiply(a: Constant, b: Constant): Constant | undefined {
  const [shorter, longer] = sizeOf(a.shape) < sizeOf(b.shape) ? [a, b] : [b, a];
  const { data: factors } = shorter.origin;
  if (factors.length !== 1 && factors.length !== longer.origin.data.length) return undefined;
  const data = Float32Array.from(
    longer.origin.data,
    (value, index) => value * (factors[factors.length === 1 ? 0 : index] as number),
  );
  return { shape: longer.shape, type: 'float32', origin: { kind: 'constant', data } };
}
