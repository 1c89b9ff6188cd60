import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../../../src/random/random.ts';

/** A small function that uses a kernel, for the tests of the compiler's rules. */
export interface KernelCase {
  readonly name: string;
  /** Shapes of the inputs. */
  readonly shapes: readonly (readonly number[])[];
  /** Inputs are spread evenly over this range; they are never equal. −0.9 to 0.9 when left out. */
  readonly range?: readonly [number, number];
  /** The derivative is zero or does not exist: compare the forward pass only. */
  readonly forwardOnly?: true;
  /** The function bends too often for finite differences. */
  readonly bent?: true;
  /** A derivative of second order is compiled and compared as well. */
  readonly secondOrder?: true;
  compute(...inputs: tf.Tensor[]): tf.Tensor | readonly tf.Tensor[];
}

/** Constant numbers of this shape, the same in every call. */
export function constant(shape: readonly number[], key = 0): tf.Tensor {
  const random = new Random(7, ['constant', key, ...shape]);
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => random.uniform(-0.9, 0.9)),
    [...shape],
  );
}

const images = [2, 7, 7, 3] as const;

function onImages(
  name: string,
  compute: (x: tf.Tensor4D) => tf.Tensor,
  shape: readonly number[] = images,
  rest: Partial<KernelCase> = {},
): KernelCase {
  return { name, shapes: [shape], compute: x => compute(x as tf.Tensor4D), ...rest };
}

function unary(
  compute: (x: tf.Tensor) => tf.Tensor,
  name: string,
  rest: Partial<KernelCase> = {},
): KernelCase {
  return { name, shapes: [[4, 10]], compute: x => compute(x), ...rest };
}

type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

function binary(compute: Binary, name: string, rest: Partial<KernelCase> = {}): KernelCase[] {
  const shapes: [string, number[], number[]][] = [
    ['of the same shape', [3, 4], [3, 4]],
    ['with broadcasting', [2, 3, 1], [3, 4]],
    ['of an image and a vector', [2, 3, 3, 4], [4]],
  ];
  return shapes.map(([how, a, b]) => ({
    name: `${name} ${how}`,
    shapes: [a, b],
    compute: (x, y) => compute(x, y),
    ...rest,
  }));
}

const positive = { range: [0.1, 2] } as const;
const forward = { forwardOnly: true } as const;
const second = { secondOrder: true } as const;

/** The image after a convolution, so that it is there channels first. */
function convolved(x: tf.Tensor, channels = 4): tf.Tensor4D {
  const filter = constant([3, 3, x.shape[3] as number, channels]) as tf.Tensor4D;
  return tf.conv2d(x as tf.Tensor4D, filter, 1, 'same');
}

