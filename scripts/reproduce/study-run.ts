import type { AttackSettings } from '../../src/attacks/attack-settings.ts';
import type { ManifoldRecord } from '../../src/manifold/trained-manifold.ts';
import type { StudyPool } from './study-pool.ts';
import { isTrial, type ManifoldName, manifoldNames } from './study-subject.ts';
import type {
  Behind,
  ClassifiedInputs,
  CorrectedPredictions,
  StudyScores,
  StudyTask,
} from './study-tasks.ts';

/** How many samples are used for what; the study had 1000. */
export interface StudySizes {
  /** Clean, FGSM, C&W at κ = 0, natural adversaries by gradient; and the separate clean set. */
  readonly samples: number;
  /** C&W at the other κ, the adaptive adversary, and what is compared only. */
  readonly fewer: number;
  /** Natural adversaries by the black-box search. */
  readonly blackBox: number;
  /** Samples on which choices are made; none of them is among the others. */
  readonly validation: number;
  readonly passes: number;
}

export const studySizes: StudySizes = isTrial
  ? { samples: 20, fewer: 10, blackBox: 4, validation: 10, passes: 10 }
  : { samples: 1000, fewer: 300, blackBox: 200, validation: 300, passes: 100 };

/** Samples of a task: large enough to fill a batch, small enough to share out. */
const chunk = 100;

/** A set of inputs of the study with all that is known of it. */
export interface StudySet {
  readonly id: string;
  readonly label: string;
  readonly indices: readonly number[];
  readonly classified: ClassifiedInputs;
}

export interface CorrectedSet {
  readonly set: StudySet;
  readonly manifold: ManifoldName;
  readonly corrected: CorrectedPredictions;
}

/** An attack through the whole of model and correction. */
export interface AdaptiveSet {
  /** Id of the same attack on the model alone. */
  readonly attack: string;
  readonly manifold: ManifoldName;
  readonly exact: CorrectedSet;
  /** With the squeeze replaced in the backward pass; undefined where there is no squeeze. */
  readonly straightThrough: CorrectedSet | undefined;
}

export interface StudyResults {
  readonly sizes: StudySizes;
  readonly manifolds: Readonly<Record<ManifoldName, ManifoldRecord>>;
  /** Accuracy on the validation sets by manifold and steps of refinement. */
  readonly validation: readonly ValidationRow[];
  readonly chosen: { readonly manifold: ManifoldName; readonly refinement: number };
  readonly sets: readonly StudySet[];
  /** Natural adversaries of the study's own manifold, which only it corrects. */
  readonly corrected: readonly CorrectedSet[];
  /** The same attacks by an adversary who knows of the correction. */
  readonly adaptive: readonly AdaptiveSet[];
  readonly scores: ReadonlyMap<string, StudyScores>;
  readonly baselineScores: StudyScores;
}

export interface ValidationRow {
  readonly manifold: ManifoldName;
  readonly refinement: number;
  /** Share right after correction: clean, FGSM, C&W. */
  readonly accuracies: readonly number[];
}

export const refinements = [0, 5, 10] as const;

const fgsm: AttackSettings = { attack: 'fgsm', norm: 'Linf', epsilon: 0.3 };
const pgd: AttackSettings = { attack: 'pgd', norm: 'Linf', epsilon: 0.3 };
/** Beyond what the squeeze takes away from black and white pixels. */
const largePgd: AttackSettings = { attack: 'pgd', norm: 'Linf', epsilon: 0.4 };

function carliniWagner(confidence: number): AttackSettings {
  return { attack: 'carlini-wagner', preset: 'quick', confidence };
}

