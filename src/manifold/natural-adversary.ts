import type { Batch } from '../arrays/batch.ts';
import type { Classifier } from '../model/classifier.ts';
import { answersOther, distance } from './class-change.ts';
import type { Manifold } from './manifold.ts';

/** What became of one sample. */
export type NaturalOutcome =
  /** A latent vector was found whose sample the model answers otherwise, on a fresh forward pass. */
  | 'succeeded'
  /** The search ran to its end, or out of queries, and found none. */
  | 'failed'
  /**
   * The model already answers the reconstruction G(I(x)) wrongly: the manifold fails, not the model,
   * and no distance to an adversary means anything.
   */
  | 'reconstruction-misclassified'
  /** The model is wrong on the sample itself. */
  | 'already-wrong';

/** What a search for natural adversaries is given besides its settings. */
export interface NaturalContext {
  readonly classifier: Classifier;
  readonly manifold: Pick<Manifold, 'latentSize' | 'decode' | 'encode' | 'pullBackDecode'>;
  /** Clean samples, input units. Never written to. */
  readonly inputs: Batch;
  /** True class of each. */
  readonly labels: Int32Array;
  readonly seed: number;
  /** Index of each sample in its data set: with the seed, the key of its random numbers. */
  readonly sampleIndices: readonly number[];
  readonly signal?: AbortSignal;
  /** Share of the work that is done, in [0, 1]. */
  readonly onProgress?: (fraction: number) => void;
}

/** Latent vectors that a search has found, one for each sample that it was given. */
export interface LatentHits {
  /** Where the answer changes; the start again where nothing was found. */
  readonly latents: Batch;
  /** Times that the model was asked about each sample, gradients counting as one. */
  readonly queries: Int32Array;
}

/** Looks for the nearest latent vectors whose samples are answered otherwise. */
export interface LatentSearch {
  /** `gradient`, `iterative` or `hybrid`. */
  readonly name: string;
  /** For people. */
  readonly label: string;
  /** Every setting, as the report prints it. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /**
   * @param starts I(x); the model answers their samples rightly
   * @param context about the same samples, in the same order
   */
  run(starts: Batch, context: NaturalContext): Promise<LatentHits>;
}

/** Natural adversaries of a batch; rows in the order of the inputs. */
export interface NaturalAdversaries {
  /** G(z*), or the clean input where there is none. */
  readonly adversaries: Batch;
  readonly outcomes: readonly NaturalOutcome[];
  /** Logits of a fresh forward pass on `adversaries`. */
  readonly logits: Batch;
  /** I(x). */
  readonly starts: Batch;
  /** z*, or I(x) where there is none. */
  readonly latents: Batch;
  /** ‖z* − I(x)‖₂; not a number without success. */
  readonly latentDistances: Float64Array;
  /** ‖G(z*) − x‖₂ in input units, which contains the error of reconstruction. */
  readonly inputDistances: Float64Array;
  /** ‖G(z*) − G(I(x))‖₂ in input units. */
  readonly reconstructionDistances: Float64Array;
  readonly queries: Int32Array;
}

/**
 * Natural adversaries (Zhao, Dua and Singh 2017): x* = G(z*) with z* the point near I(x) where the
 * model's answer changes. Samples that the model or the manifold gets wrong already are told apart and
 * not searched.
 */
export async function findNaturalAdversaries(
  search: LatentSearch,
  context: NaturalContext,
): Promise<NaturalAdversaries> {
  const { classifier, manifold, inputs, labels } = context;
  const starts = await manifold.encode(inputs);
  const reconstructions = await manifold.decode(starts);
  const cleanLogits = await classifier.logits(inputs);
  const reconstructedLogits = await classifier.logits(reconstructions);
  const rows = [...labels.keys()];
  const outcomes = rows.map((row): NaturalOutcome => {
    const label = labels[row] as number;
    if (answersOther(cleanLogits.row(row), label)) return 'already-wrong';
    if (answersOther(reconstructedLogits.row(row), label)) return 'reconstruction-misclassified';
    return 'failed';
  });
  const searched = rows.filter(row => outcomes[row] === 'failed');

  const latents = starts.clone();
  const queries = new Int32Array(inputs.count).fill(2);
  if (searched.length > 0) {
    const hits = await search.run(starts.gather(searched), gatherContext(context, searched));
    searched.forEach((row, i) => {
      latents.row(row).set(hits.latents.row(i));
      queries[row] = 2 + (hits.queries[i] as number);
    });
  }

  const adversaries = inputs.clone();
  const found = await manifold.decode(latents);
  for (const row of searched) adversaries.row(row).set(found.row(row));
  const logits = await classifier.logits(adversaries);
  for (const row of searched) {
    if (answersOther(logits.row(row), labels[row] as number)) {
      outcomes[row] = 'succeeded';
    } else {
      adversaries.row(row).set(inputs.row(row));
      logits.row(row).set(cleanLogits.row(row));
      latents.row(row).set(starts.row(row));
    }
  }
  const distances = (from: Batch, to: Batch): Float64Array =>
    Float64Array.from(rows, row =>
      outcomes[row] === 'succeeded' ? distance(from.row(row), to.row(row)) : NaN,
    );
  return {
    adversaries,
    outcomes,
    logits,
    starts,
    latents,
    latentDistances: distances(latents, starts),
    inputDistances: distances(adversaries, inputs),
    reconstructionDistances: distances(adversaries, reconstructions),
    queries,
  };
}

function gatherContext(context: NaturalContext, rows: readonly number[]): NaturalContext {
  return {
    ...context,
    inputs: context.inputs.gather(rows),
    labels: Int32Array.from(rows, row => context.labels[row] as number),
    sampleIndices: rows.map(row => context.sampleIndices[row] as number),
  };
}
