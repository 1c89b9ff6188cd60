import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Batch } from '../../src/arrays/batch.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import type { OpenModelOptions } from '../../src/model/logit-network.ts';
import { crossEntropy } from '../../src/model/losses.ts';
import { openClassifier, type OpenedModel } from '../../src/model/open-classifier.ts';
import { readSavedModel } from '../../src/model/read-saved-model.ts';
import golden from '../fixtures/golden.json' with { type: 'json' };
import { graphModelFiles, writeModel, type HandWeight } from '../fixtures/write-model.ts';

const bounds = { lower: 0, upper: 1 };
const {
  W,
  b,
  x,
  logits: goldenLogits,
  softmax,
  grad_ce_wrt_x: goldenGradient,
} = golden.linear_multiclass;

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine({ name: 'cpu' });
});

afterAll(() => engine.dispose());

type Node = Readonly<Record<string, unknown>>;

/** A node of a graph whose attributes are types, shapes, lists and flags as a GraphDef has them. */
function node(name: string, op: string, input: readonly string[] = [], attr: object = {}): Node {
  return { name, op, input, attr: { T: { type: 'DT_FLOAT' }, ...attr } };
}

function placeholder(name: string, shape: readonly number[], dtype = 'DT_FLOAT'): Node {
  const dim = shape.map(size => ({ size: String(size) }));
  return {
    name,
    op: 'Placeholder',
    attr: { dtype: { type: dtype }, shape: { shape: shape.length > 0 ? { dim } : {} } },
  };
}

const constant = (name: string, dtype = 'DT_FLOAT'): Node => ({
  name,
  op: 'Const',
  attr: { dtype: { type: dtype } },
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const fusedOps = (...names: string[]): object => ({
  fused_ops: { list: { s: names.map(base64) } },
  num_args: { i: '1' },
  transpose_a: { b: false },
  transpose_b: { b: false },
});

const weights: readonly HandWeight[] = [
  { name: 'W', shape: [4, 3], values: W.flat() },
  { name: 'b', shape: [3], values: b },
];

/** The golden linear model up to its logits, at the node `z`. */
const linear = (batch = -1): Node[] => [
  placeholder('x', [batch, 4]),
  constant('W'),
  constant('b'),
  node('product', 'MatMul', ['x', 'W'], { transpose_a: { b: false }, transpose_b: { b: false } }),
  node('z', 'BiasAdd', ['product', 'b']),
];

const signature = (outputs: Readonly<Record<string, string>>): object => ({
  inputs: {
    x: {
      name: 'x:0',
      dtype: 'DT_FLOAT',
      tensorShape: { dim: [{ size: '-1' }, { size: '4' }] },
    },
  },
  outputs: Object.fromEntries(Object.entries(outputs).map(([key, name]) => [key, { name }])),
});

interface GraphOptions extends Partial<OpenModelOptions> {
  readonly weights?: readonly HandWeight[];
  readonly signature?: object;
}

async function openGraph(nodes: readonly Node[], options: GraphOptions = {}): Promise<OpenedModel> {
  const files = graphModelFiles(nodes, [...weights, ...(options.weights ?? [])], options.signature);
  const saved = await readSavedModel(await writeModel(files));
  const opened = await openClassifier(engine, saved, { bounds, ...options });
  onTestFinished(() => opened.dispose());
  return opened;
}

async function failure(action: Promise<unknown>): Promise<unknown> {
  return action.then(
    () => 'no problem',
    (error: unknown) => error,
  );
}

const input = (): Batch => new Batch(Float32Array.from(x), [4]);

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, within = 1e-6): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < actual.length; i++) {
    expect(Math.abs((actual[i] as number) - (expected[i] as number))).toBeLessThan(within);
  }
}

