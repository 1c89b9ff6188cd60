import * as v from 'valibot';

/**
 * The attacks of a configuration: one plain object each, told apart by `attack`. Names and defaults
 * are those of the attacks themselves.
 */

const positive = v.pipe(v.number(), v.gtValue(0), v.finite());
const wholeNumber = v.pipe(v.number(), v.integer(), v.minValue(1));
const share = v.pipe(v.number(), v.gtValue(0), v.maxValue(1));

const epsilon = v.pipe(positive, v.description('Size of the perturbation in input units.'));
const anyNorm = v.picklist(['Linf', 'L2', 'L1']);
const twoNorms = v.picklist(['Linf', 'L2']);
const stepSize = v.exactOptional(
  v.pipe(positive, v.description('Length of a step, in input units.')),
);
const restarts = v.exactOptional(
  v.pipe(wholeNumber, v.description('Runs, each from another random start. Default 1.')),
);

/** The field that tells attacks apart, with what the editor says of it. */
function named<const Name extends string>(name: Name, description: string) {
  return v.pipe(v.literal(name), v.description(description));
}

function steps(standard: number) {
  return v.exactOptional(
    v.pipe(wholeNumber, v.description(`Number of steps. Default ${standard}.`)),
  );
}

const target = v.exactOptional(
  v.pipe(
    v.union([v.literal('next'), v.pipe(v.number(), v.integer(), v.minValue(0))]),
    v.description('Targeted: the class to reach, or `next` for the class after the label.'),
  ),
);

/** Within epsilon of a norm: how many answers can be changed? */
const fixedBudget = [
  v.strictObject({
    attack: named('fgsm', 'Fast gradient sign method (Goodfellow 2015): one step.'),
    norm: v.optional(anyNorm, 'Linf'),
    epsilon,
    target,
  }),
  v.strictObject({
    attack: named('bim', 'Basic iterative method (Kurakin 2017).'),
    norm: v.optional(anyNorm, 'Linf'),
    epsilon,
    steps: steps(10),
    stepSize,
    target,
  }),
  v.strictObject({
    attack: named('pgd', 'Projected gradient descent from random starts (Madry 2018).'),
    norm: v.optional(anyNorm, 'Linf'),
    epsilon,
    steps: steps(40),
    stepSize,
    restarts,
    target,
  }),
  v.strictObject({
    attack: named('mi-fgsm', 'Momentum iterative method (Dong 2018).'),
    norm: v.optional(anyNorm, 'Linf'),
    epsilon,
    steps: steps(10),
    stepSize,
    momentum: v.exactOptional(v.pipe(v.number(), v.minValue(0), v.description('μ. Default 1.'))),
    target,
  }),
  v.strictObject({
    attack: named('apgd', 'Auto-PGD, which chooses its own step sizes (Croce & Hein 2020).'),
    norm: v.optional(twoNorms, 'Linf'),
    epsilon,
    loss: v.optional(v.picklist(['cross-entropy', 'dlr', 'targeted-dlr']), 'cross-entropy'),
    steps: steps(100),
    restarts,
    targets: v.exactOptional(
      v.pipe(wholeNumber, v.description('Classes aimed at with `targeted-dlr`. Default 9.')),
    ),
    target,
  }),
  v.strictObject({
    attack: named('square', 'Square attack, without gradients (Andriushchenko 2020).'),
    norm: v.optional(twoNorms, 'Linf'),
    epsilon,
    queries: v.exactOptional(
      v.pipe(wholeNumber, v.description('Forward passes for each sample at most. Default 5000.')),
    ),
    initialArea: v.exactOptional(
      v.pipe(share, v.description('Part that the first windows cover. Default 0.8.')),
    ),
    target,
  }),
  v.strictObject({
    attack: named('noise', 'Random noise of the same size: the control for every attack.'),
    distribution: v.optional(v.picklist(['uniform', 'gaussian', 'corners']), 'uniform'),
    norm: v.optional(anyNorm, 'Linf'),
    epsilon,
    draws: v.exactOptional(v.pipe(wholeNumber, v.description('Draws for each sample. Default 1.'))),
    target,
  }),
  v.strictObject({
    attack: named('autoattack', 'The standard ensemble: APGD-CE, APGD-T, FAB-T, Square.'),
    norm: v.optional(twoNorms, 'Linf'),
    epsilon,
    target,
  }),
] as const;

/** The smallest perturbation that changes the answer; one run gives the whole curve. */
const minimumNorm = [
  v.strictObject({
    attack: named('carlini-wagner', 'Carlini & Wagner L2 (2017).'),
    preset: v.pipe(
      v.optional(v.picklist(['warm', 'quick', 'full', 'reference']), 'quick'),
      v.description(
        'warm: from an adversary of DDN, 50 steps, then 3 searches × 100. quick: from the clean sample, 5 × 200. full: 9 × 1000. reference: 9 × 10000.',
      ),
    ),
    confidence: v.pipe(
      v.optional(v.pipe(v.number(), v.minValue(0)), 0),
      v.description('κ: by how much, in logits, the wrong class must win.'),
    ),
    targets: v.exactOptional(
      v.pipe(
        v.picklist(['easiest', 'hardest']),
        v.description(
          'Attack every class besides the label and keep the nearest (the strongest untargeted attack) or the farthest. Takes as many times longer.',
        ),
      ),
    ),
    target,
  }),
  v.strictObject({
    attack: named('deepfool', 'DeepFool (Moosavi-Dezfooli 2016).'),
    norm: v.optional(twoNorms, 'L2'),
    steps: steps(50),
    overshoot: v.exactOptional(
      v.pipe(positive, v.description('Part by which the steps are lengthened. Default 0.02.')),
    ),
    candidates: v.exactOptional(
      v.pipe(wholeNumber, v.description('Classes considered besides the label. Default 9.')),
    ),
    target,
  }),
  v.strictObject({
    attack: named('ddn', 'Decoupled direction and norm, L2 (Rony 2019).'),
    steps: steps(100),
    initialRadius: v.exactOptional(
      v.pipe(positive, v.description('First radius, in widths of the bounds. Default 1.')),
    ),
    radiusChange: v.exactOptional(
      v.pipe(share, v.description('γ: change of the radius at each step. Default 0.05.')),
    ),
    target,
  }),
  v.strictObject({
    attack: named('fmn', 'Fast minimum norm (Pintor 2021).'),
    norm: v.optional(anyNorm, 'L2'),
    steps: steps(100),
    firstStep: v.exactOptional(
      v.pipe(
        positive,
        v.description('Length of the first step, in widths of the bounds. Default 1.'),
      ),
    ),
    radiusChange: v.exactOptional(
      v.pipe(share, v.description('γ: change of the radius at the first step. Default 0.05.')),
    ),
    target,
  }),
  v.strictObject({
    attack: named('fab', 'Fast adaptive boundary, targeted (Croce & Hein 2020).'),
    norm: v.optional(anyNorm, 'Linf'),
    steps: steps(100),
    targets: v.exactOptional(
      v.pipe(wholeNumber, v.description('Classes aimed at, the likeliest first. Default 9.')),
    ),
    target,
  }),
] as const;

export const AttackSchema = v.variant('attack', [...fixedBudget, ...minimumNorm]);

/** One attack of the configuration. */
export type AttackConfig = v.InferOutput<typeof AttackSchema>;
