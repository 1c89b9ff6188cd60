import { isMatrix, transposedMatrix } from '../large-matrices.ts';
import { broadcastShape } from '../layout.ts';
import type { Lowering } from '../lowering.ts';
import { type Constant, isConstant, type Value, type ValueSpec } from '../program.ts';
import { activate, type FusedActivation } from './activation.ts';
import { type AnyRule, defineRule, type RuleTable } from './rule.ts';

interface Transposition {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

type ProductAttributes = Transposition & FusedActivation;

interface ProductInputs {
  readonly a: Value;
  readonly b: Value;
  readonly bias?: Value;
  readonly preluActivationWeights?: Value;
}

/** Rows and columns of a matrix, or of each matrix in a batch. */
function matrixShape({ shape }: Value, transposed = false): [number, number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}

function inferProduct(a: Value, b: Value, { transposeA, transposeB }: Transposition): ValueSpec {
  const batch = broadcastShape([a.shape.slice(0, -2), b.shape.slice(0, -2)]);
  const [rows] = matrixShape(a, transposeA);
  const [, columns] = matrixShape(b, transposeB);
  return { shape: [...batch, rows, columns], type: a.type };
}

/** A product of two single matrices. */
function lowerOne(lowering: Lowering, { a, b, bias }: ProductInputs, t: Transposition): string {
  const { graph, placements } = lowering;
  const operands = [a, b].map(operand => placements.reshaped(operand, operand.shape.slice(-2)));
  const options = { transA: t.transposeA === true ? 1 : 0, transB: t.transposeB === true ? 1 : 0 };
  const summand = bias === undefined ? [] : [placements.reshaped(bias, bias.shape.slice(-2))];
  return graph.node('Gemm', [...operands, ...summand], options);
}

/**
 * A product by a matrix that all graphs of the model share. It lies turned, since ONNX Runtime packs
 * what it was not given as a constant, and packs turned rows faster.
 */
function lowerByShared(
  lowering: Lowering,
  { a, b, bias }: ProductInputs & { readonly b: Constant },
  { transposeA = false, transposeB = false }: Transposition,
): string {
  const { graph, placements } = lowering;
  const [rows] = matrixShape(a, transposeA);
  const [height, width] = matrixShape(b, !transposeB);
  const data = transposeB ? (b.origin.data as Float32Array) : transposedMatrix(b);
  const matrix = graph.shared({ type: 'float32', shape: [height, width], data });
  const left = placements.reshaped(a, a.shape.slice(-2));
  // One row alone would be summed in another order than the same row among others.
  const isAlone = rows === 1;
  const axis = transposeA ? 1 : 0;
  const operand = isAlone ? graph.node('Concat', [left, left], { axis }) : left;
  const summand = bias === undefined ? [] : [placements.reshaped(bias, bias.shape.slice(-2))];
  const options = { transA: axis, transB: 1 };
  const result = graph.node('Gemm', [operand, matrix, ...summand], options);
  return isAlone ? graph.slice(result, [0], [1], [0]) : result;
}

/** Products of all pairs of matrices in two batches. */
function lowerMany(lowering: Lowering, { a, b, bias }: ProductInputs, t: Transposition): string {
  const { graph, placements } = lowering;
  const operand = (value: Value, transposed = false): string => {
    const name = placements.natural(value);
    const rank = value.shape.length;
    if (!transposed) return name;
    const leading = Array.from({ length: rank - 2 }, (_, axis) => axis);
    return graph.transpose(name, [...leading, rank - 1, rank - 2]);
  };
  const product = graph.node('MatMul', [operand(a, t.transposeA), operand(b, t.transposeB)]);
  return bias === undefined ? product : graph.node('Add', [product, placements.natural(bias)]);
}

const product: AnyRule = defineRule<
  'a' | 'b',
  ProductAttributes,
  'bias' | 'preluActivationWeights'
>({
  infer: ({ a, b }, attributes) => inferProduct(a, b, attributes),
  lower(lowering, { inputs, attributes, output }) {
    const { graph, placements } = lowering;
    const { a, b } = inputs;
    const isOne = isMatrix(a) && isMatrix(b);
    const name = !isOne
      ? lowerMany(lowering, inputs, attributes)
      : isConstant(b) && lowering.sharedMatrices.has(b)
        ? lowerByShared(lowering, { ...inputs, b }, attributes)
        : lowerOne(lowering, inputs, attributes);
    const slopes = inputs.preluActivationWeights;
    const activated = activate(
      graph,
      name,
      attributes,
      slopes === undefined ? undefined : placements.natural(slopes),
    );
    const isReshaped = isOne && output.shape.length !== 2;
    placements.setNatural(output, isReshaped ? graph.reshape(activated, output.shape) : activated);
  },
});

/** Products of matrices. */
export const matmulRules: RuleTable = {
  BatchMatMul: product,
  _FusedMatMul: product,
};
