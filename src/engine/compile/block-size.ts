import { blocksDomain } from './channel-blocks.ts';
import { CompileError } from './compile-error.ts';
import type { OnnxGraph } from './onnx.ts';
import { type Runtime, Session } from './session.ts';

/** More channels than any processor's block has, and a multiple of all. */
const channels = 64;

const blockSizes = new WeakMap<Runtime, Promise<number | undefined>>();

/**
 * How many channels a block has on this processor: 16 with AVX-512, 8 with AVX2. It depends on the
 * processor, and nothing tells but the order in which numbers come out.
 *
 * @returns nothing where ONNX Runtime does not compute in blocks
 */
export function channelBlockOf(runtime: Runtime): Promise<number | undefined> {
  const known = blockSizes.get(runtime) ?? measureBlock(runtime);
  blockSizes.set(runtime, known);
  return known;
}

/** Puts an image of two pixels, all numbers different, in blocks: the first are one block. */
async function measureBlock(runtime: Runtime): Promise<number | undefined> {
  const shape = [1, channels, 1, 2];
  const graph: OnnxGraph = {
    nodes: [
      {
        operator: 'ReorderInput',
        inputs: ['image'],
        outputs: ['blocks'],
        attributes: {},
        domain: blocksDomain,
      },
    ],
    initializers: new Map(),
    shared: new Map(),
    inputs: [{ name: 'image', type: 'float32', shape }],
    outputs: [{ name: 'blocks', type: 'float32', shape }],
  };
  try {
    const session = await Session.create(runtime, graph, { threads: 1 });
    const image = Float32Array.from({ length: 2 * channels }, (_, index) => index);
    const [blocks] = await session.run([image]);
    await session.release();
    // The first pixel of each channel is an even number.
    const block = blocks?.findIndex(number => number % 2 === 1) ?? 0;
    return block > 1 && channels % block === 0 ? block : undefined;
  } catch (error) {
    if (error instanceof CompileError) return undefined;
    throw error;
  }
}
