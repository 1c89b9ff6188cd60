import * as tf from '@tensorflow/tfjs-core';
import { type GradientCase, gradientCase } from './gradient-case.ts';

/** Forty values, 0.045 apart: multiples of {@link gap} lie halfway between two of them. */
const vector = [[40]];
const gap = 0.18;
const positive = { range: [0.2, 3] } as const;

function unary(
  operation: (x: tf.Tensor) => tf.Tensor,
  more: Pick<GradientCase, 'range' | 'tolerance'> = {},
): GradientCase[] {
  return [gradientCase('a vector', vector, operation, more)];
}

/** Equal shapes, and shapes that are broadcast in both directions. */
function binary(
  operation: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  more: Pick<GradientCase, 'range' | 'tolerance'> = {},
): GradientCase[] {
  return [
    gradientCase(
      'equal shapes',
      [
        [4, 5],
        [4, 5],
      ],
      operation,
      more,
    ),
    gradientCase('a row broadcast', [[4, 5], [5]], operation, more),
    gradientCase(
      'both broadcast',
      [
        [3, 1, 4],
        [2, 1],
      ],
      operation,
      more,
    ),
  ];
}

export const elementWiseCases = {
  Abs: unary(x => tf.abs(x)),
  Acos: unary(x => tf.acos(x)),
  Acosh: unary(x => tf.acosh(x), { range: [1.2, 3] }),
  Add: binary((a, b) => tf.add(a, b)),
  AddN: [gradientCase('three', [[4], [4], [4]], (...all: tf.Tensor[]) => tf.addN(all))],
  Asin: unary(x => tf.asin(x)),
  Asinh: unary(x => tf.asinh(x)),
  Atan: unary(x => tf.atan(x)),
  Atan2: binary((a, b) => tf.atan2(a, b), positive),
  Atanh: unary(x => tf.atanh(x), { range: [-0.8, 0.8] }),
  Cast: [
    gradientCase('float to float', vector, (x: tf.Tensor) => tf.mul(x, tf.cast(x, 'float32'))),
    gradientCase('float to int', vector, (x: tf.Tensor) =>
      tf.mul(x, tf.cast(tf.cast(tf.div(x, gap), 'int32'), 'float32')),
    ),
    gradientCase('bool to float', vector, (x: tf.Tensor) =>
      tf.mul(x, tf.cast(tf.greater(x, 0.1), 'float32')),
    ),
  ],
  ClipByValue: unary(x => tf.clipByValue(x, -0.5, 0.3)),
  Cos: unary(x => tf.cos(x)),
  Cosh: unary(x => tf.cosh(x)),
  Elu: unary(x => tf.elu(x)),
  Erf: unary(x => tf.erf(x)),
  Exp: unary(x => tf.exp(x)),
  Expm1: unary(x => tf.expm1(x)),
  LeakyRelu: unary(x => tf.leakyRelu(x, 0.2)),
  Log: unary(x => tf.log(x), positive),
  Log1p: unary(x => tf.log1p(x), { range: [-0.5, 2] }),
  Maximum: binary((a, b) => tf.maximum(a, b)),
  Minimum: binary((a, b) => tf.minimum(a, b)),
  Mod: [
    gradientCase('by a constant', vector, (x: tf.Tensor) => tf.mod(x, 0.7), {
      range: [0.21, 3.01],
    }),
    gradientCase('by a row', [[4, 5], [5]], (a: tf.Tensor, b: tf.Tensor) => tf.mod(a, b), positive),
  ],
  Multiply: binary((a, b) => tf.mul(a, b)),
  Neg: unary(x => tf.neg(x)),
  Pow: [
    ...binary((a, b) => tf.pow(a, b), positive),
    gradientCase('a constant exponent', vector, (x: tf.Tensor) => tf.pow(x, 2.5), positive),
    gradientCase('a square of negative values', vector, (x: tf.Tensor) => tf.pow(x, 2)),
  ],
  Prelu: [
    gradientCase('a slope for each column', [[10, 4], [4]], (x: tf.Tensor, alpha: tf.Tensor) =>
      tf.prelu(x, alpha),
    ),
  ],
  RealDiv: binary((a, b) => tf.div(a, b), positive),
  Reciprocal: unary(x => tf.reciprocal(x), positive),
  Relu: unary(x => tf.relu(x)),
  Relu6: unary(x => tf.relu6(x), { range: [-3, 9] }),
  Rsqrt: unary(x => tf.rsqrt(x), positive),
  Select: [
    gradientCase('equal shapes', [[8], [8]], (a: tf.Tensor, b: tf.Tensor) =>
      tf.where(tf.tensor1d([1, 0, 1, 1, 0, 0, 1, 0], 'bool'), a, b),
    ),
    gradientCase('a broadcast alternative', [[2, 4], [4]], (a: tf.Tensor, b: tf.Tensor) =>
      tf.where(tf.tensor2d([1, 0, 1, 1, 0, 0, 1, 0], [2, 4], 'bool'), a, b),
    ),
  ],
  Selu: unary(x => tf.selu(x)),
  Sigmoid: unary(x => tf.sigmoid(x)),
  Sin: unary(x => tf.sin(x)),
  Sinh: unary(x => tf.sinh(x)),
  Softplus: unary(x => tf.softplus(x)),
  Sqrt: unary(x => tf.sqrt(x), positive),
  Square: unary(x => tf.square(x)),
  SquaredDifference: binary((a, b) => tf.squaredDifference(a, b)),
  Sub: binary((a, b) => tf.sub(a, b)),
  Tan: unary(x => tf.tan(x)),
  Tanh: unary(x => tf.tanh(x)),
};

/** Multiplied by the input, so that there is a gradient next to the zero of the kernel itself. */
function constant(operation: (x: tf.Tensor) => tf.Tensor): GradientCase[] {
  return [
    gradientCase('times its input', vector, (x: tf.Tensor) =>
      tf.mul(x, tf.cast(operation(x), 'float32')),
    ),
  ];
}

export const piecewiseConstantCases = {
  ArgMax: constant(x => tf.argMax(x)),
  ArgMin: constant(x => tf.argMin(x)),
  Ceil: constant(x => tf.ceil(tf.div(x, gap))),
  Equal: constant(x => tf.equal(x, tf.reverse(x))),
  Floor: constant(x => tf.floor(tf.div(x, gap))),
  FloorDiv: constant(x => tf.floorDiv(x, gap)),
  Greater: constant(x => tf.greater(x, tf.neg(tf.square(x)))),
  GreaterEqual: constant(x => tf.greaterEqual(x, tf.square(x))),
  Less: constant(x => tf.less(x, tf.square(x))),
  LessEqual: constant(x => tf.lessEqual(x, tf.square(x))),
  LogicalAnd: constant(x => tf.logicalAnd(tf.greater(x, -0.4), tf.less(x, 0.31))),
  LogicalNot: constant(x => tf.logicalNot(tf.greater(x, 0.1))),
  LogicalOr: constant(x => tf.logicalOr(tf.greater(x, 0.4), tf.less(x, -0.31))),
  NotEqual: constant(x => tf.notEqual(x, tf.reverse(x))),
  OneHot: constant(x => tf.sum(tf.oneHot(tf.cast(tf.argMax(x), 'int32'), 40))),
  OnesLike: constant(x => tf.onesLike(x)),
  Round: constant(x => tf.round(tf.div(x, gap))),
  Sign: constant(x => tf.sign(x)),
  Step: constant(x => tf.step(x, 0.3)),
  ZerosLike: constant(x => tf.add(tf.zerosLike(x), 2)),
};