describe('the golden linear model as a graph', () => {
  const axis: HandWeight = { name: 'axis', shape: [1], dtype: 'int32', values: [1] };
  const reduce = { keep_dims: { b: true } };

  test.each<[string, Node[], string, HandWeight[]]>([
    ['Softmax', [node('p', 'Softmax', ['z'])], 'p', []],
    [
      'Softmax behind Identity and Reshape',
      [
        constant('shape', 'DT_INT32'),
        node('p', 'Softmax', ['z']),
        node('again', 'Reshape', ['p', 'shape']),
        node('Identity', 'Identity', ['again', '^p']),
      ],
      'p',
      [{ name: 'shape', shape: [2], dtype: 'int32', values: [-1, 3] }],
    ],
    [
      'exp(z) / Σ exp(z)',
      [
        constant('axis', 'DT_INT32'),
        node('e', 'Exp', ['z']),
        node('sum', 'Sum', ['e', 'axis'], reduce),
        node('p', 'RealDiv', ['e', 'sum']),
      ],
      'p',
      [axis],
    ],
    [
      'exp(z − max z) / Σ exp(z − max z)',
      [
        constant('axis', 'DT_INT32'),
        node('highest', 'Max', ['z', 'axis'], reduce),
        node('d', 'Sub', ['z', 'highest']),
        node('e', 'Exp', ['d']),
        node('sum', 'Sum', ['e', 'axis'], reduce),
        node('p', 'RealDiv', ['e', 'sum']),
      ],
      'p',
      [axis],
    ],
  ])('%s', async (_, end, at, more) => {
    const { classifier, description } = await openGraph([...linear(), ...end], { weights: more });
    expectClose((await classifier.logits(input())).values, goldenLogits);
    const { gradient } = await classifier.lossGradient(crossEntropy, input(), [
      Float32Array.of(1, 0, 0),
    ]);
    expectClose(gradient.values, goldenGradient);
    expect(description).toMatchObject({
      format: 'graph-model',
      inputShape: [4],
      classCount: 3,
      logits: `The input of the softmax at ${at}; the model's answers confirm it.`,
    });
  });

  test('without softmax', async () => {
    const { classifier, description } = await openGraph(linear());
    expectClose((await classifier.logits(input())).values, goldenLogits);
    expect(description.logits).toBe(
      'The output itself: its values do not sum to one, so they are taken as logits.',
    );
  });

  test('LogSoftmax', async () => {
    const { classifier, description } = await openGraph([
      ...linear(),
      node('p', 'LogSoftmax', ['z']),
    ]);
    expectClose((await classifier.logits(input())).values, softmax.map(Math.log));
    expect(description.logits).toBe(
      'The output itself: logarithms of probabilities, by the log_softmax at p.',
    );
  });

  test('probabilities of an unknown kind', async () => {
    // softmax(z)·1: what multiplies them could be anything.
    const { classifier, description } = await openGraph(
      [
        ...linear(),
        constant('one'),
        node('p', 'Softmax', ['z']),
        node('scaled', 'Mul', ['p', 'one']),
      ],
      { weights: [{ name: 'one', shape: [], values: [1] }] },
    );
    expectClose((await classifier.logits(input())).values, softmax.map(Math.log));
    expect(description.logits).toBe(
      'Logarithms of the probabilities: what stands before them at scaled cannot be had.',
    );
  });

  test('a softmax over something else than the classes is not taken off', async () => {
    // The logits twice, softmax over each three: six values that sum to two.
    const { classifier, description } = await openGraph(
      [
        ...linear(),
        constant('pairs', 'DT_INT32'),
        constant('six', 'DT_INT32'),
        constant('axis', 'DT_INT32'),
        node('twice', 'ConcatV2', ['z', 'z', 'axis'], { N: { i: '2' } }),
        node('folded', 'Reshape', ['twice', 'pairs']),
        node('p', 'Softmax', ['folded']),
        node('flat', 'Reshape', ['p', 'six']),
      ],
      {
        weights: [
          { name: 'pairs', shape: [3], dtype: 'int32', values: [-1, 2, 3] },
          { name: 'six', shape: [2], dtype: 'int32', values: [-1, 6] },
          { name: 'axis', shape: [], dtype: 'int32', values: [1] },
        ],
      },
    );
    expectClose((await classifier.logits(input())).values, [...softmax, ...softmax]);
    expect(description.logits).toMatch(/^The output itself/);
  });
});

