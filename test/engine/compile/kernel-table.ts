import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { compiledKernels } from '../../../src/engine/compile/rules/rule-table.ts';

/** Kernels that never see a number that depends on an input of a model: strings, sparse, signals. */
const beside = /^(Sparse|String|Static|Ragged|FFT|IFFT|Real$|Imag$|Complex|Draw|FromPixels|NonMax)/;

/** Kernels that the recording takes apart or leaves out, so that they need no rule. */
const recordedAsOthers: Readonly<Record<string, string>> = {
  Einsum: 'as matrix products',
  Fill: 'as a constant',
  Identity: 'as nothing',
  LinSpace: 'as a constant',
  OnesLike: 'as a constant',
  Range: 'as a constant',
  ZerosLike: 'as a constant',
};

/** Kernels whose result has no derivative, or a derivative of zero, by their nature. */
const withoutDerivative = new Set([
  ...['All', 'Any', 'ArgMax', 'ArgMin', 'Bincount', 'BitwiseAnd', 'BroadcastArgs'],
  ...['DenseBincount', 'Fill', 'LinSpace', 'Multinomial', 'Range', 'SearchSorted', 'Unique'],
]);

function compiled(kernel: string): string {
  if (compiledKernels.includes(kernel)) return 'yes';
  return recordedAsOthers[kernel] ?? 'no';
}

function eager(kernel: string): string {
  const backends = ['wasm', 'cpu'].filter(
    backend => (tf.getKernel(kernel, backend) as tf.KernelConfig | undefined) !== undefined,
  );
  return backends.length === 0 ? 'in recordings only' : backends.join(', ');
}

function derivative(kernel: string): string {
  if (withoutDerivative.has(kernel)) return 'none by nature';
  return (tf.getGradient(kernel) as tf.GradConfig | undefined) === undefined ? 'no' : 'yes';
}

/** The table of docs/engine-kernels.md. Backends and gradients must have been registered. */
export function kernelTable(): string {
  const names = ['cpu', 'wasm'].flatMap(backend =>
    tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName),
  );
  const kernels = [...new Set([...names, ...compiledKernels])].filter(name => !beside.test(name));
  const rows = kernels
    .sort()
    .map(kernel => [kernel, eager(kernel), derivative(kernel), compiled(kernel)]);
  return formatTable(['kernel', 'eager', 'derivative', 'compiled'], rows);
}

/** Markdown with aligned columns, as Prettier leaves it. */
function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map(cells => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] as number)).join(' | ')} |`;
  const rule = widths.map(width => '-'.repeat(width));
  return [line(header), line(rule), ...rows.map(line)].join('\n');
}