/** Runs the whole study. @param say is told what has been finished */
export async function runStudy(
  pool: StudyPool,
  sizes: StudySizes,
  say: (line: string) => void,
): Promise<StudyResults> {
  const runner = new StudyRunner(pool, say);
  const validation = range(10_000 - sizes.validation, sizes.validation);
  // Attacks on the model need no manifold: they fill the second thread while one trains.
  const attacks = Promise.all([
    runner.attack('validation FGSM', fgsm, validation),
    runner.attack('validation C&W', carliniWagner(0), validation),
    runner.clean('Clean', range(0, sizes.samples)),
    runner.clean('Clean, separate set', range(sizes.samples, sizes.samples)),
    runner.attack('FGSM ε 0.3', fgsm, range(0, sizes.samples)),
    runner.attack('C&W κ 0', carliniWagner(0), range(0, sizes.samples)),
    runner.attack('C&W κ 5', carliniWagner(5), range(0, sizes.fewer)),
    runner.attack('C&W κ 10', carliniWagner(10), range(0, sizes.fewer)),
    runner.attack('C&W κ 15', carliniWagner(15), range(0, sizes.fewer)),
    runner.attack('PGD-40 ε 0.3', pgd, range(0, sizes.fewer)),
    runner.attack('PGD-40 ε 0.4', largePgd, range(0, sizes.fewer)),
  ]);
  const trainings = await Promise.all(
    manifoldNames.map(async name => {
      const record = await pool.ask<'train'>({ task: 'train', manifold: name });
      say(
        `trained: ${name}, ${record.steps} steps, held-out error ${record.heldOutError.toFixed(2)}`,
      );
      return [name, record] as const;
    }),
  );
  const [validationFgsm, validationCw, clean, baseline, ...attacked] = await attacks;
  const validationClean = await runner.clean('validation clean', validation);
  const rows = await runner.validate([validationClean, validationFgsm, validationCw]);
  const chosen = choose(rows);
  say(`chosen on the validation split: ${chosen.manifold}, ${chosen.refinement} steps`);

  const all = range(0, sizes.samples);
  const few = range(0, sizes.fewer);
  const [natural, blackBox, studyNatural] = await Promise.all([
    runner.natural('NA, gradient search', 'gradient', chosen.manifold, all),
    runner.natural('NA, black box', 'hybrid', chosen.manifold, range(0, sizes.blackBox)),
    runner.natural('NA of the study’s manifold', 'gradient', 'study', few),
  ]);
  const sets = [clean, ...attacked, natural, blackBox];
  const [baselineScores, ...scores] = await Promise.all(
    [baseline, ...sets].map(set => runner.score(set, sizes.passes)),
  );
  const corrected = await Promise.all([
    ...sets.map(set => runner.correct(set, chosen.manifold, true)),
    ...[...sets.filter(({ id }) => !id.startsWith('NA')), studyNatural].map(set =>
      runner.correct(set, 'study', false),
    ),
  ]);
  const adaptive = await Promise.all(
    [
      { id: 'FGSM ε 0.3', settings: fgsm },
      { id: 'PGD-40 ε 0.3', settings: pgd },
      { id: 'PGD-40 ε 0.4', settings: largePgd },
    ].flatMap(({ id, settings }) =>
      [...new Set([chosen.manifold, 'study' as const])].map(async manifold => {
        const through = async (backward: Behind['backward']): Promise<CorrectedSet> => {
          const behind = { manifold, backward };
          const set = await runner.attack(`${id}, adaptive, ${backward}`, settings, few, behind);
          return await runner.correct(set, manifold, false);
        };
        const squeezes = manifold === 'noise-and-squeeze';
        return {
          attack: id,
          manifold,
          exact: await through('exact'),
          straightThrough: squeezes ? await through('straight-through') : undefined,
        };
      }),
    ),
  );
  return {
    sizes,
    manifolds: Object.fromEntries(trainings) as Record<ManifoldName, ManifoldRecord>,
    validation: rows,
    chosen,
    sets,
    corrected,
    adaptive,
    scores: new Map(sets.map((set, i) => [set.id, scores[i] as StudyScores])),
    baselineScores: baselineScores as StudyScores,
  };
}

/** The best mean accuracy over the three validation sets; of equal ones the fewest steps. */
function choose(rows: readonly ValidationRow[]): StudyResults['chosen'] {
  const mean = ({ accuracies }: ValidationRow): number =>
    accuracies.reduce((sum, value) => sum + value, 0) / accuracies.length;
  const best = rows.reduce((first, next) => (mean(next) > mean(first) ? next : first));
  return { manifold: best.manifold, refinement: best.refinement };
}

/** Cuts sets into tasks and puts the answers together again. */
class StudyRunner {
  readonly #pool: StudyPool;
  readonly #say: (line: string) => void;

  constructor(pool: StudyPool, say: (line: string) => void) {
    this.#pool = pool;
    this.#say = say;
  }

  async clean(label: string, indices: readonly number[]): Promise<StudySet> {
    return await this.#set(label, indices, part => ({ task: 'clean', indices: part }));
  }