export const elementwiseCases: readonly KernelCase[] = [
  unary(tf.abs, 'abs'),
  unary(tf.acos, 'acos'),
  unary(tf.acosh, 'acosh', { range: [1.1, 3] }),
  unary(tf.asin, 'asin'),
  unary(tf.asinh, 'asinh'),
  unary(tf.atan, 'atan'),
  unary(tf.atanh, 'atanh', { range: [-0.8, 0.8] }),
  unary(tf.ceil, 'ceil', { ...forward, range: [-3, 3] }),
  unary(tf.cos, 'cos'),
  unary(tf.cosh, 'cosh'),
  unary(tf.elu, 'elu', second),
  unary(tf.erf, 'erf'),
  unary(tf.exp, 'exp', second),
  unary(tf.expm1, 'expm1'),
  unary(tf.expm1, 'expm1 near zero', { range: [-1e-5, 1e-5], ...forward }),
  unary(tf.floor, 'floor', { ...forward, range: [-3, 3] }),
  unary(tf.log, 'log', positive),
  unary(tf.log1p, 'log1p'),
  unary(tf.log1p, 'log1p near zero', { range: [-1e-5, 1e-5], ...forward }),
  unary(tf.neg, 'neg'),
  unary(tf.reciprocal, 'reciprocal', positive),
  unary(tf.relu, 'relu', second),
  unary(tf.relu6, 'relu6', { range: [-4, 9] }),
  unary(tf.round, 'round', { ...forward, range: [-3, 3] }),
  unary(tf.rsqrt, 'rsqrt', positive),
  unary(tf.selu, 'selu'),
  unary(tf.sigmoid, 'sigmoid', second),
  unary(tf.sign, 'sign', forward),
  unary(tf.sin, 'sin'),
  unary(tf.sinh, 'sinh'),
  unary(tf.softplus, 'softplus', second),
  unary(tf.sqrt, 'sqrt', positive),
  unary(tf.square, 'square', second),
  unary(x => tf.step(x), 'step', forward),
  unary(x => tf.step(x, 0.2), 'step with a slope', forward),
  unary(tf.tan, 'tan'),
  unary(tf.tanh, 'tanh', second),
  unary(x => tf.leakyRelu(x, 0.2), 'leaky relu', second),
  unary(x => tf.clipByValue(x, -0.5, 0.4), 'clip'),
  unary(x => tf.prelu(x, constant([10])), 'prelu'),
  unary(x => tf.cast(tf.isFinite(tf.log(x)), 'float32'), 'is finite', forward),
  unary(x => tf.cast(tf.isNaN(tf.log(x)), 'float32'), 'is NaN', forward),
  unary(x => tf.cast(tf.isInf(tf.div(1, tf.relu(x))), 'float32'), 'is infinite', forward),
  unary(x => tf.cast(tf.logicalNot(tf.greater(x, 0)), 'float32'), 'logical not', forward),
  unary(x => tf.cast(tf.cast(x, 'int32'), 'float32'), 'cast to integers', {
    ...forward,
    range: [-3, 3],
  }),
  unary(x => tf.div(1, tf.add(1, tf.exp(tf.neg(x)))), 'sigmoid by hand'),
  unary(x => tf.mul(x, tf.sigmoid(x)), 'SiLU', second),
  unary(x => tf.mul(tf.mul(x, 0.5), tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2)))), 'GELU', second),
  unary(x => tf.mul(x, tf.div(tf.relu6(tf.add(x, 3)), 6)), 'hard swish', { range: [-5, 5] }),
];

export const arithmeticCases: readonly KernelCase[] = [
  ...binary(tf.add, 'add'),
  ...binary(tf.sub, 'sub'),
  ...binary(tf.mul, 'mul', second),
  ...binary(tf.div, 'div', { ...positive, ...second }),
  ...binary(tf.maximum, 'maximum'),
  ...binary(tf.minimum, 'minimum'),
  ...binary(tf.pow, 'pow', positive),
  ...binary(tf.squaredDifference, 'squared difference', second),
  ...binary(tf.mod, 'mod', { ...forward, range: [-3, 3.1] }),
  ...binary(tf.floorDiv, 'floor division', { ...forward, range: [-3, 3.1] }),
  ...(
    [
      ['equal', tf.equal],
      ['not equal', tf.notEqual],
      ['greater', tf.greater],
      ['greater or equal', tf.greaterEqual],
      ['less', tf.less],
      ['less or equal', tf.lessEqual],
    ] as const
  ).flatMap(([name, compare]) =>
    binary(
      (a, b) => tf.cast(compare(tf.round(tf.mul(a, 2)), tf.round(tf.mul(b, 2))), 'float32'),
      name,
      forward,
    ),
  ),
  unary(
    x => tf.cast(tf.logicalAnd(tf.greater(x, -0.5), tf.less(x, 0.5)), 'float32'),
    'logical and',
    forward,
  ),
  unary(
    x => tf.cast(tf.logicalOr(tf.greater(x, 0.5), tf.less(x, -0.5)), 'float32'),
    'logical or',
    forward,
  ),
  unary(x => tf.addN([x, tf.square(x), tf.mul(x, 3)]), 'sum of a list'),
  unary(x => tf.where(tf.greater(x, 0), x, tf.mul(x, 3)), 'choice'),
  unary(
    x => tf.where(tf.greater(x, 0), tf.log(x), tf.zerosLike(x)),
    'choice of the logarithm only where there is one',
    forward,
  ),
  unary(
    x =>
      tf.where(
        tf.logicalAnd(tf.greaterEqual(x, 0.2), tf.lessEqual(x, 0.5)),
        tf.div(1, tf.relu(x)),
        tf.zerosLike(x),
      ),
    'choice between limits where the other values are infinite',
    forward,
  ),
  unary(x => tf.mul(x, tf.add(tf.sub(x, 0), 0)), 'neutral summands'),
  unary(x => tf.div(tf.mul(x, tf.ones([4, 10])), 1), 'neutral factors'),
  unary(x => tf.add(x, tf.fill([2, 4, 10], 3)), 'a constant that is larger'),
];

