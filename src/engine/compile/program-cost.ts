import { sizeOf } from '../../arrays/batch.ts';
import { liveOperations, type Operation, type Program, type Value } from './program.ts';

/** What running a program once takes, roughly. */
export interface ProgramCost {
  /** Multiplications with addition; a number that is only passed through counts as one. */
  readonly multiplications: number;
  /** Bytes of all values that are computed; not all of them live at the same time. */
  readonly bytes: number;
}

export function costOf(program: Program): ProgramCost {
  let multiplications = 0;
  let bytes = 0;
  for (const operation of liveOperations(program)) {
    multiplications += multiplicationsOf(operation);
    for (const output of operation.outputs) bytes += 4 * sizeOf(output.shape);
  }
  return { multiplications, bytes };
}

function multiplicationsOf({ kernel, inputs, attributes, outputs }: Operation): number {
  const { a, filter, dy } = inputs;
  const outputSize = outputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  switch (kernel) {
    case 'Conv2D':
    case 'FusedConv2D':
      return outputSize * numbersPerOutput(filter);
    case 'Conv2DBackpropInput':
      return sizeOf(dy?.shape ?? []) * numbersPerOutput(filter);
    case 'Conv2DBackpropFilter':
      return sizeOf(dy?.shape ?? []) * sizeOf((attributes['filterShape'] as number[]).slice(0, 3));
    case 'DepthwiseConv2dNative':
    case 'FusedDepthwiseConv2D':
      return outputSize * sizeOf(filter?.shape.slice(0, 2) ?? []);
    case 'DepthwiseConv2dNativeBackpropInput':
      return sizeOf(dy?.shape ?? []) * sizeOf(filter?.shape.slice(0, 2) ?? []);
    case 'BatchMatMul':
    case '_FusedMatMul':
      return outputSize * (a?.shape.at(attributes['transposeA'] === true ? -2 : -1) ?? 1);
    default:
      return outputSize;
  }
}

/** Numbers of a filter `[height, width, in, out]` that one output takes in. */
function numbersPerOutput(filter: Value | undefined): number {
  return sizeOf(filter?.shape.slice(0, 3) ?? []);
}
