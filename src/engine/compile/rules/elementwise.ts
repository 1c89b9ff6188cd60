import type { CastAttrs, ClipByValueAttrs, LeakyReluAttrs, StepAttrs } from '@tensorflow/tfjs-core';
import type { GraphBuilder } from '../graph-builder.ts';
import { onnxTypeNumber } from '../onnx.ts';
import type { Lowering } from '../lowering.ts';
import type { Value, ValueType } from '../program.ts';
import { lowerBlockedRelu } from './blocked-convolution.ts';
import { conditionsOf } from './conditions.ts';
import { activeStepInput, comparisonMask, step } from './masks.ts';
import { type AnyRule, defineRule, type RuleTable } from './rule.ts';
import { broadcast, like } from './shapes.ts';
import { onWholeVectors } from './whole-vectors.ts';

/** Kernels of one input that ONNX has under the same or another name. */
const sameOperator: Readonly<Record<string, string>> = {
  Abs: 'Abs',
  Acosh: 'Acosh',
  Asinh: 'Asinh',
  Atanh: 'Atanh',
  Ceil: 'Ceil',
  Cosh: 'Cosh',
  Erf: 'Erf',
  Exp: 'Exp',
  Floor: 'Floor',
  Neg: 'Neg',
  Reciprocal: 'Reciprocal',
  Round: 'Round',
  Sigmoid: 'Sigmoid',
  Sign: 'Sign',
  Sinh: 'Sinh',
  Sqrt: 'Sqrt',
  Tan: 'Tan',
  Tanh: 'Tanh',
};

/** Those that ONNX Runtime computes differently where less than a whole vector is left over. */
const vectorOperator: Readonly<Record<string, string>> = {
  Acos: 'Acos',
  Asin: 'Asin',
  Atan: 'Atan',
  Cos: 'Cos',
  Elu: 'Elu',
  Log: 'Log',
  Selu: 'Selu',
  Sin: 'Sin',
  Softplus: 'Softplus',
};

type Build = (graph: GraphBuilder, x: string, attributes: never) => string;

/** A kernel that works number by number on one input. */
function unary(build: Build, type?: ValueType): AnyRule {
  return defineRule<'x', never>({
    infer: ({ x }) => like(x, type),
    lower(lowering, { inputs, attributes, output }) {
      lowering.elementwise(output, [inputs.x], x => build(lowering.graph, x, attributes));
    },
  });
}

/** The same, where an operator in it needs whole vectors. */
function unaryOnWholeVectors(build: Build): AnyRule {
  return defineRule<'x', never>({
    infer: ({ x }) => like(x),
    lower(lowering, { inputs, attributes, output }) {
      const { graph, placements } = lowering;
      // The batch axis is the first in every order of axes.
      const { shape } = placements.unbroadcast(inputs.x);
      lowering.elementwise(output, [inputs.x], x =>
        onWholeVectors(graph, x, shape, padded => build(graph, padded, attributes)),
      );
    },
  });
}

function renamed(
  operators: Readonly<Record<string, string>>,
  make: (build: Build) => AnyRule,
): RuleTable {
  return Object.fromEntries(
    Object.entries(operators).map(([kernel, operator]) => [
      kernel,
      make((graph, x) => graph.node(operator, [x])),
    ]),
  );
}

/** Lowers a comparison with a number, cast to zeros and ones, as a mask of real numbers. */
function lowerComparison(lowering: Lowering, truth: Value, output: Value): boolean {
  const [condition, ...more] = conditionsOf(lowering, truth) ?? [];
  if (condition === undefined || more.length > 0) return false;
  const { comparison, x, limit } = condition;
  lowering.elementwise(output, [x], name =>
    comparisonMask(lowering.graph, comparison, name, limit),
  );
  return true;
}

