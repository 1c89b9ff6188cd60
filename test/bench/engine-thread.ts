// The network on the wasm engine of Assay, in one of the threads of a pool.
import type { PreparedFunction } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { serveTasks, type TaskContext } from '../../src/engine/thread-tasks.ts';
import {
  convolutionalNetwork,
  imageShape,
  imageSize,
  inputGradient,
} from './convolutional-network.ts';

let prepared: Promise<PreparedFunction> | undefined;

async function prepare(): Promise<PreparedFunction> {
  const engine = await openEngine({ name: 'wasm' });
  const model = convolutionalNetwork();
  return engine.prepare({
    name: 'input gradient',
    inputs: [[...imageShape]],
    compute: (...[images]) => (images === undefined ? [] : [inputGradient(model, images)]),
  });
}

async function handle(
  images: Float32Array,
  context: TaskContext<never>,
): Promise<Float32Array<ArrayBuffer>> {
  prepared ??= prepare();
  const [gradient = new Float32Array(0)] = await (
    await prepared
  ).run(images.length / imageSize, [images]);
  const values = Float32Array.from(gradient);
  context.transfer(values.buffer);
  return values;
}

serveTasks(handle);
