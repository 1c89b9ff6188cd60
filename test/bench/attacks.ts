/**
 * `npm run bench:attacks`: how long each attack takes on `digits-cnn`, and how long ours needs to be as
 * good as those of Foolbox, ART, torchattacks and CleverHans: same weights, same digits, same number
 * of threads, one after the other in one run. `ASSAY_PYTHON` names a Python that has them (`pip
 * install torch foolbox adversarial-robustness-toolbox torchattacks cleverhans`); without one only
 * the first table is printed.
 *
 * Opening the model and compiling are not timed, on neither side; checking the results is, on ours.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { attackLabel } from '../../src/attacks/attack-names.ts';
import type { AttackSettings } from '../../src/attacks/attack-settings.ts';
import { lengthOf } from '../../src/attacks/norms.ts';
import type { OutputOf } from '../../src/audit/piece.ts';
import { contests, type AttackContest } from './attack-rungs.ts';
import { exampleFolder, openExampleThreads, runPieces } from './example-threads.ts';
import { LineProcess } from './line-process.ts';

/** One run of one attack. */
interface Run {
  readonly seconds: number;
  /** Size of each change; 0 where the model is wrong on the clean digit, null where it withstood. */
  readonly results: readonly (number | null)[];
}

type PeerAnswer = (Run & { readonly settings: string }) | { readonly unavailable: string };

const tools = ['Foolbox', 'ART', 'torchattacks', 'CleverHans'];

/** Every attack with settings that a user would take, for the table of times. */
const suite: readonly AttackSettings[] = [
  { attack: 'fgsm', norm: 'Linf', epsilon: 0.1 },
  { attack: 'bim', norm: 'Linf', epsilon: 0.1 },
  { attack: 'pgd', norm: 'Linf', epsilon: 0.1 },
  { attack: 'pgd', norm: 'L2', epsilon: 1 },
  { attack: 'pgd', norm: 'L1', epsilon: 10 },
  { attack: 'mi-fgsm', norm: 'Linf', epsilon: 0.1 },
  { attack: 'apgd', norm: 'Linf', epsilon: 0.1, loss: 'cross-entropy' },
  { attack: 'apgd', norm: 'Linf', epsilon: 0.1, loss: 'targeted-dlr' },
  { attack: 'square', norm: 'Linf', epsilon: 0.1, queries: 1000 },
  { attack: 'noise', norm: 'Linf', distribution: 'uniform', epsilon: 0.1 },
  { attack: 'deepfool', norm: 'L2' },
  { attack: 'ddn' },
  { attack: 'fmn', norm: 'Linf' },
  { attack: 'fab', norm: 'Linf' },
  { attack: 'carlini-wagner', preset: 'quick' },
];
const suiteSamples = 100;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    threads: { type: 'string' },
    'no-suite': { type: 'boolean' },
  },
});
const threads = Number(options.threads ?? availableParallelism());
const python = process.env['ASSAY_PYTHON'];

const executor = await openExampleThreads('auto', threads);
const { engine } = await executor.describe();
console.log(`${engine.name} ${engine.version}, ${threads} threads`);

async function runOurs(settings: AttackSettings, samples: number): Promise<Run> {
  const began = performance.now();
  const step = { kind: 'attack', settings, target: undefined } as const;
  const outputs = (await runPieces(executor, step, samples)) as OutputOf<'attack'>[];
  const seconds = (performance.now() - began) / 1000;
  const clean = (await runPieces(executor, { kind: 'predict' }, samples)) as OutputOf<'predict'>[];
  const norm = 'norm' in settings ? settings.norm : 'L2';
  const results = outputs.flatMap(({ adversaries, outcomes }, piece) => {
    const inputs = clean[piece]?.inputs ?? new Float32Array();
    const size = inputs.length / outcomes.length;
    return outcomes.map((outcome, i) => {
      if (outcome === 'already-wrong') return 0;
      if (outcome !== 'succeeded') return null;
      const change = Float32Array.from(
        { length: size },
        (_, k) => (adversaries[i * size + k] as number) - (inputs[i * size + k] as number),
      );
      return lengthOf(change, norm);
    });
  });
  return { seconds, results };
}

/** Accuracy within epsilon, or the median distance with failures as infinity: lower is stronger. */
function quality({ results }: Run, { epsilon }: AttackContest): number {
  if (epsilon !== undefined) {
    // Numbers of float32: what is at the edge of the ball is inside.
    const fooled = results.filter(size => size !== null && size <= epsilon * (1 + 1e-5)).length;
    return 1 - fooled / results.length;
  }
  const sizes = results.filter(size => size !== 0).map(size => size ?? Infinity);
  return sizes.toSorted((a, b) => a - b)[Math.floor(sizes.length / 2)] ?? NaN;
}

function showQuality(value: number, { epsilon }: AttackContest): string {
  return epsilon === undefined ? value.toFixed(3) : `${(100 * value).toFixed(1)}%`;
}

async function warmUp(settings: AttackSettings): Promise<void> {
  await runOurs(settings, 50 * threads);
}

if (options['no-suite'] !== true) {
  const rows = [];
  for (const settings of suite) {
    await warmUp({ attack: 'fgsm', norm: 'Linf', epsilon: 0.1 });
    const { seconds, results } = await runOurs(settings, suiteSamples);
    const withstood = results.filter(size => size === null).length;
    rows.push({
      attack: attackLabel(settings),
      seconds: seconds.toFixed(2),
      'digits/s': (suiteSamples / seconds).toPrecision(3),
      'still right': `${withstood} of ${suiteSamples}`,
    });
  }
  console.table(rows);
}

if (python !== undefined) {
  const peers = new LineProcess(python, [
    join(import.meta.dirname, 'peer_attacks.py'),
    join(exampleFolder, 'models/digits-cnn'),
    join(exampleFolder, 'data'),
  ]);
  const rows = [];
  for (const contest of contests) {
    const { attack, title, samples, epsilon, rungs } = contest;
    if (options.only !== undefined && options.only !== attack) continue;
    const ours: { settings: AttackSettings; seconds: number; quality: number }[] = [];
    const climbTo = async (target: number) => {
      for (const [i, settings] of rungs.entries()) {
        const known = ours[i];
        if (known === undefined) {
          if (i === 0) await warmUp(settings);
          const run = await runOurs(settings, samples);
          ours.push({ settings, seconds: run.seconds, quality: quality(run, contest) });
        }
        const rung = ours[i];
        if (rung !== undefined && rung.quality <= target) return rung;
      }
      return undefined;
    };
    for (const tool of tools) {
      const request = { tool, attack, epsilon: epsilon ?? null, samples, threads };
      const answer = JSON.parse(await peers.ask(JSON.stringify(request))) as PeerAnswer;
      if ('unavailable' in answer) continue;
      const theirs = quality(answer, contest);
      const rung = await climbTo(theirs);
      rows.push({
        attack: title,
        digits: samples,
        tool: `${tool}, ${answer.settings}`,
        'its result': showQuality(theirs, contest),
        'its s': answer.seconds.toFixed(2),
        'our result': rung === undefined ? 'not reached' : showQuality(rung.quality, contest),
        'our s': rung?.seconds.toFixed(2) ?? '',
        'times as fast': rung === undefined ? '' : (answer.seconds / rung.seconds).toFixed(2),
      });
    }
  }
  peers.close();
  console.table(rows);
}
await executor.dispose();
