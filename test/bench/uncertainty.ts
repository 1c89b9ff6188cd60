import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tfl from '@tensorflow/tfjs-layers';
import { Batch } from '../../src/arrays/batch.ts';
import { openSamples } from '../../src/data/open-samples.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { Matrix } from '../../src/linear-algebra/matrix.ts';
import { openClassifier } from '../../src/model/open-classifier.ts';
import { readSavedModel } from '../../src/model/read-saved-model.ts';
import { Random } from '../../src/random/random.ts';
import { kroneckerCurvature } from '../../src/uncertainty/laplace-curvature.ts';
import { monteCarloDropout } from '../../src/uncertainty/mc-dropout.ts';
import type { Posterior } from '../../src/uncertainty/posterior.ts';
import { fitPriorPrecision } from '../../src/uncertainty/prior-precision.ts';
import { saveLayersModel } from '../fixtures/write-model.ts';
import { sequence } from '../uncertainty/small-networks.ts';

/**
 * What uncertainty costs: passes of the example model, whose dropout sits in the head, against one
 * forward pass; passes of a network with dropout at its input against as many plain ones; and the fit
 * of a Laplace approximation. Processor time of one process, so ratios hold on a busy machine too.
 */

type EngineName = 'wasm' | 'auto';

export interface UncertaintyTiming {
  readonly work: string;
  readonly seconds: number;
  /** What the time is held against, and how many times that it takes; at most `allowed`. */
  readonly against?: string;
  readonly ratio?: number;
  readonly allowed?: number;
}

const example = join(import.meta.dirname, '../../examples/digits');
const bounds = { lower: 0, upper: 1 };

/** @throws AssayError when the example's data have not been prepared */
export async function measureUncertainty(): Promise<UncertaintyTiming[]> {
  const timings: UncertaintyTiming[] = [];
  for (const engine of ['wasm', 'auto'] as const) {
    timings.push(
      ...(await measureHead(engine)),
      ...(await measureEarlyDropout(engine, 'on the input')),
      ...(await measureEarlyDropout(engine, 'after the first layer')),
    );
  }
  return [
    ...timings,
    measureLaplace(10_000, 512),
    // Fewer samples than features, and about as many.
    measureLaplace(500, 3200),
    measureLaplace(1000, 1600),
    measureLaplace(1700, 1600),
  ];
}

/** T = 100 on 1000 digits; the part before the first dropout runs once. */
async function measureHead(engineName: EngineName): Promise<UncertaintyTiming[]> {
  const engine = await openEngine({ name: engineName });
  const model = await readSavedModel(join(example, 'models/digits-cnn/model.json'));
  const opened = await openClassifier(engine, model, { bounds });
  const { classifier } = opened;
  const posterior = await monteCarloDropout(engine, model, { bounds });
  if (!posterior.applicable) throw new Error(posterior.reason);
  const data = join(example, 'data/t10k');
  const samples = await openSamples(
    {
      format: 'idx',
      inputs: `${data}-images-idx3-ubyte`,
      labels: `${data}-labels-idx1-ubyte`,
    },
    { shape: classifier.inputShape, bounds: [0, 1], classCount: 10 },
  );
  const { inputs } = await samples.read(Array.from({ length: 1000 }, (_, i) => i));
  const [forward, passes] = await fastestInTurn(
    () => classifier.logits(inputs),
    () => scorePasses(posterior, inputs, 100),
  );
  posterior.dispose();
  opened.dispose();
  engine.dispose();
  return [
    { work: `one forward pass, 1000 digits, ${engine.name}`, seconds: forward },
    {
      work: `T=100, dropout in the head, 1000 digits, ${engine.name}`,
      seconds: passes,
      against: 'one forward pass',
      ratio: passes / forward,
      allowed: 3,
    },
  ];
}

/** Where a network has its only dropout. */
type DropoutPlace = 'nowhere' | 'on the input' | 'after the first layer';

/**
 * Dropout so early that every pass goes through nearly the whole network. After the first layer it is
 * the hardest: 10,816 units for each pass, one for every 280 multiplications of the network.
 */