export const reductionCases: readonly KernelCase[] = [
  unary(x => tf.sum(x, 1), 'sum of rows'),
  unary(x => tf.sum(x), 'sum of all'),
  unary(x => tf.mean(x, [0, 1], true), 'mean of all, axes kept'),
  unary(x => tf.max(x, 1), 'max'),
  unary(x => tf.min(x, 0, true), 'min, axes kept'),
  unary(x => tf.prod(x, 1), 'product', positive),
  unary(x => tf.cumsum(x, 1), 'cumulative sum'),
  unary(x => tf.cumsum(x, 0, true, true), 'cumulative sum, exclusive and reversed'),
  unary(tf.softmax, 'softmax', second),
  unary(tf.logSoftmax, 'log softmax', second),
  unary(x => tf.logSumExp(x, 1), 'log sum exp'),
  unary(x => tf.norm(x, 2, 1), 'norm'),
  unary(x => tf.cast(tf.argMax(x, 1), 'float32'), 'index of the maximum', forward),
  unary(x => tf.cast(tf.argMin(x, 0), 'float32'), 'index of the minimum', forward),
  unary(x => tf.cast(tf.any(tf.greater(x, 0.5), 1), 'float32'), 'any', forward),
  unary(x => tf.cast(tf.all(tf.less(x, 0.5), 1), 'float32'), 'all', forward),
  unary(x => tf.cast(tf.sum(tf.greater(x, 0), 1), 'float32'), 'count', forward),
  ...(['sum', 'mean', 'max'] as const).flatMap(kind =>
    [[1, 2], [3], [0, 1, 2], [1]].flatMap(axes =>
      [true, false].map(keep =>
        onImages(`${kind} of an image over ${axes.join()}${keep ? ', axes kept' : ''}`, x =>
          tf[kind](convolved(x), axes, keep),
        ),
      ),
    ),
  ),
];

