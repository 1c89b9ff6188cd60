/**
 * A guard for an application: tells inputs that look like the data a model was made for from others,
 * by a learned manifold of these data, and projects inputs onto it. Exported by Assay; it imports
 * nothing, and runs wherever TensorFlow.js does. What it holds and what not is in README.md.
 */

/** What the guard needs of a tensor of TensorFlow.js. */
export interface GuardTensor {
  data(): Promise<ArrayLike<number>>;
  dispose(): void;
}

/** What the guard needs of `tf`. */
export interface TensorLibrary<Tensor extends GuardTensor> {
  tensor(values: Float32Array, shape: number[]): Tensor;
}

/** What the guard needs of a layers model: `await tf.loadLayersModel('…/inverter/model.json')`. */
export interface GuardModel<Tensor extends GuardTensor> {
  predict(inputs: Tensor): Tensor | Tensor[];
}

/**
 * What the application's model answers with:
 *
 * - `probabilities`, `logits`: one number for each class
 * - `sigmoids`: one number in [0, 1] for each class, which need not sum to one
 * - `binary-probability`, `binary-logit`: one number for the second of two classes
 */
export type AnswerForm =
  'probabilities' | 'logits' | 'sigmoids' | 'binary-probability' | 'binary-logit';

/** Limits above which an input is refused, and how often they refused clean inputs. */
export interface GuardLevel {
  /** The share of clean inputs that may be refused. */
  readonly falsePositiveRate: number;
  readonly thresholds: GuardThresholds;
  /** Clean inputs refused among those that the thresholds were not set on, with a 95% interval. */
  readonly realised: {
    readonly refused: number;
    readonly count: number;
    readonly rate: number;
    readonly lower: number;
    readonly upper: number;
  };
}

export interface GuardThresholds {
  readonly reconstructionError: number;
  readonly divergence: number;
}

/** Content of `guard.json`. */
export interface GuardSettings {
  readonly version: 1;
  /** Version of Assay that exported it. */
  readonly assay: string;
  /** Library and version that computed manifold and thresholds. */
  readonly engine: string;
  /** Key of the trained manifold, and the seed that it was trained with. */
  readonly manifold: string;
  readonly seed: number;
  /** SHA-256 of the model that the guard is for, and of the data that the thresholds were set on. */
  readonly model: string;
  readonly data: string;
  /** Shape of one input of the application, and of one sample in the manifold's networks. */
  readonly inputShape: readonly number[];
  readonly sampleShape: readonly number[];
  readonly latentSize: number;
  /** How input units become network units: (x − offset) / scale, cyclic over the numbers of an input. */
  readonly units: { readonly offset: readonly number[]; readonly scale: readonly number[] };
  /** Lowest and highest value of an input. */
  readonly bounds: { readonly lower: number; readonly upper: number };
  /** What the inverter sees: values stretched from this range to [0, 1], in network units. */
  readonly squeeze: { readonly lower: number; readonly upper: number } | null;
  readonly answers: AnswerForm;
  /** How many clean inputs the thresholds were set on. */
  readonly calibrationCount: number;
  readonly levels: readonly GuardLevel[];
}

export interface GuardOptions<Tensor extends GuardTensor> {
  /** `import * as tf from '@tensorflow/tfjs'`, or a part of it with a backend. */
  readonly tf: TensorLibrary<Tensor>;
  readonly settings: GuardSettings;
  readonly inverter: GuardModel<Tensor>;
  readonly generator: GuardModel<Tensor>;
  /**
   * The application's own model, with whatever is done to inputs before it: takes a tensor
   * `[count, …inputShape]` in input units, returns what the model answers.
   */
  readonly classify: (inputs: Tensor) => Tensor | Tensor[] | Promise<Tensor | Tensor[]>;
  /** One of the levels of the settings; 0.05 when it is left out. */
  readonly falsePositiveRate?: number;
}

/** What the guard finds of inputs, one number for each. */
export interface GuardScores {
  /** ‖G(I(x)) − x‖₂ in input units: how far the input lies off the manifold. */
  readonly reconstructionErrors: Float64Array;
  /** Jensen-Shannon divergence of the model's answers on x and on G(I(x)), nats, in [0, ln 2]. */
  readonly divergences: Float64Array;
  /** Whether either score is above its threshold, or no number. */
  readonly refused: readonly boolean[];
  /** G(I(x)), one input after another. */
  readonly corrected: Float32Array;
}

const usualRate = 0.05;

/** Logarithms end here, above the smallest normal float32, so that they stay finite. */
const smallestProbability = 1.2e-38;

/** Scores inputs, refuses them and corrects them. Inputs are numbers one after another, any number of inputs. */
export class Guard<Tensor extends GuardTensor> {
  readonly #options: GuardOptions<Tensor>;
  readonly #thresholds: GuardThresholds;

  /** @throws RangeError for a false-positive rate that no thresholds were set for */
  constructor(options: GuardOptions<Tensor>) {
    const { settings, falsePositiveRate = usualRate } = options;
    const level = settings.levels.find(one => one.falsePositiveRate === falsePositiveRate);
    if (level === undefined) {
      const rates = settings.levels.map(one => one.falsePositiveRate).join(', ');
      throw new RangeError(`There are thresholds for false-positive rates of ${rates} only.`);
    }
    this.#options = options;
    this.#thresholds = level.thresholds;
  }