async function measureEarlyDropout(
  engineName: EngineName,
  place: DropoutPlace,
): Promise<UncertaintyTiming[]> {
  const folder = await mkdtemp(join(tmpdir(), 'assay bench '));
  const engine = await openEngine({ name: engineName });
  const open = async (dropout: DropoutPlace) =>
    readSavedModel(await saveLayersModel(earlyNetwork(dropout), join(folder, dropout)));
  const plain = await openClassifier(engine, await open('nowhere'), { bounds });
  const posterior = await monteCarloDropout(engine, await open(place), { bounds });
  await rm(folder, { recursive: true, force: true });
  if (!posterior.applicable) throw new Error(posterior.reason);
  const random = new Random(0, ['bench']);
  const inputs = new Batch(
    Float32Array.from({ length: 64 * 784 }, () => random.uniform()),
    [28, 28, 1],
  );
  const passes = 20;
  const [forward, drawn] = await fastestInTurn(
    async () => {
      for (let pass = 0; pass < passes; pass++) await plain.classifier.logits(inputs);
    },
    () => scorePasses(posterior, inputs, passes),
  );
  posterior.dispose();
  plain.dispose();
  engine.dispose();
  return [
    {
      work: `T=${passes}, dropout ${place}, 64 samples, ${engine.name}`,
      seconds: drawn,
      against: `${passes} plain forward passes`,
      ratio: drawn / forward,
      allowed: 1.2,
    },
  ];
}

function earlyNetwork(dropout: DropoutPlace): tfl.LayersModel {
  const { layers } = tfl;
  const inputShape = [28, 28, 1];
  return sequence(
    ...(dropout === 'on the input' ? [layers.dropout({ rate: 0.25, inputShape })] : []),
    layers.conv2d({ filters: 16, kernelSize: 3, activation: 'relu', inputShape }),
    ...(dropout === 'after the first layer' ? [layers.dropout({ rate: 0.25 })] : []),
    layers.conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.flatten(),
    layers.dense({ units: 64, activation: 'relu' }),
    layers.dense({ units: 10, activation: 'softmax' }),
  );
}

/** Curvature, eigenvalues and prior precision for 10 classes. */
function measureLaplace(count: number, width: number): UncertaintyTiming {
  const classes = 10;
  const random = new Random(0, ['bench-laplace']);
  const features = new Batch(
    Float32Array.from({ length: count * width }, () => random.normal()),
    [width],
  );
  const weights = new Matrix(
    width,
    classes,
    Float64Array.from({ length: width * classes }, () => 0.1 * random.normal()),
  );
  const began = processorSeconds();
  const curvature = kroneckerCurvature({
    features,
    outputs: sample => weights.transposeTimesVector(features.row(sample)),
    outputCount: classes,
  });
  fitPriorPrecision(curvature, 0.01 * width * classes);
  return {
    work: `Laplace fit, ${count} samples, ${width} features, ${classes} classes`,
    seconds: processorSeconds() - began,
  };
}

function scorePasses(posterior: Posterior, inputs: Batch, passes: number): Promise<unknown> {
  const sampleIndices = Array.from({ length: inputs.count }, (_, i) => i);
  return posterior.score(inputs, { passes, seed: 0, sampleIndices });
}

/** Runs that are measured at least, and seconds that they go on for: JavaScript takes some to warm up. */
const leastRuns = 4;
const warmSeconds = 2;

/**
 * Processor seconds of the fastest of some runs of two works, after one run that prepares. They take
 * turns: what else the machine does slows down both alike.
 */
async function fastestInTurn(
  first: () => Promise<unknown>,
  second: () => Promise<unknown>,
): Promise<[first: number, second: number]> {
  const works = [first, second] as const;
  const best: [number, number] = [Infinity, Infinity];
  for (const work of works) await work();
  const start = processorSeconds();
  for (let run = 0; run < leastRuns || processorSeconds() - start < 2 * warmSeconds; run++) {
    for (const [nth, work] of works.entries()) {
      const began = processorSeconds();
      await work();
      best[nth] = Math.min(best[nth] as number, processorSeconds() - began);
    }
  }
  return best;
}

/** Of this process, which unlike the time of day does not depend on what else the machine does. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** The table that `npm run bench` prints; alone: `tsx test/bench/uncertainty.ts`. */
export function printUncertainty(timings: readonly UncertaintyTiming[]): void {
  console.table(
    timings.map(({ work, seconds, against = '', ratio, allowed }) => ({
      work,
      'CPU s': seconds.toFixed(2),
      times: ratio?.toFixed(2) ?? '',
      of: against,
      'at most': allowed ?? '',
    })),
  );
}

const [, script = ''] = process.argv;
if (import.meta.url === pathToFileURL(script).href) printUncertainty(await measureUncertainty());
