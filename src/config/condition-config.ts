import * as v from 'valibot';
import { AttackSchema } from './attack-config.ts';
import { DataSchema } from './data-config.ts';

/**
 * What a model meets besides clean samples and attacks, so that a detector is not praised for
 * telling blur from adversaries: one plain object each, told apart by `condition`.
 */

const wholeNumber = v.pipe(v.number(), v.integer(), v.minValue(1));

/** Corruptions that can be named in a configuration. */
export const corruptionNames = [
  'gaussian-noise',
  'impulse-noise',
  'gaussian-blur',
  'contrast',
  'brightness',
  'pixelate',
  'occlusion',
  'rotation',
  'translation',
] as const;

export const ConditionSchema = v.variant('condition', [
  v.strictObject({
    condition: v.pipe(
      v.literal('matched-noise'),
      v.description(
        'Random noise as large as the perturbations of an attack, sample by sample: the control.',
      ),
    ),
    attack: v.exactOptional(
      v.pipe(v.string(), v.description('Id of the attack; every attack when it is left out.')),
    ),
  }),
  v.strictObject({
    condition: v.pipe(
      v.literal('corruption'),
      v.description('Clean samples, changed as cameras, scanners and people change them.'),
    ),
    corruption: v.picklist(corruptionNames),
    severity: v.pipe(
      v.optional(v.pipe(wholeNumber, v.maxValue(5)), 3),
      v.description('From 1, hardly seen, to 5.'),
    ),
  }),
  v.strictObject({
    condition: v.pipe(
      v.literal('out-of-distribution'),
      v.description('Samples of another kind altogether. Their labels are not looked at.'),
    ),
    name: v.pipe(
      v.string(),
      v.regex(/^[\w][\w .-]*$/, 'Use letters, digits, spaces, dots, hyphens and underscores.'),
      v.description('What the report calls them, for example `Fashion-MNIST`.'),
    ),
    data: DataSchema,
  }),
  v.strictObject({
    condition: v.pipe(
      v.literal('evasion'),
      v.description(
        'An attack that knows the detector: it also lowers the mutual information over fixed passes.',
      ),
    ),
    attack: AttackSchema,
    weight: v.pipe(
      v.optional(v.pipe(v.number(), v.minValue(0), v.finite()), 1),
      v.description('λ: what a nat of mutual information counts against the loss.'),
    ),
    passes: v.pipe(
      v.optional(v.pipe(wholeNumber, v.minValue(2)), 20),
      v.description(
        'Number of fixed passes that the adversary looks at; of an ensemble, always all its members.',
      ),
    ),
    steps: v.pipe(
      v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 50),
      v.description(
        'Steps after the attack, in which its successes lower the mutual information and stay successes.',
      ),
    ),
  }),
  v.strictObject({
    condition: v.pipe(
      v.literal('transfer'),
      v.description(
        'Adversaries made on another model of the workspace, shown to this one: an attack by somebody who does not have it.',
      ),
    ),
    from: v.pipe(
      v.string(),
      v.nonEmpty(),
      v.description('The `model.json` of the other model, relative to the folder of this file.'),
    ),
    attack: AttackSchema,
  }),
]);

/** One further condition of a configuration. */
export type ConditionConfig = v.InferOutput<typeof ConditionSchema>;
export type CorruptionName = (typeof corruptionNames)[number];
