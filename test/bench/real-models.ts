/**
 * `npx tsx test/bench/real-models.ts FOLDER`: compiles the logits and input gradients of models that
 * npm packages carry, and compares them with the wasm engine by the native engine's own rule. Before
 * it, in FOLDER: `npm install --ignore-scripts @vladmandic/human@3.3.6`. Ends with 1 where a model
 * disagrees.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../src/arrays/batch.ts';
import { type Arrays, findDisagreement } from '../../src/engine/compile/agreement.ts';
import { compileTrace } from '../../src/engine/compile/compile-function.ts';
import { loadRuntime } from '../../src/engine/compile/session.ts';
import { type TensorFunction, traceFunction } from '../../src/engine/compile/trace.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { Random } from '../../src/random/random.ts';

const models = ['liveness', 'emotion', 'antispoof', 'iris', 'facemesh', 'faceres', 'blazeface'];
const largeModels = ['handlandmark-lite', 'centernet'];

interface ModelFile {
  readonly modelTopology: object;
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: tf.io.WeightsManifestEntry[];
  }[];
}

function load(folder: string, name: string): Promise<GraphModel> {
  const { modelTopology, weightsManifest } = JSON.parse(
    readFileSync(join(folder, `${name}.json`), 'utf8'),
  ) as ModelFile;
  const files = weightsManifest.flatMap(({ paths }) => paths);
  const bytes = Buffer.concat(files.map(file => readFileSync(join(folder, file))));
  return loadGraphModel({
    load: () =>
      Promise.resolve({
        modelTopology,
        weightSpecs: weightsManifest.flatMap(({ weights }) => weights),
        weightData: Uint8Array.from(bytes).buffer,
      }),
  });
}

/** All outputs of a model, and the gradient of a weighted sum of them by the input. */
function outputsAndGradient(model: GraphModel): TensorFunction {
  return x => {
    const kept: tf.Tensor[] = [];
    const weightedSum = (input: tf.Tensor): tf.Scalar => {
      const result = model.execute(input);
      const outputs = result instanceof tf.Tensor ? [result] : result;
      const terms = outputs.map((output, index) => {
        const random = new Random(2, ['weights', index]);
        const weights = Float32Array.from({ length: output.size }, () => random.uniform(-1, 1));
        kept.push(tf.keep(tf.cast(output, 'float32')));
        return tf.sum(tf.mul(output, tf.tensor(weights, output.shape)));
      });
      return tf.sum<tf.Scalar>(tf.stack(terms));
    };
    const { grad } = tf.valueAndGrad(weightedSum)(x);
    const results = [...kept.map(output => tf.clone(output)), grad];
    tf.dispose(kept);
    return results;
  };
}

const [, , folder = '.'] = process.argv;
await openEngine({ name: 'wasm' });
const runtime = await loadRuntime();
const rows = [];
for (const name of [...models, ...largeModels]) {
  const model = await load(join(folder, 'node_modules/@vladmandic/human/models'), name);
  const shape = [1, ...(model.inputs[0]?.shape ?? []).slice(1)];
  const random = new Random(1, ['input', name]);
  const input = Float32Array.from({ length: sizeOf(shape) }, () => random.uniform());
  const fn = outputsAndGradient(model);
  const reference = (inputs: Arrays): Promise<Arrays> => {
    const values: Float32Array[] = [];
    tf.tidy(() => {
      const tensor = tf.tensor(inputs[0] as Float32Array, shape);
      for (const output of fn(tensor)) values.push(output.dataSync<'float32'>().slice());
    });
    return Promise.resolve(values);
  };
  let began = performance.now();
  const expected = await reference([input]);
  const wasm = performance.now() - began;
  const specs = [{ shape, type: 'float32' }] as const;
  began = performance.now();
  const compiled = await compileTrace(runtime, traceFunction(fn, specs), specs, { threads: 1 });
  const compiling = performance.now() - began;
  const actual = (await compiled.run([input])) as Arrays;
  began = performance.now();
  await compiled.run([input]);
  const native = performance.now() - began;
  const disagreement = await findDisagreement(1, [input], actual, expected, reference);
  if (disagreement !== undefined) process.exitCode = 1;
  const agreement = disagreement === undefined ? 'agrees' : `off by ${disagreement}`;
  rows.push({ name, shape: shape.join('×'), agreement, wasm, compiling, native });
  await compiled.release();
  model.dispose();
}
console.table(rows);
process.exit();