describe('a binary graph', () => {
  const { w, b: bias, x: point, margin } = golden.linear_binary;
  const binary: HandWeight[] = [
    { name: 'w', shape: [4, 1], values: w },
    { name: 'c', shape: [1], values: [bias] },
  ];
  const start = [placeholder('x', [-1, 4]), constant('w'), constant('c')];
  const at = new Batch(Float32Array.from(point), [4]);

  test.each<[string, Node[], string]>([
    [
      'Sigmoid',
      [
        node('product', 'MatMul', ['x', 'w'], {
          transpose_a: { b: false },
          transpose_b: { b: false },
        }),
        node('sum', 'BiasAdd', ['product', 'c']),
        node('p', 'Sigmoid', ['sum']),
      ],
      'The input of the sigmoid at p is the logit of the second class; that of the first is 0.',
    ],
    [
      'a sigmoid fused into the product',
      [node('p', '_FusedMatMul', ['x', 'w', 'c'], fusedOps('BiasAdd', 'Sigmoid'))],
      'The input of the sigmoid at p is the logit of the second class; that of the first is 0.',
    ],
    [
      'no sigmoid',
      [node('p', '_FusedMatMul', ['x', 'w', 'c'], fusedOps('BiasAdd'))],
      'The single output is the logit of the second class; that of the first is 0.',
    ],
  ])('%s', async (_, end, sentence) => {
    const { classifier, description } = await openGraph([...start, ...end], { weights: binary });
    expectClose((await classifier.logits(at)).values, [0, margin]);
    expect(description.logits).toBe(sentence);
    const { gradient } = await classifier.lossGradient(crossEntropy, at, [Float32Array.of(1, 0)]);
    const slope = 1 / (1 + Math.exp(-margin));
    expectClose(
      gradient.values,
      w.map(value => value * slope),
    );
  });
});

