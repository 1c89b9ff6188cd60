/**
 * `npm run bench:agreement`: our attacks against those of Foolbox, ART, torchattacks and CleverHans on
 * the same weights, digits and settings. Times are not what this is about: an attack that is right
 * leaves about as many digits standing as theirs, or finds changes of about the same size.
 * `ASSAY_PYTHON` names a Python that has them all.
 *
 *     --model NAME   digits-cnn, which is what it takes when it is left out, or digits-robust
 *     --digits N     how many, from the first on; 200 when it is left out
 *     --only ATTACK  one attack, for example apgd
 *     --seed N       of the random starts, ours and theirs; 0 when it is left out
 */
import { parseArgs } from 'node:util';
import { attackLabel } from '../../src/attacks/attack-names.ts';
import type { AttackSettings } from '../../src/attacks/attack-settings.ts';
import { openExampleThreads } from './example-threads.ts';
import {
  accuracyWithin,
  type AttackRun,
  meanDistance,
  medianDistance,
  runOurs,
} from './our-attacks.ts';
import { PeerAttacks, type PeerRequest, peerTools } from './peer-attacks.ts';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: 'digits-cnn' },
    digits: { type: 'string', default: '200' },
    only: { type: 'string' },
    seed: { type: 'string', default: '0' },
  },
});
const python = process.env['ASSAY_PYTHON'];
if (python === undefined)
  throw new Error('ASSAY_PYTHON has to name a Python with the other tools.');
const samples = Number(options.digits);
const seed = Number(options.seed);
const threads = 1;

/** One attack of ours, and which settings of each other tool are the same. */
interface Pairing {
  readonly attack: string;
  readonly ours: AttackSettings;
  readonly theirs: readonly (readonly [tool: (typeof peerTools)[number], way: number])[];
}

/** Attacks of one size, as every model gets them. */
function withinBudget(epsilon: number): readonly Pairing[] {
  const pgd = { attack: 'pgd', norm: 'Linf', epsilon } as const;
  return [
    {
      attack: 'pgd',
      ours: pgd,
      theirs: [
        ['ART', 1],
        ['torchattacks', 1],
        ['CleverHans', 0],
      ],
    },
    // The steps of Foolbox are shorter.
    { attack: 'pgd', ours: { ...pgd, stepSize: epsilon / 30 }, theirs: [['Foolbox', 0]] },
    {
      attack: 'apgd',
      ours: { attack: 'apgd', norm: 'Linf', epsilon, loss: 'cross-entropy' },
      theirs: [
        ['torchattacks', 1],
        ['ART', 0],
      ],
    },
    {
      attack: 'autoattack',
      ours: { attack: 'autoattack', norm: 'Linf', epsilon },
      theirs: [
        ['torchattacks', 0],
        ['torchattacks', 1],
      ],
    },
  ];
}

const undefended: readonly Pairing[] = [
  ...[0.1, 0.2, 0.3].map((epsilon): Pairing => ({
    attack: 'fgsm',
    ours: { attack: 'fgsm', norm: 'Linf', epsilon },
    theirs: peerTools.map(tool => [tool, 0] as const),
  })),
  { attack: 'ddn', ours: { attack: 'ddn' }, theirs: [['Foolbox', 0]] },
  { attack: 'fmn', ours: { attack: 'fmn', norm: 'Linf' }, theirs: [['Foolbox', 0]] },
  ...withinBudget(0.1),
];
// It was trained on adversaries of 0.3.
const pairings = options.model === 'digits-robust' ? withinBudget(0.3) : undefended;

const executor = await openExampleThreads('auto', threads, options.model, seed);
const { engine } = await executor.describe();
const peers = new PeerAttacks(python, options.model);
console.log(
  `${engine.name} ${engine.version}; ${await peers.versions()}; ${options.model}, ${samples} digits, seed ${seed}`,
);

/** One line of the table, as soon as it is known: AutoAttack takes minutes. */
function print(...columns: readonly string[]): void {
  const widths = [38, 40, 32];
  console.log(columns.map((text, i) => text.padEnd(widths[i] ?? 0)).join(''));
}

print('attack', 'tool', 'result', 'only ours | only theirs');
for (const { attack, ours, theirs } of pairings) {
  if (options.only !== undefined && options.only !== attack) continue;
  const epsilon = 'epsilon' in ours ? ours.epsilon : undefined;
  const own = await runOurs(executor, ours, samples);
  print(attackLabel(ours), 'Assay', shown(own, epsilon));
  for (const [tool, way] of theirs) {
    const request: PeerRequest = {
      tool,
      attack,
      way,
      epsilon: epsilon ?? null,
      samples,
      threads,
      seed,
    };
    const answer = await peers.run(request);
    if (answer.kind !== 'ran') {
      print('', tool, answer.kind === 'ended' ? answer.reason : answer.kind);
      continue;
    }
    const alone = disagreement(own, answer, epsilon);
    print('', `${tool}, ${answer.settings}`, shown(answer, epsilon), alone.join(' | '));
  }
}
peers.close();
await executor.dispose();

function shown(run: AttackRun, epsilon: number | undefined): string {
  if (epsilon === undefined) {
    return `median ${medianDistance(run).toFixed(4)}, mean ${meanDistance(run).toFixed(4)}`;
  }
  return `${Math.round(samples * accuracyWithin(run, epsilon))} still right`;
}

/** How many digits only we broke, and only they: or on which one came nearer. */
function disagreement(
  own: AttackRun,
  other: AttackRun,
  epsilon: number | undefined,
): readonly number[] {
  const size = ({ results }: AttackRun, digit: number): number => {
    const found = results[digit] ?? Infinity;
    if (epsilon === undefined) return found;
    return found <= epsilon * (1 + 1e-5) ? 0 : Infinity;
  };
  const digits = [...own.results.keys()];
  return [
    digits.filter(digit => size(own, digit) < size(other, digit)).length,
    digits.filter(digit => size(other, digit) < size(own, digit)).length,
  ];
}