export const movementCases: readonly KernelCase[] = [
  unary(x => tf.reshape(x, [2, 20]), 'reshape'),
  unary(x => tf.expandDims(x, 1), 'expand dimensions'),
  unary(x => tf.transpose(x), 'transpose'),
  unary(x => tf.transpose(tf.reshape(x, [2, 2, 10]), [2, 0, 1]), 'transpose of three axes'),
  unary(x => tf.tile(x, [2, 3]), 'tile'),
  unary(x => tf.mul(tf.tile(tf.sum(x, 1, true), [1, 10]), x), 'tile of a column'),
  unary(x => tf.broadcastTo(tf.sum(x, 0), [4, 10]), 'broadcast'),
  unary(x => tf.slice(x, [1, 2], [2, 5]), 'slice'),
  unary(x => tf.stridedSlice(x, [0, 1], [4, 10], [2, 3]), 'strided slice'),
  unary(x => tf.stridedSlice(x, [3, 9], [0, 0], [-1, -2]), 'strided slice, backwards', forward),
  unary(
    x => tf.stridedSlice(x, [0, 0], [0, 0], [-1, 1], 3, 3),
    'strided slice with masks',
    forward,
  ),
  unary(x => tf.concat([x, tf.square(x)], 1), 'concat'),
  unary(x => tf.stack([x, tf.square(x)], 1), 'stack'),
  unary(x => tf.unstack(x, 1)[3] as tf.Tensor, 'unstack'),
  { ...unary(x => x, 'split'), compute: x => tf.split(x, [3, 7], 1) },
  unary(
    x =>
      tf.pad(
        x,
        [
          [1, 0],
          [2, 1],
        ],
        0.5,
      ),
    'pad',
  ),
  unary(
    x =>
      tf.mirrorPad(
        x,
        [
          [1, 0],
          [2, 1],
        ],
        'reflect',
      ),
    'mirror pad',
  ),
  unary(x => tf.reverse(x, 1), 'reverse'),
  onImages('slice of an image', x => tf.slice(convolved(x), [0, 1, 2, 1], [2, 3, 3, 2])),
  onImages('concat of images', x => tf.concat([convolved(x), x], 3)),
  onImages('split of an image', x =>
    tf.mul(...(tf.split(convolved(x), 2, 3) as [tf.Tensor, tf.Tensor])),
  ),
  onImages('pad of an image', x =>
    tf.pad(convolved(x), [
      [0, 0],
      [1, 2],
      [0, 1],
      [0, 0],
    ]),
  ),
  onImages('mirror pad of an image', x =>
    tf.mirrorPad(
      convolved(x),
      [
        [0, 0],
        [1, 2],
        [0, 1],
        [0, 0],
      ],
      'reflect',
    ),
  ),
  onImages('reverse of an image', x => tf.reverse(convolved(x), [1, 2])),
  onImages('reshape of an image', x => tf.reshape(convolved(x), [2, -1])),
  onImages('reshape of an image without extent', x =>
    tf.reshape(tf.mean(convolved(x), [1, 2], true), [2, 4]),
  ),
  onImages(
    'squeeze and excitation',
    x => {
      const features = convolved(x);
      const gate = tf.sigmoid(
        tf.matMul(tf.mean<tf.Tensor2D>(features, [1, 2]), constant([4, 4]) as tf.Tensor2D),
      );
      return tf.mul(features, tf.reshape(gate, [2, 1, 1, 4]));
    },
    images,
    second,
  ),
  onImages('depth to space', x => tf.depthToSpace(x, 2), [2, 3, 3, 8]),
  onImages(
    'space to batch',
    x =>
      tf.spaceToBatchND(
        x,
        [2, 2],
        [
          [0, 0],
          [0, 0],
        ],
      ),
    [2, 4, 4, 3],
  ),
  onImages(
    'batch to space',
    x =>
      tf.batchToSpaceND(
        x,
        [2, 2],
        [
          [0, 0],
          [0, 0],
        ],
      ),
    [4, 2, 2, 3],
  ),
];

export const indexingCases: readonly KernelCase[] = [
  unary(x => tf.gather(x, tf.tensor1d([1, 0, 1, 3], 'int32')), 'gather'),
  unary(
    x =>
      tf.gather(
        x,
        tf.tensor2d(
          [
            [1, 0],
            [1, 3],
          ],
          [2, 2],
          'int32',
        ),
        1,
      ),
    'gather along the last axis',
  ),
  unary(
    x =>
      tf.gatherND(
        x,
        tf.tensor2d(
          [
            [0, 1],
            [2, 2],
          ],
          [2, 2],
          'int32',
        ),
      ),
    'gather by coordinates',
  ),
  unary(x => tf.topk(x, 3).values, 'largest values'),
  unary(x => tf.mul(tf.oneHot(tf.argMax(x, 1), 10), x), 'one hot', forward),
];

