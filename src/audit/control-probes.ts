import { attackLabel, attackNorm } from '../attacks/attack-names.ts';
import type { AttackSettings } from '../attacks/attack-settings.ts';
import { checkBlackBox, checkNoise, type SanityRun } from '../attacks/sanity-checks.ts';
import type { Flag } from '../report/audit-report.ts';
import type { ConditionResults } from './condition-results.ts';
import type { PieceStep } from './piece.ts';
import type { PlannedCondition } from './planned-condition.ts';
import type { PlannedProbe, ProbeResult } from './probes.ts';
import { counted } from '../wording/counted.ts';

/** Samples that the controls are tried on, and how many they must win to say something. */
const controlSamples = 10;
const tellingLead = 2;

/** An attack that sees gradients and takes many steps: what a control is held against. */
interface WhiteBox {
  readonly id: string;
  readonly norm: 'Linf' | 'L2' | 'L1';
  readonly epsilon: number;
  readonly hasSquare: boolean;
}

/**
 * For each size at which gradients are followed in many steps: a short Square, and corners of the ball
 * drawn at random, on a few samples. Neither sees a gradient, so neither should break what gradients
 * could not. Where the configuration has them already, they are left out.
 */
export function planControls(
  conditions: readonly PlannedCondition[],
  samples: readonly number[],
  keyOf: (step: PieceStep, indices: readonly number[]) => string,
): PlannedProbe[] {
  const indices = samples.slice(0, controlSamples);
  const sizes = new Map(
    conditions.flatMap(whiteBoxOf).map(box => [`${box.norm} ${box.epsilon}`, box] as const),
  );
  return [...sizes.values()].flatMap(box => {
    const { norm, epsilon } = box;
    const isPlanned = (name: 'square' | 'noise') =>
      conditions.some(({ attack }) => {
        const settings = attack?.settings;
        return settings?.attack === name && settings.norm === norm && settings.epsilon === epsilon;
      });
    const controls: AttackSettings[] = [
      ...(norm === 'L1' || box.hasSquare || isPlanned('square')
        ? []
        : [{ attack: 'square', norm, epsilon, queries: 200 } as const]),
      ...(isPlanned('noise')
        ? []
        : [{ attack: 'noise', distribution: 'corners', norm, epsilon, draws: 20 } as const]),
    ];
    return controls.map(settings => {
      const step: PieceStep = { kind: 'attack', settings, target: undefined };
      return {
        task: { step, indices, inputs: undefined },
        key: keyOf(step, indices),
        attack: box.id,
      };
    });
  });
}

/** None for what sees no gradients, aims at a class, or follows them only once. */
function whiteBoxOf({ id, attack }: PlannedCondition): WhiteBox[] {
  if (attack === undefined || attack.target !== undefined) return [];
  if (attack.evasion !== undefined || attack.madeOn !== undefined) return [];
  const { settings } = attack;
  switch (settings.attack) {
    case 'bim':
    case 'pgd':
    case 'mi-fgsm':
    case 'apgd':
    case 'autoattack':
      return [
        {
          id,
          norm: attackNorm(settings),
          epsilon: settings.epsilon,
          hasSquare: settings.attack === 'autoattack',
        },
      ];
    case 'fgsm':
    case 'square':
    case 'noise':
    case 'carlini-wagner':
    case 'deepfool':
    case 'ddn':
    case 'fmn':
    case 'fab':
      return [];
  }
}

/** What the controls broke that no gradient of the same size did. */
export function checkControls(
  { probe, output }: ProbeResult,
  attacks: readonly ConditionResults[],
): Flag[] {
  const { step } = probe.task;
  if (step.kind !== 'attack' || output.kind !== 'attack') return [];
  const { settings } = step;
  if (settings.attack !== 'square' && settings.attack !== 'noise') return [];
  const whiteBoxes = attacks.flatMap((results): SanityRun[] =>
    whiteBoxOf(results.plan).some(
      ({ norm, epsilon }) => norm === settings.norm && epsilon === settings.epsilon,
    )
      ? [
          {
            label: results.plan.label,
            outcomes: results.outcomes().slice(0, output.outcomes.length),
          },
        ]
      : [],
  );
  if (whiteBoxes.length === 0) return [];
  const control: SanityRun = {
    label: `${attackLabel(settings)}, on ${counted(output.outcomes.length, 'sample')},`,
    // No attack reconstructs anything.
    outcomes: output.outcomes.filter(outcome => outcome !== 'reconstruction-misclassified'),
  };
  const lead = output.outcomes.filter(
    (outcome, row) =>
      outcome === 'succeeded' && whiteBoxes.every(box => box.outcomes[row] !== 'succeeded'),
  );
  if (lead.length < tellingLead) return [];
  const flag =
    settings.attack === 'square'
      ? checkBlackBox(whiteBoxes, control)
      : checkNoise(whiteBoxes, control);
  return flag === undefined || probe.attack === undefined
    ? []
    : [{ ...flag, condition: probe.attack }];
}
