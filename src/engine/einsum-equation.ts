/** An equation such as `bij,jk->bik` taken apart: one letter for each axis. */
export interface EinsumEquation {
  readonly operands: readonly (readonly string[])[];
  readonly result: readonly string[];
}

/**
 * Takes an Einstein summation apart.
 *
 * @throws Error when the equation does not fit the operands, or has what TensorFlow.js does not
 *   support: an ellipsis, a diagonal (`ii->i`), no arrow, or more than two operands
 */
export function parseEinsum(equation: string, operandCount: number): EinsumEquation {
  const [left = '', right, ...more] = equation.replaceAll(/\s/g, '').split('->');
  const operands = left.split(',').map(labels => Array.from(labels));
  const result = Array.from(right ?? '');
  const known = new Set(operands.flat());
  const isPlain = (labels: readonly string[]): boolean =>
    labels.every(label => /[a-zA-Z]/.test(label)) && new Set(labels).size === labels.length;
  if (
    right === undefined ||
    more.length > 0 ||
    operands.length !== operandCount ||
    operandCount > 2 ||
    ![...operands, result].every(isPlain) ||
    !result.every(label => known.has(label))
  ) {
    throw new Error(`The einsum equation '${equation}' is not supported.`);
  }
  return { operands, result };
}

/** The equation as TensorFlow.js writes it. */
export function formatEinsum({ operands, result }: EinsumEquation): string {
  return `${operands.map(labels => labels.join('')).join(',')}->${result.join('')}`;
}
