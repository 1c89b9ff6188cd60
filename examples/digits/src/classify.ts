/**
 * Shows a digit of the test set and what the models say it is. In the folder of this example:
 *
 *     npx tsx src/classify.ts [index of the digit, 0 to 9999]
 */
import { readFile } from 'node:fs/promises';
import * as tf from './tensorflow.ts';

const side = 28;
const headerBytes = 16;

/** Grey values of one test digit, 0 to 255. */
async function readDigit(index: number): Promise<Uint8Array> {
  const images = await readFile('data/t10k-images-idx3-ubyte');
  const start = headerBytes + index * side * side;
  return images.subarray(start, start + side * side);
}

/** A picture in characters, two for each pixel. */
function draw(pixels: Uint8Array): string {
  const shades = [' ', '░', '▒', '▓', '█'];
  const characters = Array.from(pixels, grey => (shades[Math.ceil(grey / 64)] ?? ' ').repeat(2));
  return Array.from({ length: side }, (_, row) =>
    characters.slice(row * side, (row + 1) * side).join(''),
  ).join('\n');
}

await tf.setBackend('wasm');
const current = await tf.loadLayersModel('file://models/digits-cnn/model.json');
const next = await tf.loadLayersModel('file://models/digits-cnn-next/model.json');
const graph = await tf.loadGraphModel('file://models/digits-graph/model.json');

const pixels = await readDigit(Number(process.argv[2] ?? 0));
console.log(draw(pixels));

const image = tf.div(tf.tensor(Float32Array.from(pixels), [1, side, side, 1]), 255);
for (const [name, model] of Object.entries({ current, next, graph })) {
  const probabilities = model.predict(image) as tf.Tensor;
  const values = Array.from(await probabilities.data());
  const confidence = Math.max(...values);
  console.log(`${name}: ${values.indexOf(confidence)} (${(100 * confidence).toFixed(2)}%)`);
}