export const matmulCases: readonly KernelCase[] = [
  ...[false, true].flatMap(ta =>
    [false, true].map((tb): KernelCase => ({
      name: `matMul${ta ? ', a transposed' : ''}${tb ? ', b transposed' : ''}`,
      shapes: [ta ? [5, 4] : [4, 5], tb ? [3, 5] : [5, 3]],
      secondOrder: true,
      compute: (a, b) => tf.matMul(a, b, ta, tb),
    })),
  ),
  ...[false, true].flatMap(ta =>
    [false, true].map((tb): KernelCase => ({
      name: `matMul of stacks${ta ? ', a transposed' : ''}${tb ? ', b transposed' : ''}`,
      shapes: [ta ? [2, 3, 5, 4] : [2, 3, 4, 5], tb ? [2, 3, 3, 5] : [2, 3, 5, 3]],
      compute: (a, b) => tf.matMul(a, b, ta, tb),
    })),
  ),
  {
    name: 'matMul of a stack and a matrix',
    forwardOnly: true,
    shapes: [
      [2, 4, 5],
      [5, 3],
    ],
    compute: (a, b) => tf.matMul(a, b),
  },
  {
    name: 'matMul of one row',
    shapes: [
      [1, 5],
      [5, 3],
    ],
    compute: (a, b) => tf.matMul(a, b),
  },
  {
    name: 'fused matMul with bias',
    shapes: [[4, 5], [5, 3], [3]],
    compute: (a, b, bias) => tf.fused.matMul({ a: a, b: b, bias: bias }),
  },
  ...(['relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu'] as const).map((activation): KernelCase => ({
    name: `fused matMul with ${activation}`,
    shapes: [[4, 5]],
    compute: a =>
      tf.fused.matMul({
        a: a,
        b: constant([5, 3]),
        bias: constant([3], 1),
        activation,
        leakyreluAlpha: 0.3,
      }),
  })),
  {
    name: 'fused matMul with prelu',
    shapes: [[4, 5]],
    forwardOnly: true,
    compute: a =>
      tf.fused.matMul({
        a: a,
        b: constant([5, 3]),
        activation: 'prelu',
        preluActivationWeights: constant([3]),
      }),
  },
  {
    name: 'einsum',
    shapes: [
      [3, 4],
      [4, 5],
    ],
    compute: (a, b) => tf.einsum('ij,jk->ik', a, b),
  },
  {
    name: 'einsum of stacks',
    shapes: [
      [2, 3, 4],
      [2, 5, 4],
    ],
    compute: (a, b) => tf.einsum('bij,bkj->bik', a, b),
  },
  {
    name: 'attention',
    shapes: [[2, 5, 4]],
    secondOrder: true,
    compute: (x: tf.Tensor): tf.Tensor => {
      const [q, k, v] = [0, 1, 2].map(key =>
        tf.matMul(
          x as tf.Tensor3D,
          tf.tile(tf.reshape(constant([4, 4], key), [1, 4, 4]), [2, 1, 1]),
        ),
      );
      return tf.matMul(
        tf.softmax(tf.matMul(q as tf.Tensor, k as tf.Tensor, false, true)),
        v as tf.Tensor,
      );
    },
  },
];

type Pad = 'same' | 'valid' | number;

