import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openSamples } from '../../src/data/open-samples.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { prepareStep, type StepFunction } from '../../src/engine/step-function.ts';
import { unlabelled } from '../../src/audit/manifold-session.ts';
import { topAnswers } from '../../src/audit/top-answers.ts';
import { createNetworks } from '../../src/manifold/create-networks.ts';
import { gradientSearch } from '../../src/manifold/gradient-search.ts';
import { learnManifold } from '../../src/manifold/learn-manifold.ts';
import { ManifoldStore } from '../../src/manifold/manifold-store.ts';
import { findNaturalAdversaries } from '../../src/manifold/natural-adversary.ts';
import { chooseSizes } from '../../src/manifold/network-sizes.ts';
import { openManifold } from '../../src/manifold/open-manifold.ts';
import { oneLoopRecipe } from '../../src/manifold/recipe.ts';
import { shellSearch } from '../../src/manifold/shell-search.ts';
import { criticStep, generatorStep } from '../../src/manifold/training-steps.ts';
import { Random } from '../../src/random/random.ts';
import { firstDigits, openDigitsModel } from '../fixtures/digits.ts';
import { LineProcess } from './line-process.ts';
import { median, timed, type Timing } from './timing.ts';

/**
 * What a manifold of digits costs: the two steps of its training, beside the same networks in PyTorch
 * where ASSAY_PYTHON names a Python that has it, and natural adversaries by both searches. Ours and
 * PyTorch take turns, each with one thread, so that what else the machine does falls on both.
 */
export interface ManifoldTimings {
  readonly steps: readonly StepTiming[];
  readonly training: TrainingTiming;
  readonly searches: readonly SearchTiming[];
}

/** What a short training reaches: useful is an accuracy of 96% within five minutes. */
interface TrainingTiming {
  readonly steps: number;
  readonly seconds: number;
  /** Of the model on reconstructions of the first thousand test digits. */
  readonly accuracy: number;
}

interface StepTiming {
  readonly name: string;
  readonly ours: Timing;
  readonly torch: Timing | undefined;
}

interface SearchTiming {
  readonly name: string;
  readonly found: number;
  readonly searched: number;
  readonly timing: Timing;
}

const recipe = oneLoopRecipe('noise-and-squeeze');
const batch = recipe.batchSize;
const turns = 15;
const repetitions = 4;
/** Enough for most of the quality; the default trains up to 3000. */
const trainingSteps = 600;

/** @throws AssayError when the example's data have not been prepared, or no native engine loads */
export async function measureManifold(): Promise<ManifoldTimings> {
  const engine = await openEngine({ name: 'native' });
  const python = process.env['ASSAY_PYTHON'];
  const torch =
    python === undefined
      ? undefined
      : new LineProcess(python, [join(import.meta.dirname, 'torch_workloads.py')]);
  // Its first line is its version.
  await torch?.listen();
  const networks = createNetworks(chooseSizes([28, 28, 1]));
  const works: readonly [string, StepFunction][] = [
    ['manifold, critic', criticStep(networks, recipe)],
    ['manifold, generator and inverter', generatorStep(networks, recipe)],
  ];
  const steps: StepTiming[] = [];
  for (const [name, step] of works) steps.push(await timeStep(engine, name, step, torch));
  torch?.close();
  const rest = await timeTraining(engine);
  engine.dispose();
  return { steps, ...rest };
}

async function timeStep(
  engine: Engine,
  name: string,
  step: StepFunction,
  torch: LineProcess | undefined,
): Promise<StepTiming> {
  const random = new Random(0, ['bench', name]);
  const inputs = step.inputs.map(shape =>
    Float32Array.from({ length: shape.reduce((size, length) => size * length, 1) }, () =>
      random.uniform(0.01, 0.1),
    ),
  );
  const prepared = await prepareStep(engine, step, 1);
  // The first call also checks the compiled step.
  await prepared.run(inputs);
  await prepared.run(inputs);
  const [ours, theirs]: [Timing[], Timing[]] = [[], []];
  for (let turn = 0; turn < turns; turn++) {
    for (let i = 0; i < repetitions; i++) ours.push(await timed(() => prepared.run(inputs)));
    if (torch === undefined) continue;
    const answer = await torch.ask([name, batch, 1, repetitions].join('\t'));
    const [clock = NaN, processor = NaN] = answer.split(' ').map(Number);
    theirs.push({ clock, processor });
  }
  await prepared.dispose();
  return { name, ours: medianOf(ours), torch: torch === undefined ? undefined : medianOf(theirs) };
}