describe('inputs and outputs of a graph', () => {
  const withSoftmax = [...linear(), node('p', 'Softmax', ['z'])];

  test('are those of the signature', async () => {
    const { description } = await openGraph([...withSoftmax, node('feature', 'Relu', ['z'])], {
      signature: signature({ classes: 'p:0', feature: 'feature:0' }),
    });
    expect(description).toMatchObject({ output: 'classes', classCount: 3 });
  });

  test('none is clear', async () => {
    const opening = openGraph([...linear(), node('r', 'Relu', ['z']), node('t', 'Tanh', ['z'])], {
      signature: signature({ first: 'r', second: 't', third: 'product' }),
    });
    expect(await failure(opening)).toMatchObject({
      code: 'model/output-ambiguous',
      message: 'The model has 3 outputs, and which of them holds the classes is not clear.',
      remedy:
        'Name one of them as output in the configuration: first (relu), second (tanh), third (linear).',
    });
  });

  test('an output is named by its key or its node', async () => {
    const nodes = [...withSoftmax, node('t', 'Tanh', ['product'])];
    const options = { signature: signature({ classes: 'p', other: 't:0' }) };
    for (const output of ['other', 't']) {
      const { description } = await openGraph(nodes, { ...options, output });
      expect(description.output).toBe('other');
    }
    expect(await failure(openGraph(nodes, { ...options, output: 'none' }))).toMatchObject({
      code: 'model/output-unknown',
      message: 'The model has no output none.',
      remedy: 'Name one of its outputs: classes (softmax), other (tanh).',
    });
  });

  test('a flag for training is set to false', async () => {
    const flag = placeholder('keras_learning_phase', [], 'DT_BOOL');
    const choose = node('p', 'SelectV2', ['keras_learning_phase', 'product', 'z']);
    const { classifier } = await openGraph([...linear(), flag, choose]);
    expectClose((await classifier.logits(input())).values, goldenLogits);
  });

  test('a second input', async () => {
    const nodes = [...linear(), placeholder('mask', [-1, 3]), node('masked', 'Mul', ['z', 'mask'])];
    expect(await failure(openGraph(nodes))).toMatchObject({
      code: 'model/unsupported',
      message: 'The model takes 2 inputs (x, mask); Assay can only change one.',
      remedy: 'Save a model that takes one input.',
    });
  });

  test.each(['DT_INT32', 'DT_UINT8'])('an input of type %s', async dtype => {
    const nodes = [placeholder('pixels', [1, 4], dtype), node('y', 'Relu', ['pixels'])];
    expect(await failure(openGraph(nodes))).toMatchObject({
      code: 'model/unsupported',
      message: `The input pixels takes ${dtype} values, for which there is no gradient.`,
      place: { field: 'pixels' },
      remedy: 'Save the model with a float32 input, and cast inside the model.',
    });
  });

  test('a shape that the graph does not tell', async () => {
    const [, ...rest] = withSoftmax;
    const open = { name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' } } };
    expect(await failure(openGraph([open, ...rest]))).toMatchObject({
      code: 'model/input-open',
      message: 'The model leaves the shape of its input open.',
      remedy: 'Give the shape of the input in the configuration.',
    });
    const { classifier } = await openGraph([open, ...rest], { inputShape: [4] });
    expectClose((await classifier.logits(input())).values, goldenLogits);
  });
});

describe('a graph saved for a batch of one', () => {
  const two = new Batch(Float32Array.from([...x, ...x.map(value => 1 - value)]), [4]);

  test('goes together where the samples stay apart', async () => {
    const { classifier, description } = await openGraph([
      ...linear(1),
      node('p', 'Softmax', ['z']),
    ]);
    const logits = await classifier.logits(two);
    expectClose(logits.row(0), goldenLogits);
    expectClose((await classifier.logits(two.slice(1, 2))).values, logits.row(1));
    expect(description.notes).toEqual([]);
  });

  test.each([
    ['is reshaped to one row', [1, -1]],
    ['is reshaped to one sample', [1, 3]],
  ])('goes one by one where it %s', async (_, shape) => {
    const nodes = [
      ...linear(1),
      constant('shape', 'DT_INT32'),
      node('row', 'Reshape', ['z', 'shape']),
      node('p', 'Softmax', ['row']),
    ];
    const more: HandWeight[] = [{ name: 'shape', shape: [2], dtype: 'int32', values: shape }];
    const { classifier, description } = await openGraph(nodes, { weights: more });
    expect(classifier.classCount).toBe(3);
    const logits = await classifier.logits(two);
    expect(logits.count).toBe(2);
    expectClose(logits.row(0), goldenLogits);
    const oneHot = Float32Array.of(1, 0, 0, 1, 0, 0);
    const { gradient } = await classifier.lossGradient(crossEntropy, two, [oneHot]);
    expectClose(gradient.row(0), goldenGradient);
    expect(description.notes).toEqual([
      'The graph was saved for a batch of one, so samples go through it one at a time.',
    ]);
  });
});

describe('graphs that cannot be audited', () => {
  test('an unknown operation', async () => {
    const opening = openGraph([...linear(), node('p', 'MadeUpOp', ['z'])]);
    expect(await failure(opening)).toMatchObject({
      code: 'model/unknown-operation',
      message: 'The graph contains the operation MadeUpOp, which TensorFlow.js does not have.',
      place: { field: 'MadeUpOp' },
      remedy: 'Replace the operation in the model and convert it again.',
    });
  });

  test('control flow', async () => {
    const opening = openGraph([
      ...linear(),
      placeholder('flag', [], 'DT_BOOL'),
      node('chosen', 'Switch', ['z', 'flag']),
      node('p', 'Softmax', ['chosen']),
    ]);
    expect(await failure(opening)).toMatchObject({
      code: 'model/unsupported',
      message:
        'The graph branches at the operation Switch, depending on values: it has no gradient.',
      remedy: 'Save a model without control flow between its input and its classes.',
    });
  });

  test('pictures to pictures', async () => {
    const nodes = [placeholder('x', [-1, 2, 2, 3]), node('y', 'Relu', ['x'])];
    expect(await failure(openGraph(nodes))).toMatchObject({
      code: 'model/not-a-classifier',
      message: 'The output y has shape [2, 2, 3] for each sample, not one value for each class.',
      remedy: 'Choose the model of a classifier.',
    });
  });

  test('nodes that are none', async () => {
    const files = graphModelFiles([{ op: 'Placeholder' }], []);
    const saved = await readSavedModel(await writeModel(files));
    expect(await failure(openClassifier(engine, saved, { bounds }))).toMatchObject({
      code: 'model/invalid',
      message:
        'The graph is not as TensorFlow writes it, at modelTopology.node.node.0.name: Invalid key: Expected "name" but received undefined.',
      place: { file: saved.path, field: 'modelTopology.node' },
      remedy: 'Convert the model again.',
    });
  });
});