  /** Everything that the guard knows of inputs. @throws RangeError when they are no whole number of inputs */
  async score(inputs: Float32Array): Promise<GuardScores> {
    const count = this.#count(inputs);
    const corrected = await this.correct(inputs);
    const answers = await this.#probabilities(inputs, count);
    const answersAfter = await this.#probabilities(corrected, count);
    const reconstructionErrors = byRow(inputs, corrected, count, distance);
    const divergences = byRow(answers, answersAfter, count, jensenShannon);
    const limits = this.#thresholds;
    const refused = Array.from(
      reconstructionErrors,
      (error, row) =>
        // Written so that NaN, which is below nothing, is refused.
        !(error <= limits.reconstructionError && (divergences[row] as number) <= limits.divergence),
    );
    return { reconstructionErrors, divergences, refused, corrected };
  }

  /** Whether each input is to be refused. */
  async refuses(inputs: Float32Array): Promise<readonly boolean[]> {
    return (await this.score(inputs)).refused;
  }

  /** Inputs projected onto the manifold, G(I(x)), to be classified in their place. */
  async correct(inputs: Float32Array): Promise<Float32Array> {
    const { settings, inverter, generator } = this.#options;
    const count = this.#count(inputs);
    const { sampleShape, latentSize, bounds } = settings;
    const latents = await this.#run(
      tensor => inverter.predict(tensor),
      this.#shownToInverter(inputs),
      [count, ...sampleShape],
    );
    const samples = await this.#run(tensor => generator.predict(tensor), latents, [
      count,
      latentSize,
    ]);
    const { offset, scale } = settings.units;
    return samples.map((value, i) => {
      const input = value * at(scale, i) + at(offset, i);
      return Math.min(bounds.upper, Math.max(bounds.lower, input));
    });
  }

  #count(inputs: Float32Array): number {
    const { inputShape } = this.#options.settings;
    const count = inputs.length / inputShape.reduce((product, length) => product * length, 1);
    if (Number.isInteger(count)) return count;
    throw new RangeError(
      `${inputs.length} numbers are no whole number of inputs of shape [${inputShape.join(', ')}].`,
    );
  }

  #shownToInverter(inputs: Float32Array): Float32Array {
    const { units, squeeze } = this.#options.settings;
    return inputs.map((value, i) => {
      const inside = (value - at(units.offset, i)) / at(units.scale, i);
      if (squeeze === null) return inside;
      const stretched = (inside - squeeze.lower) / (squeeze.upper - squeeze.lower);
      return Math.min(1, Math.max(0, stretched));
    });
  }

  async #probabilities(inputs: Float32Array, count: number): Promise<Float64Array> {
    const { classify, settings } = this.#options;
    const answers = await this.#run(classify, inputs, [count, ...settings.inputShape]);
    return probabilitiesOf(settings.answers, answers, count);
  }

  async #run(
    apply: (inputs: Tensor) => Tensor | Tensor[] | Promise<Tensor | Tensor[]>,
    values: Float32Array,
    shape: number[],
  ): Promise<Float32Array> {
    const tensor = this.#options.tf.tensor(values, shape);
    try {
      const outputs = await apply(tensor);
      const [first, ...others] = Array.isArray(outputs) ? outputs : [outputs];
      if (first === undefined) throw new RangeError('A model returned nothing.');
      const result = Float32Array.from(await first.data());
      for (const output of [first, ...others]) if (output !== tensor) output.dispose();
      return result;
    } finally {
      tensor.dispose();
    }
  }
}

function at(values: readonly number[], index: number): number {
  return values[index % values.length] as number;
}

/** A number made of each pair of rows. */
function byRow<Values extends Float32Array | Float64Array>(
  first: Values,
  second: Values,
  count: number,
  measure: (a: Values, b: Values) => number,
): Float64Array {
  const size = first.length / count;
  return Float64Array.from({ length: count }, (_, row) => {
    const [start, end] = [row * size, (row + 1) * size];
    return measure(first.subarray(start, end) as Values, second.subarray(start, end) as Values);
  });
}

function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  a.forEach((value, i) => (sum += (value - (b[i] as number)) ** 2));
  return Math.sqrt(sum);
}

/**
 * Jensen-Shannon divergence of two answers in nats, in [0, ln 2]: half the divergence of each from
 * their mean, 0 for equal answers; NaN where a probability is NaN.
 */
export function jensenShannon(p: ArrayLike<number>, q: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    const [a, b] = [p[i] as number, q[i] as number];
    const middle = (a + b) / 2;
    // NaN is not 0 either: answers that are no numbers have to be refused.
    if (a !== 0) sum += (a * Math.log(a / middle)) / 2;
    if (b !== 0) sum += (b * Math.log(b / middle)) / 2;
  }
  return Math.max(0, sum);
}

/** What a model answers as probabilities of all classes, row by row. */
function probabilitiesOf(form: AnswerForm, answers: Float32Array, count: number): Float64Array {
  const size = answers.length / count;
  const rows = Array.from({ length: count }, (_, row) =>
    softmax(logitsOf(form, [...answers.subarray(row * size, (row + 1) * size)])),
  );
  return Float64Array.from(rows.flat());
}

function logitsOf(form: AnswerForm, answers: readonly number[]): readonly number[] {
  switch (form) {
    case 'logits':
      return answers;
    case 'probabilities':
      return answers.map(logarithm);
    case 'sigmoids':
      return answers.map(logOdds);
    case 'binary-logit':
      return [0, ...answers];
    case 'binary-probability':
      return [0, ...answers.map(logOdds)];
  }
}

function logarithm(probability: number): number {
  return Math.log(Math.max(probability, smallestProbability));
}

function logOdds(probability: number): number {
  return logarithm(probability) - logarithm(1 - probability);
}

/** Probabilities of all classes, which sum to one; nothing overflows. */
export function softmax(logits: Iterable<number>): number[] {
  const values = [...logits];
  const largest = Math.max(...values);
  const powers = values.map(logit => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map(power => power / sum);
}