function medianOf(timings: readonly Timing[]): Timing {
  return {
    clock: median(timings.map(({ clock }) => clock)),
    processor: median(timings.map(({ processor }) => processor)),
  };
}

/** A short training, and natural adversaries of the example model on its manifold. */
async function timeTraining(engine: Engine): Promise<Omit<ManifoldTimings, 'steps'>> {
  const folder = await mkdtemp(join(tmpdir(), 'assay bench '));
  const data = join(import.meta.dirname, '../../examples/digits/data/train');
  const samples = await openSamples(
    { format: 'idx', inputs: `${data}-images-idx3-ubyte`, labels: `${data}-labels-idx1-ubyte` },
    { shape: [28, 28, 1], bounds: [0, 1], classCount: 10, ignoreLabels: true },
  );
  const began = performance.now();
  const trained = await learnManifold({
    engine,
    data: unlabelled(samples),
    bounds: { lower: 0, upper: 1 },
    settings: { steps: trainingSteps },
    seed: 0,
    store: new ManifoldStore(folder),
  });
  const seconds = (performance.now() - began) / 1000;
  await rm(folder, { recursive: true, force: true });
  if (trained === undefined) throw new Error('The training was interrupted.');
  const manifold = openManifold(engine, trained);
  const classifier = await openDigitsModel(engine, 'digits-cnn');
  const test = await firstDigits(1000);
  const answers = topAnswers(await classifier.logits(await manifold.reconstruct(test.inputs)));
  const right = answers.predictions.filter((answer, row) => answer === test.labels[row]).length;
  const searches: SearchTiming[] = [];
  for (const [search, count] of [
    [gradientSearch(), 200],
    [shellSearch(), 20],
  ] as const) {
    const { inputs, labels } = await firstDigits(count);
    const context = { classifier, manifold, labels, seed: 0, sampleIndices: [...labels.keys()] };
    let outcomes: readonly string[] = [];
    const run = async (): Promise<void> => {
      ({ outcomes } = await findNaturalAdversaries(search, { ...context, inputs }));
    };
    await run();
    const timing = await timed(run);
    const found = outcomes.filter(outcome => outcome === 'succeeded').length;
    searches.push({ name: search.label, found, searched: count, timing });
  }
  manifold.dispose();
  classifier.dispose();
  const training = { steps: trainingSteps, seconds, accuracy: right / test.inputs.count };
  return { training, searches };
}

/** The tables that `npm run bench` prints; alone: `tsx test/bench/manifold.ts`. */
export function printManifold({ steps, training, searches }: ManifoldTimings): void {
  console.table(
    steps.map(({ name, ours, torch }) => ({
      step: name,
      'ms on the clock': ours.clock.toFixed(1),
      'ms of processor': ours.processor.toFixed(1),
      'images/s': ((1000 * batch) / ours.clock).toFixed(0),
      'PyTorch, ms': torch?.clock.toFixed(1) ?? '',
      'PyTorch, ms of processor': torch?.processor.toFixed(1) ?? '',
      'PyTorch / ours, processor':
        torch === undefined ? '' : (torch.processor / ours.processor).toFixed(2),
    })),
  );
  console.log(
    `Training of ${training.steps} steps: ${training.seconds.toFixed(0)} s on the clock; accuracy on reconstructions of 1000 test digits ${(100 * training.accuracy).toFixed(1)}% (useful: 96% within 300 s).`,
  );
  console.table(
    searches.map(({ name, found, searched, timing }) => ({
      search: name,
      found: `${found} of ${searched}`,
      'found/s': ((1000 * found) / timing.clock).toFixed(1),
      'found/s of processor': ((1000 * found) / timing.processor).toFixed(1),
    })),
  );
}

const [, script = ''] = process.argv;
if (import.meta.url === pathToFileURL(script).href) printManifold(await measureManifold());