export const convolutionCases: readonly KernelCase[] = [
  ...(
    [
      [7, 3, 1, 'same'],
      [7, 3, 1, 'valid'],
      [7, 3, 2, 'same'],
      [8, 5, 2, 'same'],
      [8, 3, 2, 'valid'],
      [7, 1, 2, 'same'],
      [7, 2, 1, 'same'],
      [9, 3, 3, 1],
    ] as [number, number, 1 | 2 | 3, Pad][]
  ).map(([size, filter, stride, pad]): KernelCase => ({
    name: `conv2d of ${size}, filter ${filter}, stride ${stride}, ${pad}`,
    shapes: [
      [2, size, size, 2],
      [filter, filter, 2, 3],
    ],
    secondOrder: true,
    compute: (x, w) =>
      tf.conv2d(
        x as tf.Tensor4D,
        w as tf.Tensor4D,
        stride,
        pad,
        'NHWC',
        1,
        typeof pad === 'number' ? 'floor' : undefined,
      ),
  })),
  ...([1, 2] as const).map((stride): KernelCase =>
    onImages(`conv2d with a constant filter of 16 channels, stride ${stride}`, x =>
      tf.conv2d(convolved(x, 16), constant([3, 3, 16, 16]) as tf.Tensor4D, stride, 'same'),
    ),
  ),
  onImages('conv2d with a margin larger than the filter', x =>
    tf.conv2d(x, constant([2, 2, 3, 9]) as tf.Tensor4D, 1, 3, 'NHWC', 1, 'floor'),
  ),
  onImages('dilated conv2d', x =>
    tf.conv2d(x, constant([3, 3, 3, 2]) as tf.Tensor4D, 1, 'same', 'NHWC', 2),
  ),
  {
    name: 'conv1d',
    shapes: [[2, 12, 3]],
    compute: x => tf.conv1d(x as tf.Tensor3D, constant([3, 3, 4]) as tf.Tensor3D, 2, 'same'),
  },
  ...(
    [
      ['same', 10],
      ['valid', 13],
    ] as const
  ).map(([pad, size]): KernelCase => ({
    name: `conv2dTranspose, ${pad}`,
    shapes: [
      [2, 5, 5, 3],
      [5, 5, 2, 3],
    ],
    secondOrder: true,
    compute: (x, w) =>
      tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, [2, size, size, 2], 2, pad),
  })),
  ...(
    [
      [1, 1, 1],
      [2, 1, 1],
      [1, 2, 1],
      [1, 1, 2],
    ] as const
  ).flatMap(([stride, multiplier, dilation]) =>
    ([7, 8] as const).map((size): KernelCase => ({
      name: `depthwiseConv2d of ${size}, stride ${stride}, multiplier ${multiplier}, dilation ${dilation}`,
      shapes: [
        [2, size, size, 2],
        [3, 3, 2, multiplier],
      ],
      compute: (x, w) =>
        tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, 'same', 'NHWC', dilation),
    })),
  ),
  ...([1, 2] as const).flatMap(stride =>
    ([7, 8] as const).map(size =>
      onImages(
        `depthwiseConv2d of ${size} with a constant filter, stride ${stride}`,
        x => tf.depthwiseConv2d(x, constant([3, 3, 3, 1]) as tf.Tensor4D, stride, 'same'),
        [2, size, size, 3],
      ),
    ),
  ),
  ...(['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu'] as const).flatMap(activation => [
    onImages(`fused conv2d with ${activation}`, x =>
      tf.fused.conv2d({
        x,
        filter: constant([3, 3, 3, 4]) as tf.Tensor4D,
        strides: 1,
        pad: 'same',
        bias: constant([4]),
        activation,
        leakyreluAlpha: 0.3,
      }),
    ),
    onImages(`fused depthwiseConv2d with ${activation}`, x =>
      tf.fused.depthwiseConv2d({
        x,
        filter: constant([3, 3, 3, 1]) as tf.Tensor4D,
        strides: 1,
        pad: 'same',
        bias: constant([3]),
        activation,
        leakyreluAlpha: 0.3,
      }),
    ),
  ]),
  onImages(
    'fused conv2d with prelu',
    x =>
      tf.fused.conv2d({
        x,
        filter: constant([3, 3, 3, 4]) as tf.Tensor4D,
        strides: 1,
        pad: 'same',
        activation: 'prelu',
        preluActivationWeights: constant([4]),
      }),
    images,
    forward,
  ),
  onImages('separable convolution', x =>
    tf.separableConv2d(
      x,
      constant([3, 3, 3, 1]) as tf.Tensor4D,
      constant([1, 1, 3, 5]) as tf.Tensor4D,
      1,
      'same',
    ),
  ),
];

