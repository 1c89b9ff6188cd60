import * as v from 'valibot';
import { AttackSchema } from './attack-config.ts';
import { ConditionSchema } from './condition-config.ts';
import { ManifoldSchema } from './manifold-config.ts';
import { SmoothingSchema } from './smoothing-config.ts';
import { DataSchema, path, range } from './data-config.ts';
import { UncertaintySchema } from './uncertainty-config.ts';

/**
 * `assay.config.json`: what is audited and what is required of it. This schema is the only source:
 * the TypeScript types are inferred from it and `schemas/assay.config.schema.json` is generated.
 */

const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const positive = v.pipe(v.number(), v.gtValue(0), v.finite());
const wholeNumber = v.pipe(v.number(), v.integer(), v.minValue(1));
const perChannel = v.union([v.number(), v.array(v.number())]);

const InputSchema = v.pipe(
  v.strictObject({
    bounds: v.pipe(
      v.optional(range, [0, 1]),
      v.description('Values that an input can have. Epsilons and distances are in these units.'),
    ),
    shape: v.exactOptional(
      v.pipe(
        v.array(wholeNumber),
        v.description('Shape of one input, where the model leaves it open: `[224, 224, 3]`.'),
      ),
    ),
    preprocessing: v.exactOptional(
      v.pipe(
        v.strictObject({
          mean: v.exactOptional(perChannel),
          standardDeviation: v.exactOptional(perChannel),
          scale: v.exactOptional(v.number()),
          offset: v.exactOptional(v.number()),
        }),
        v.description(
          'What the application does to an input before the model: (input × scale + offset − mean) / standardDeviation.',
        ),
      ),
    ),
    classNames: v.exactOptional(
      v.pipe(v.array(v.string()), v.description('Names of the classes in order.')),
    ),
    output: v.exactOptional(
      v.pipe(
        v.string(),
        v.description('Name of the output with the classes, where the model has several.'),
      ),
    ),
  }),
  v.description('How inputs look to the user and to the model.'),
);

const RequirementSchema = v.pipe(
  v.variant('check', [
    v.strictObject({
      check: v.pipe(
        v.literal('clean-accuracy'),
        v.description('Share of samples answered correctly.'),
      ),
      minimum: fraction,
      level: v.optional(v.picklist(['fail', 'warn']), 'fail'),
    }),
    v.strictObject({
      check: v.pipe(
        v.literal('robust-accuracy'),
        v.description('Share of samples still right under an attack, or under all of them.'),
      ),
      attack: v.exactOptional(
        v.pipe(
          v.string(),
          v.description(
            'Id of the attack (`fgsm-linf-0.1`); without it the worst case over all attacks.',
          ),
        ),
      ),
      minimum: fraction,
      level: v.optional(v.picklist(['fail', 'warn']), 'fail'),
    }),
    v.strictObject({
      check: v.pipe(
        v.literal('median-distance'),
        v.description('Median size of the smallest perturbation that fools the model.'),
      ),
      attack: v.pipe(
        v.string(),
        v.description(
          'Id of an attack that looks for the smallest change (`carlini-wagner-l2-quick`).',
        ),
      ),
      minimum: positive,
      level: v.optional(v.picklist(['fail', 'warn']), 'fail'),
    }),
  ]),
  v.description('A requirement; the audit passes when the bound of the interval meets it.'),
);

export const AuditConfigSchema = v.strictObject({
  $schema: v.exactOptional(v.string()),
  version: v.pipe(v.literal(1), v.description('Version of this format.')),
  models: v.pipe(
    v.array(path),
    v.nonEmpty('Name at least one model.'),
    v.description('The `model.json` files to audit.'),
  ),
  data: DataSchema,
  input: v.optional(InputSchema, {}),
  preset: v.pipe(
    v.optional(v.picklist(['quick', 'standard', 'full']), 'quick'),
    v.description('quick: 100 samples (±0.10). standard: 400 (±0.05). full: 1000 (±0.03).'),
  ),
  samples: v.exactOptional(
    v.pipe(wholeNumber, v.description('Number of samples, in place of the preset’s.')),
  ),
  selection: v.pipe(
    v.optional(v.picklist(['random', 'first']), 'random'),
    v.description('Which samples: a random choice by the seed, or the first ones.'),
  ),
  seed: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
    v.description('The same seed gives the same report.'),
  ),
  attacks: v.exactOptional(
    v.pipe(
      v.array(AttackSchema),
      v.description('Attacks in order. Without it: FGSM L∞ at a usual epsilon, and C&W quick.'),
    ),
  ),
  averagedPasses: v.pipe(
    v.optional(wholeNumber, 1),
    v.description(
      'For a model that draws random numbers: attacks follow the mean of so many passes (expectation over transformation). With fewer than 20 no requirement on robustness is met.',
    ),
  ),
  conditions: v.exactOptional(
    v.pipe(
      v.array(ConditionSchema),
      v.description(
        'What the model meets besides clean samples and attacks. Without it: for each attack, noise as large as its perturbations.',
      ),
    ),
  ),
  smoothing: v.exactOptional(SmoothingSchema),
  uncertainty: v.optional(UncertaintySchema, {}),
  manifold: v.exactOptional(ManifoldSchema),
  requirements: v.optional(v.array(RequirementSchema), []),
});

/** A configuration as written and checked, defaults filled in, paths still relative. */
export type AuditConfig = v.InferOutput<typeof AuditConfigSchema>;
/** One requirement of the configuration. */
export type Requirement = v.InferOutput<typeof RequirementSchema>;
/** The input part of the configuration. */
export type InputConfig = v.InferOutput<typeof InputSchema>;

/** Samples that each preset audits, from the width of the interval: ±0.10, ±0.05, ±0.03. */
export const presetSamples = { quick: 100, standard: 400, full: 1000 } as const;

/** Name of the configuration file, looked for upwards from a model. */
export const configFileName = 'assay.config.json';
