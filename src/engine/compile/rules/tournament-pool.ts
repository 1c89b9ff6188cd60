import type { MaxPoolGradAttrs } from '@tensorflow/tfjs-core';
import { blocksDomain } from '../channel-blocks.ts';
import type { Lowering } from '../lowering.ts';
import type { Operation, Value } from '../program.ts';
import { comparisonMask } from './masks.ts';
import { isTiling, poolWindows, type Windows } from './windows.ts';

/** Numbers side by side along one axis that meet, in pairs. */
interface Round {
  readonly axis: 0 | 1;
  /** Of each pair the first, and the greater, in blocks of channels. */
  readonly firsts: string;
  readonly winners: string;
}

/**
 * Whether a max pool can be a tournament: its windows are pairs side by side, of rows, of columns or
 * of both, and its channels fill blocks. ONNX Runtime looks for where maxima lie one number after the
 * other; to let pairs meet takes half the time, and stays in blocks.
 */
export function isTournament(x: Value, windows: Windows, block: number | undefined): boolean {
  if (block === undefined || (x.shape[3] as number) % block !== 0) return false;
  const isPaired = windows.every(({ size, after }) => size <= 2 && after === 0);
  return isTiling(windows) && isPaired && windows.some(({ size }) => size === 2);
}

/** Kernels whose constants ONNX Runtime makes a part of convolutions that it brings into blocks itself. */
const absorbed = ['FusedBatchNorm', 'DepthwiseConv2dNative'];

/**
 * Whether a program has gradients of {@link isTournament}. Then its convolutions are best written in
 * blocks too, so that images stay there; unless ONNX Runtime would make more of them by itself.
 */
export function hasTournaments(
  operations: readonly Operation[],
  block: number | undefined,
): boolean {
  if (operations.some(({ kernel }) => absorbed.includes(kernel))) return false;
  return operations.some(({ kernel, inputs, attributes }) => {
    if (kernel !== 'MaxPoolGrad') return false;
    const input = inputs['input'] as Value;
    const { windows } = poolWindows(input.shape, attributes as unknown as MaxPoolGradAttrs);
    return isTournament(input, windows, block);
  });
}

/** First columns meet, then rows, so that of equal numbers the first in its window comes through. */
function roundsOf({ graph, placements }: Lowering, x: Value, windows: Windows): readonly Round[] {
  const rounds: Round[] = [];
  let image = placements.blocked(x);
  for (const axis of [1, 0] as const) {
    if (windows[axis].size === 1) continue;
    const along = (length: number): number[] => (axis === 1 ? [1, length] : [length, 1]);
    const pool = (size: number): string => {
      const options = { kernel_shape: along(size), strides: along(2), pads: [0, 0, 0, 0] };
      return graph.node('MaxPool', [image], options, blocksDomain);
    };
    const round = { axis, firsts: pool(1), winners: pool(2) };
    rounds.push(round);
    image = round.winners;
  }
  return rounds;
}

/** The maxima of a {@link isTournament}, in blocks of channels. */
export function tournamentMaxima(lowering: Lowering, x: Value, windows: Windows): string {
  return roundsOf(lowering, x, windows).at(-1)?.winners ?? lowering.placements.blocked(x);
}

/**
 * Sends each gradient back to the number that won its tournament.
 *
 * @param gradient of the maxima
 * @returns the gradient of `x`, in blocks of channels
 */
export function tournamentGradient(
  lowering: Lowering,
  gradient: Value,
  x: Value,
  windows: Windows,
): string {
  const { graph, placements, channelBlock: block = 1 } = lowering;
  const [batch, height, width, channels] = gradient.shape as [number, number, number, number];
  const lengths: [number, number] = [height, width];
  let sent = placements.blocked(gradient);
  for (const { axis, firsts, winners } of roundsOf(lowering, x, windows).toReversed()) {
    const behind = graph.node('Sub', [firsts, winners]);
    const toFirst = graph.node('Mul', [sent, comparisonMask(graph, 'GreaterEqual', behind, 0)]);
    const toSecond = graph.node('Sub', [sent, toFirst]);
    const run = axis === 1 ? block : lengths[1] * block;
    const parts = [(batch * channels * lengths[0] * lengths[1]) / run, 1, run];
    const pairs = [toFirst, toSecond].map(name => graph.reshape(name, parts));
    lengths[axis] *= 2;
    const image = [batch, channels, ...lengths];
    sent = graph.reshape(graph.node('Concat', pairs, { axis: 1 }), image);
  }
  return sent;
}
