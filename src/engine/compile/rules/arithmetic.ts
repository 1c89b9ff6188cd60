import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../program.ts';
import { lowerBlockedBias } from './blocked-convolution.ts';
import { clipConditions, lowerWhere } from './conditions.ts';
import { lowerProduct } from './product.ts';
import { type AnyRule, defineRule, type RuleTable } from './rule.ts';
import { broadcast, like, listed } from './shapes.ts';

type Build = (graph: GraphBuilder, a: string, b: string, operand: Value) => string;

/** A kernel that works number by number on two inputs, with broadcasting. */
function binary(build: Build, type?: 'bool'): AnyRule {
  return defineRule<'a' | 'b', unknown>({
    infer: ({ a, b }) => broadcast(a, b, type ?? a.type),
    lower(lowering, { inputs, output }) {
      lowering.elementwise(output, [inputs.a, inputs.b], (a, b) =>
        build(lowering.graph, a, b, inputs.a),
      );
    },
  });
}

/** A sum or difference, which passes its first operand on when the second is zero. */
function additive(operator: 'Add' | 'Sub'): AnyRule {
  return defineRule<'a' | 'b', unknown>({
    infer: ({ a, b }) => broadcast(a, b),
    lower(lowering, { inputs: { a, b }, output }) {
      const { graph, placements } = lowering;
      if (placements.uniform(b) === 0) lowering.elementwise(output, [a], x => x);
      else if (operator === 'Add' && placements.uniform(a) === 0) {
        lowering.elementwise(output, [b], x => x);
      } else if (operator === 'Sub' || !lowerBlockedBias(lowering, a, b, output)) {
        lowering.elementwise(output, [a, b], (x, y) => graph.node(operator, [x, y]));
      }
    },
  });
}

function operator(name: string): AnyRule {
  return binary((graph, a, b) => graph.node(name, [a, b]));
}

/** A comparison; ONNX orders no bools, so they are compared as integers. */
function comparison(name: string): AnyRule {
  return binary((graph, a, b, { type }) => {
    const comparable = type === 'bool' ? 'int32' : type;
    const [x, y] = [a, b].map(operand => graph.cast(operand, type, comparable));
    return graph.node(name, [x as string, y as string]);
  }, 'bool');
}

/** Kernels of two or more inputs that work number by number. */
export const arithmeticRules: RuleTable = {
  Add: additive('Add'),
  Sub: additive('Sub'),
  Maximum: operator('Max'),
  Minimum: operator('Min'),
  Pow: operator('Pow'),

  Multiply: defineRule<'a' | 'b', unknown>({
    infer: ({ a, b }) => broadcast(a, b),
    lower: (lowering, { inputs, output }) => lowerProduct(lowering, inputs.a, inputs.b, output),
  }),

  RealDiv: defineRule<'a' | 'b', unknown>({
    infer: ({ a, b }) => broadcast(a, b),
    lower(lowering, { inputs: { a, b }, output }) {
      const { graph, placements } = lowering;
      if (placements.uniform(b) === 1) lowering.elementwise(output, [a], x => x);
      else lowering.elementwise(output, [a, b], (x, y) => graph.node('Div', [x, y]));
    },
  }),

  SquaredDifference: binary((graph, a, b) => {
    const difference = graph.node('Sub', [a, b]);
    return graph.node('Mul', [difference, difference]);
  }),

  // Through float32, which is exact for integers below 2²⁴.
  FloorDiv: binary((graph, a, b, { type }) => {
    const [x, y] = [a, b].map(operand => graph.cast(operand, type, 'float32'));
    const quotient = graph.node('Floor', [graph.node('Div', [x as string, y as string])]);
    return graph.cast(quotient, 'float32', type);
  }),

  // The sign of the divisor, as in Python; ONNX has this for integers only.
  Mod: binary((graph, a, b, { type }) => {
    if (type === 'int32') return graph.node('Mod', [a, b]);
    const remainder = graph.node('Mod', [a, b], { fmod: 1 });
    const opposite = graph.node('Less', [graph.node('Mul', [remainder, b]), graph.scalar(0)]);
    return graph.node('Where', [opposite, graph.node('Add', [remainder, b]), remainder]);
  }),

  Equal: comparison('Equal'),
  Greater: comparison('Greater'),
  GreaterEqual: comparison('GreaterOrEqual'),
  Less: comparison('Less'),
  LessEqual: comparison('LessOrEqual'),
  NotEqual: binary((graph, a, b) => graph.node('Not', [graph.node('Equal', [a, b])]), 'bool'),
  LogicalAnd: binary((graph, a, b) => graph.node('And', [a, b]), 'bool'),
  LogicalOr: binary((graph, a, b) => graph.node('Or', [a, b]), 'bool'),

  AddN: defineRule<string, unknown>({
    infer: inputs => like(listed(inputs)[0] as Value),
    lower(lowering, { inputs, output }) {
      lowering.elementwise(output, listed(inputs), (...terms) =>
        terms.reduce((sum, term) => lowering.graph.node('Add', [sum, term])),
      );
    },
  }),

  Select: defineRule<'condition' | 't' | 'e', unknown>({
    infer: ({ t }) => like(t),
    lower(lowering, { inputs: { condition, t, e }, output }) {
      const clip = clipConditions(lowering, condition);
      if (clip !== undefined && lowering.placements.uniform(e) === 0) {
        lowerWhere(lowering, clip, t, output);
        return;
      }
      lowering.elementwise(output, [condition, t, e], (...names) =>
        lowering.graph.node('Where', names),
      );
    },
  }),
};