export const poolingCases: readonly KernelCase[] = (
  [
    [8, 2, 2, 'same'],
    [7, 2, 2, 'same'],
    [7, 2, 2, 'valid'],
    [7, 3, 2, 'same'],
    [8, 3, 2, 'valid'],
    [6, 3, 1, 'same'],
    [7, 2, 3, 'valid'],
    [7, 3, 2, 1],
  ] as [number, number, number, Pad][]
).flatMap(([size, filter, stride, pad]) => {
  const rounding = typeof pad === 'number' ? 'floor' : undefined;
  const shape = [2, size, size, 3];
  const words = `of ${size}, window ${filter}, stride ${stride}, ${pad}`;
  return [
    onImages(
      `max pool ${words}`,
      x => tf.maxPool(x, filter, stride, pad, rounding),
      shape,
      typeof pad === 'number' ? {} : second,
    ),
    onImages(
      `max pool of negative values ${words}`,
      x => tf.maxPool(tf.sub(x, 2), filter, stride, pad, rounding),
      shape,
    ),
    onImages(
      `max pool after relu ${words}`,
      x => tf.maxPool(tf.relu(convolved(x)), filter, stride, pad, rounding),
      shape,
      { bent: true },
    ),
    onImages(
      `average pool ${words}`,
      x => tf.avgPool(x, filter, stride, pad, rounding),
      shape,
      second,
    ),
  ];
});

export const normalizationCases: readonly KernelCase[] = [
  onImages('batch normalisation with constants', x =>
    tf.batchNorm(
      convolved(x),
      constant([4]),
      tf.square(constant([4], 1)),
      constant([4], 2),
      constant([4], 3),
    ),
  ),
  onImages(
    'batch normalisation without offset and scale',
    x => tf.batchNorm(x, constant([3]), tf.square(constant([3], 1))),
    images,
    forward,
  ),
  unary(
    x =>
      tf.batchNorm2d(
        x as tf.Tensor2D,
        constant([10]) as tf.Tensor1D,
        tf.square(constant([10], 1)) as tf.Tensor1D,
        constant([10], 2) as tf.Tensor1D,
        constant([10], 3) as tf.Tensor1D,
      ),
    'batch normalisation of vectors',
    second,
  ),
  {
    name: 'batch normalisation with variable statistics',
    shapes: [[2, 3, 3, 4], [4], [4], [4], [4]],
    range: [0.1, 1],
    secondOrder: true,
    compute: (x, mean, variance, offset, scale) =>
      tf.batchNorm(
        x as tf.Tensor4D,
        mean as tf.Tensor1D,
        variance as tf.Tensor1D,
        offset as tf.Tensor1D,
        scale as tf.Tensor1D,
      ),
  },
  unary(
    x => {
      const { mean, variance } = tf.moments(x, 1, true);
      const normal = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-3)));
      return tf.add(tf.mul(normal, constant([10])), constant([10], 1));
    },
    'layer normalisation',
    second,
  ),
  onImages(
    'local response normalisation',
    x => tf.localResponseNormalization(x, 2, 1, 0.7, 0.6),
    [2, 3, 3, 7],
  ),
];

export const resizeCases: readonly KernelCase[] = (
  ['resizeBilinear', 'resizeNearestNeighbor'] as const
).flatMap(kind =>
  (
    [
      [6, 12],
      [3, 4],
      [12, 6],
      [7, 5],
      [5, 1],
    ] as const
  ).flatMap(([from, to]) =>
    (
      [
        [false, false],
        [true, false],
        [false, true],
      ] as const
    ).map(([align, half]) =>
      onImages(
        `${kind} ${from} to ${to}${align ? ', corners aligned' : ''}${half ? ', half pixels' : ''}`,
        x => tf.image[kind](x, [to, to], align, half),
        [2, from, from, 3],
        second,
      ),
    ),
  ),
);

export const kernelCases: readonly KernelCase[] = [
  ...elementwiseCases,
  ...arithmeticCases,
  ...reductionCases,
  ...movementCases,
  ...indexingCases,
  ...matmulCases,
  ...convolutionCases,
  ...poolingCases,
  ...normalizationCases,
  ...resizeCases,
];