/** Kernels of one input that work number by number. */
export const elementwiseRules: RuleTable = {
  ...renamed(sameOperator, unary),
  ...renamed(vectorOperator, unaryOnWholeVectors),

  ClipByValue: unary((graph, x, { clipValueMin, clipValueMax }: ClipByValueAttrs) =>
    graph.node('Clip', [x, graph.scalar(clipValueMin), graph.scalar(clipValueMax)]),
  ),
  LeakyRelu: unary((graph, x, { alpha }: LeakyReluAttrs) =>
    graph.node('LeakyRelu', [x], { alpha: { float: alpha } }),
  ),
  Relu: defineRule<'x', unknown>({
    infer: ({ x }) => like(x),
    lower(lowering, { inputs: { x }, output }) {
      if (lowerBlockedRelu(lowering, x, output)) return;
      lowering.elementwise(output, [x], name => lowering.graph.node('Relu', [name]));
    },
  }),
  Relu6: unary((graph, x) => graph.node('Clip', [x, graph.scalar(0), graph.scalar(6)])),
  Rsqrt: unary((graph, x) => graph.node('Reciprocal', [graph.node('Sqrt', [x])])),
  Square: unary((graph, x) => graph.node('Mul', [x, x])),

  // Both keep their precision near zero (Kahan): the rounding error of 1 + x or exp(x) cancels.
  Expm1: unaryOnWholeVectors((graph, x) => {
    const exponential = graph.node('Exp', [x]);
    const difference = graph.node('Sub', [exponential, graph.scalar(1)]);
    const corrected = graph.node('Div', [
      graph.node('Mul', [difference, x]),
      graph.node('Log', [exponential]),
    ]);
    const small = graph.node('Less', [graph.node('Abs', [x]), graph.scalar(1)]);
    const exact = graph.node('Equal', [exponential, graph.scalar(1)]);
    return graph.node('Where', [exact, x, graph.node('Where', [small, corrected, difference])]);
  }),
  Log1p: unaryOnWholeVectors((graph, x) => {
    const sum = graph.node('Add', [x, graph.scalar(1)]);
    const logarithm = graph.node('Log', [sum]);
    const corrected = graph.node('Div', [
      graph.node('Mul', [logarithm, x]),
      graph.node('Sub', [sum, graph.scalar(1)]),
    ]);
    const small = graph.node('Less', [graph.node('Abs', [x]), graph.scalar(1)]);
    const exact = graph.node('Equal', [sum, graph.scalar(1)]);
    return graph.node('Where', [exact, x, graph.node('Where', [small, corrected, logarithm])]);
  }),

  Step: defineRule<'x', StepAttrs>({
    infer: ({ x }) => like(x),
    lower(lowering, { inputs, attributes, output }) {
      const { graph } = lowering;
      lowering.elementwise(output, [activeStepInput(lowering, inputs.x)], x =>
        graph.cast(
          step(graph, graph.cast(x, inputs.x.type, 'float32'), attributes.alpha),
          'float32',
          output.type,
        ),
      );
    },
  }),

  IsNan: unary((graph, x) => graph.node('IsNaN', [x]), 'bool'),
  IsInf: unary((graph, x) => graph.node('IsInf', [x]), 'bool'),
  // x − x is zero for finite numbers only.
  IsFinite: unary(
    (graph, x) => graph.node('Equal', [graph.node('Sub', [x, x]), graph.scalar(0)]),
    'bool',
  ),
  LogicalNot: unary((graph, x) => graph.node('Not', [x]), 'bool'),

  Cast: defineRule<'x', CastAttrs>({
    infer: ({ x }, { dtype }) => like(x, dtype as ValueType),
    lower(lowering, { inputs, output }) {
      const { graph } = lowering;
      if (output.type === 'float32' && lowerComparison(lowering, inputs.x, output)) return;
      lowering.elementwise(output, [inputs.x], x =>
        graph.node('Cast', [x], { to: onnxTypeNumber(output.type) }),
      );
    },
  }),

  Prelu: defineRule<'x' | 'alpha', unknown>({
    infer: ({ x, alpha }) => broadcast(x, alpha),
    lower(lowering, { inputs, output }) {
      const { graph } = lowering;
      lowering.elementwise(output, [inputs.x, inputs.alpha], (x, slope) => {
        const negative = graph.node('Min', [x, graph.scalar(0)]);
        const scaled = graph.node('Mul', [negative, slope]);
        return graph.node('Add', [graph.node('Relu', [x]), scaled]);
      });
    },
  }),

  // The gradient of elu in terms of its output y: dy where y ≥ 0, else dy · (y + 1).
  EluGrad: defineRule<'dy' | 'y', unknown>({
    infer: ({ dy }) => like(dy),
    lower(lowering, { inputs, output }) {
      const { graph } = lowering;
      lowering.elementwise(output, [inputs.dy, inputs.y], (dy, y) => {
        const slope = graph.node('Add', [graph.node('Min', [y, graph.scalar(0)]), graph.scalar(1)]);
        return graph.node('Mul', [dy, slope]);
      });
    },
  }),
};