  async attack(
    label: string,
    settings: AttackSettings,
    indices: readonly number[],
    behind?: Behind,
  ): Promise<StudySet> {
    return await this.#set(label, indices, part => ({
      task: 'attack',
      settings,
      indices: part,
      behind,
    }));
  }

  async natural(
    label: string,
    search: 'gradient' | 'hybrid',
    manifold: ManifoldName,
    indices: readonly number[],
  ): Promise<StudySet> {
    return await this.#set(label, indices, part => ({
      task: 'natural',
      search,
      manifold,
      indices: part,
    }));
  }

  async score({ label, indices, classified }: StudySet, passes: number): Promise<StudyScores> {
    const parts = await Promise.all(
      chunksOf(indices.length).map(([start, end]) =>
        this.#pool.ask<'score'>({
          task: 'score',
          inputs: rowsOf(classified.inputs, indices.length, start, end),
          indices: indices.slice(start, end),
          passes,
        }),
      ),
    );
    this.#say(`scored: ${label}`);
    return {
      mutualInformation: Float64Array.from(parts.flatMap(part => [...part.mutualInformation])),
      softmaxVariance: Float64Array.from(parts.flatMap(part => [...part.softmaxVariance])),
      prediction: Int32Array.from(parts.flatMap(part => [...part.prediction])),
    };
  }

  async correct(set: StudySet, manifold: ManifoldName, modelFree: boolean): Promise<CorrectedSet> {
    const { indices, classified } = set;
    const parts = await Promise.all(
      chunksOf(indices.length).map(([start, end]) =>
        this.#pool.ask<'correct'>({
          task: 'correct',
          manifold,
          refinements,
          modelFree,
          inputs: rowsOf(classified.inputs, indices.length, start, end),
        }),
      ),
    );
    const names = Object.keys(parts[0]?.predictions ?? {});
    const predictions = Object.fromEntries(
      names.map(name => [
        name,
        Int32Array.from(parts.flatMap(part => [...(part.predictions[name] ?? [])])),
      ]),
    );
    this.#say(`corrected: ${set.label} by ${manifold}`);
    return { set, manifold, corrected: { predictions } };
  }

  /** Accuracy after correction of every manifold and refinement on the validation sets. */
  async validate(sets: readonly StudySet[]): Promise<ValidationRow[]> {
    const rows = await Promise.all(
      manifoldNames.map(async manifold => {
        const corrected = await Promise.all(sets.map(set => this.correct(set, manifold, false)));
        return refinements.map(refinement => ({
          manifold,
          refinement,
          accuracies: corrected.map(one => correctedAccuracy(one, `${refinement} steps`)),
        }));
      }),
    );
    return rows.flat();
  }

  async #set(
    label: string,
    indices: readonly number[],
    taskOf: (
      part: readonly number[],
    ) => Extract<StudyTask, { task: 'clean' | 'attack' | 'natural' }>,
  ): Promise<StudySet> {
    const parts = await Promise.all(
      chunksOf(indices.length).map(([start, end]) =>
        this.#pool.ask<'clean' | 'attack' | 'natural'>(taskOf(indices.slice(start, end))),
      ),
    );
    this.#say(`ready: ${label}`);
    const joinNumbers = (pick: (part: ClassifiedInputs) => Iterable<number>): number[] =>
      parts.flatMap(part => [...pick(part)]);
    return {
      id: label,
      label,
      indices,
      classified: {
        inputs: Float32Array.from(joinNumbers(part => part.inputs)),
        predictions: Int32Array.from(joinNumbers(part => part.predictions)),
        labels: Int32Array.from(joinNumbers(part => part.labels)),
        outcomes: parts.flatMap(part => part.outcomes),
        latentDistances: Float64Array.from(joinNumbers(part => part.latentDistances)),
        distances: Float64Array.from(joinNumbers(part => part.distances)),
        queries: Int32Array.from(joinNumbers(part => part.queries)),
      },
    };
  }
}

/** Share of a set that is right after a correction. */
export function correctedAccuracy({ set, corrected }: CorrectedSet, name: string): number {
  const predictions = corrected.predictions[name] ?? new Int32Array(0);
  const { labels } = set.classified;
  return predictions.filter((prediction, row) => prediction === labels[row]).length / labels.length;
}

function range(start: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => start + i);
}

function chunksOf(count: number): [start: number, end: number][] {
  return range(0, Math.ceil(count / chunk)).map(part => [
    part * chunk,
    Math.min(count, (part + 1) * chunk),
  ]);
}

function rowsOf(values: Float32Array, count: number, start: number, end: number): Float32Array {
  const size = values.length / count;
  return values.slice(start * size, end * size);
}
