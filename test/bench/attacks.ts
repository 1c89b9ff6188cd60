/**
 * `npm run bench:attacks`: how long each attack takes on `digits-cnn`, and how long ours needs to be as
 * good as those of Foolbox, ART, torchattacks and CleverHans: same weights, same digits, same number
 * of threads, one after the other in one run. `ASSAY_PYTHON` names a Python that has them (`pip
 * install torch foolbox adversarial-robustness-toolbox torchattacks cleverhans`); without one only
 * the first table is printed.
 *
 * Opening the model is not timed, on neither side; checking the results is, on ours. The first table has
 * what a user waits for: functions are compiled on the way, once for each size to which a batch shrinks.
 * In the contests that is the time `cold`, in threads that have compiled nothing yet. What is held against
 * the other tools is the same run once more, `warm`: they compile nothing, and have seen the whole batch
 * forwards and backwards before the clock starts.
 *
 *     --only ATTACK    one contest, for example carlini-wagner
 *     --no-suite       without the first table
 *     --digits N       as many digits in every contest, in place of a few hundred (C&W: 40)
 *     --limit SECONDS  how long a tool may take for one row; 240 when it is left out
 *     --threads N      on both sides
 */
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { attackLabel } from '../../src/attacks/attack-names.ts';
import type { AttackSettings } from '../../src/attacks/attack-settings.ts';
import { contests, type AttackContest } from './attack-rungs.ts';
import { attackSuite } from './attack-suite.ts';
import { openExampleThreads } from './example-threads.ts';
import {
  accuracyWithin,
  type AttackRun,
  medianDistance,
  runOurs,
  successRate,
} from './our-attacks.ts';
import { PeerAttacks, peerTools } from './peer-attacks.ts';

const suiteSamples = 100;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    'no-suite': { type: 'boolean' },
    digits: { type: 'string' },
    limit: { type: 'string' },
    threads: { type: 'string' },
  },
});
const threads = Number(options.threads ?? availableParallelism());
const limit = Number(options.limit ?? 240);
const python = process.env['ASSAY_PYTHON'];

const executor = await openExampleThreads('auto', threads);
const { engine } = await executor.describe();
console.log(`${engine.name} ${engine.version}, ${threads} threads, ${cpus()[0]?.model ?? ''}`);

async function warmUp(settings: AttackSettings): Promise<void> {
  await runOurs(executor, settings, 50 * threads);
}

if (options['no-suite'] !== true) {
  const rows = [];
  for (const settings of attackSuite) {
    await warmUp({ attack: 'fgsm', norm: 'Linf', epsilon: 0.1 });
    const { seconds, results } = await runOurs(executor, settings, suiteSamples);
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

/** Lower is stronger, and all numbers count: what one run reached. */
function isAsGood(ours: AttackRun, theirs: AttackRun, { epsilon }: AttackContest): boolean {
  if (epsilon !== undefined)
    return accuracyWithin(ours, epsilon) <= accuracyWithin(theirs, epsilon);
  return medianDistance(ours) <= medianDistance(theirs) && successRate(ours) >= successRate(theirs);
}

function shown(run: AttackRun, { epsilon }: AttackContest): string {
  if (epsilon !== undefined) return `${(100 * accuracyWithin(run, epsilon)).toFixed(1)}%`;
  return `${medianDistance(run).toFixed(3)} (${(100 * successRate(run)).toFixed(0)}%)`;
}

/** Two runs of one attack in threads of their own, which are open when the clock starts. */
async function timeAfresh(settings: AttackSettings, samples: number): Promise<Reached> {
  const fresh = await openExampleThreads('auto', threads);
  try {
    await Promise.all(Array.from({ length: threads }, () => fresh.describe()));
    const cold = await runOurs(fresh, settings, samples);
    return { settings, cold, warm: await runOurs(fresh, settings, samples) };
  } finally {
    await fresh.dispose();
  }
}

type Row = Readonly<Record<string, string | number>>;

/** Ours where it is as good as another tool. */
interface Reached {
  readonly settings: AttackSettings;
  /** In threads that have compiled nothing yet. */
  readonly cold: AttackRun;
  /** The same once more. */
  readonly warm: AttackRun;
}

/** Our runs of one contest, from little work to much, each made when it is first needed. */
class Climb {
  readonly #contest: AttackContest;
  readonly #samples: number;
  readonly #runs: AttackRun[] = [];
  readonly #reached = new Map<AttackSettings, Reached>();

  constructor(contest: AttackContest, samples: number) {
    this.#contest = contest;
    this.#samples = samples;
  }

  /** The first that is as good, timed by itself. */
  async reach(theirs: AttackRun): Promise<Reached | undefined> {
    for (const [i, settings] of this.#contest.rungs.entries()) {
      const run = this.#runs[i] ?? (await runOurs(executor, settings, this.#samples));
      this.#runs[i] = run;
      if (!isAsGood(run, theirs, this.#contest)) continue;
      const reached = this.#reached.get(settings) ?? (await timeAfresh(settings, this.#samples));
      this.#reached.set(settings, reached);
      return reached;
    }
    return undefined;
  }
}

/** Notes a row of the last table and shows it at once: a whole run takes a quarter of an hour. */
function note(rows: Row[], row: Row): void {
  rows.push(row);
  console.log(Object.values(row).join(' · '));
}

if (python !== undefined) {
  const peers = new PeerAttacks(python);
  console.log(await peers.versions());
  const rows: Row[] = [];
  for (const contest of contests) {
    const { attack, title, epsilon } = contest;
    if (options.only !== undefined && options.only !== attack) continue;
    const samples = Number(options.digits ?? contest.samples);
    const climb = new Climb(contest, samples);
    for (const tool of peerTools) {
      for (let way = 0; ; way++) {
        const request = { tool, attack, way, epsilon: epsilon ?? null, samples, threads, seed: 0 };
        const answer = await peers.run(request, limit);
        if (answer.kind === 'unavailable') break;
        if (answer.kind !== 'ran') {
          note(rows, {
            attack: title,
            digits: samples,
            tool: `${tool}, settings ${way + 1}`,
            'its s': answer.kind === 'too slow' ? `> ${limit}` : answer.reason,
          });
          continue;
        }
        const reached = await climb.reach(answer);
        note(rows, {
          attack: title,
          digits: samples,
          tool: `${tool}, ${answer.settings}`,
          'its result': shown(answer, contest),
          'its s': answer.seconds.toFixed(2),
          ours: reached === undefined ? '' : attackLabel(reached.settings),
          'our result': reached === undefined ? 'not reached' : shown(reached.warm, contest),
          'our s': reached?.warm.seconds.toFixed(2) ?? '',
          'our s, cold': reached?.cold.seconds.toFixed(2) ?? '',
          'times as fast':
            reached === undefined ? '' : (answer.seconds / reached.warm.seconds).toFixed(1),
          'by CPU time':
            reached === undefined
              ? ''
              : (answer.processorSeconds / reached.warm.processorSeconds).toFixed(1),
        });
      }
    }
  }
  peers.close();
  console.table(rows);
}
await executor.dispose();
