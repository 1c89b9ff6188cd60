import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { makeFolder } from './atomic-file.ts';
import type {
  AnsweredInputs,
  CorrectedAnswers,
  DetectorRecord,
  OutputOf,
  PieceOutcome,
  PieceOutput,
  PosteriorAnswers,
} from './piece.ts';
import type { NumpyValues } from '../numpy/dtype.ts';
import { openNpz } from '../numpy/open-numpy.ts';
import { writeNpz, type WritableArray } from '../numpy/write-numpy.ts';

/** Codes under which outcomes are kept; the order must not change. */
const outcomeCodes: readonly PieceOutcome[] = [
  'succeeded',
  'failed',
  'already-wrong',
  'gradient-unavailable',
  'not-run',
  'reconstruction-misclassified',
];

/** Most bytes of finished pieces that are kept; the least recently written go first. */
const limitBytes = 2 * 1024 ** 3;

/**
 * Finished pieces on disk, by key: what was computed once is never computed again, whether the
 * audit was cancelled, killed, or run with one attack more.
 */
export class PieceStore {
  readonly #folder: string;

  /** @param folder absolute; made when the first piece is kept */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The output of a piece, or undefined when it is not there or not whole. */
  async load(key: string): Promise<PieceOutput | undefined> {
    // A piece that is missing or damaged is simply computed again.
    return await readAll(this.#path(key))
      .then(decode)
      .catch(() => undefined);
  }

  /** @throws AuditError `audit/cannot-write`; NumpyError `numpy/no-space`, `numpy/not-written` */
  async save(key: string, output: PieceOutput): Promise<void> {
    await makeFolder(this.#folder);
    await writeNpz(this.#path(key), encode(output));
  }

  /** Removes the oldest pieces beyond the limit. */
  async prune(limit = limitBytes): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    const files = await Promise.all(
      names.map(async name => {
        const path = join(this.#folder, name);
        const { size, mtimeMs } = await stat(path);
        return { path, size, mtimeMs };
      }),
    );
    let kept = 0;
    for (const { path, size } of files.toSorted((a, b) => b.mtimeMs - a.mtimeMs)) {
      kept += size;
      if (kept > limit) await rm(path, { force: true });
    }
  }

  #path(key: string): string {
    return join(this.#folder, `${key}.npz`);
  }
}

/** What tells an array of scores from others in a kept piece. */
const scorePrefix = 'score ';

/** Begins the names of the arrays of corrections; what follows says which. */
const correctionPrefix = 'correction ';
/** Begin the names of what is kept beside the predictions of a correction; its method follows. */
const confidencePrefix = 'confidence ';
const correctedPrefix = 'corrected ';

type Arrays = ReadonlyMap<string, NumpyValues>;

async function readAll(path: string): Promise<Arrays> {
  const archive = await openNpz(path);
  const arrays = await Promise.all(
    archive.names.map(async name => {
      const array = await archive.array(name);
      return [name, await array.readRows(0, array.rowCount)] as const;
    }),
  );
  return new Map(arrays);
}

function row(values: NumpyValues): WritableArray {
  return { values, shape: [values.length] };
}

function encode(output: PieceOutput): Record<string, WritableArray> {
  switch (output.kind) {
    case 'predict':
      return {
        inputs: row(output.inputs),
        labels: row(output.labels),
        logits: row(output.logits),
      };
    case 'attack':
      return {
        adversaries: row(output.adversaries),
        logits: row(output.logits),
        outcomes: row(codesOf(output.outcomes)),
        steps: row(output.steps),
        lostSuccess: row(output.lostSuccess),
        survivesRounding: row(output.survivesRounding),
        ...(output.latentDistances === undefined
          ? {}
          : { latentDistances: row(output.latentDistances) }),
      };
    case 'certify':
      return {
        predictions: row(output.predictions),
        radii: row(output.radii),
        certifiedLabels: row(output.labels),
      };
    case 'probe':
      return {
        unbounded: row(codesOf(output.unbounded)),
        landscapeChange: row(output.landscapeChange),
        passDifference: row(Float64Array.of(output.passDifference)),
      };
    case 'correct':
      return Object.fromEntries(
        output.corrections.flatMap(
          ({
            method,
            label,
            kind,
            predictions,
            confidences,
            inputs,
          }): [string, WritableArray][] => [
            [`${correctionPrefix}${JSON.stringify([kind, method, label])}`, row(predictions)],
            [`${confidencePrefix}${method}`, row(confidences)],
            ...(inputs === undefined
              ? []
              : [[`${correctedPrefix}${method}`, row(inputs)] satisfies [string, WritableArray]]),
          ],
        ),
      );
    case 'illustrate':
      return {
        ...answered('random', output.random),
        ...answered('ways', output.ways),
        ends: row(output.ends),
      };
    case 'score':
      return {
        ...Object.fromEntries(
          Object.entries(output.scores).map(([name, values]) => [
            `${scorePrefix}${name}`,
            row(values),
          ]),
        ),
        detectors: row(new TextEncoder().encode(JSON.stringify(output.detectors))),
        ...(output.posterior === undefined
          ? {}
          : {
              prediction: row(output.posterior.prediction),
              mutualInformationError: row(output.posterior.mutualInformationError),
              ...(output.posterior.monteCarloLogits === undefined
                ? {}
                : { monteCarloLogits: row(output.posterior.monteCarloLogits) }),
              ...(output.posterior.probitLogits === undefined
                ? {}
                : { probitLogits: row(output.posterior.probitLogits) }),
            }),
      };
  }
}

function answered(
  name: string,
  { inputs, predictions, confidences }: AnsweredInputs,
): Record<string, WritableArray> {
  return {
    [`${name} inputs`]: row(inputs),
    [`${name} predictions`]: row(predictions),
    [`${name} confidences`]: row(confidences),
  };
}

/** Undefined when an array is missing or of another type: such a piece is run again. */
function decode(arrays: Arrays): PieceOutput | undefined {
  return (
    decodePredict(arrays) ??
    decodeAttack(arrays) ??
    decodeCertify(arrays) ??
    decodeProbe(arrays) ??
    decodeCorrect(arrays) ??
    decodeIllustrate(arrays) ??
    decodeScore(arrays)
  );
}

function decodeCertify(arrays: Arrays): OutputOf<'certify'> | undefined {
  const predictions = arrays.get('predictions');
  const radii = arrays.get('radii');
  const labels = arrays.get('certifiedLabels');
  return predictions instanceof Int32Array &&
    radii instanceof Float64Array &&
    labels instanceof Int32Array
    ? { kind: 'certify', predictions, radii, labels }
    : undefined;
}

function decodeProbe(arrays: Arrays): OutputOf<'probe'> | undefined {
  const codes = arrays.get('unbounded');
  const landscapeChange = arrays.get('landscapeChange');
  const passDifference = arrays.get('passDifference')?.[0];
  const unbounded =
    codes instanceof Int32Array
      ? outcomesOf(codes)?.filter(outcome => outcome !== 'reconstruction-misclassified')
      : undefined;
  return unbounded !== undefined &&
    landscapeChange instanceof Float64Array &&
    typeof passDifference === 'number'
    ? { kind: 'probe', unbounded, landscapeChange, passDifference }
    : undefined;
}

function codesOf(outcomes: readonly PieceOutcome[]): Int32Array {
  return Int32Array.from(outcomes, outcome => outcomeCodes.indexOf(outcome));
}

/** Undefined when a code is not known. */
function outcomesOf(codes: Int32Array): PieceOutcome[] | undefined {
  const outcomes = Array.from(codes, code => outcomeCodes[code]).filter(
    outcome => outcome !== undefined,
  );
  return outcomes.length === codes.length ? outcomes : undefined;
}

function decodePredict(arrays: Arrays): OutputOf<'predict'> | undefined {
  const inputs = arrays.get('inputs');
  const labels = arrays.get('labels');
  const logits = arrays.get('logits');
  return inputs instanceof Float32Array &&
    labels instanceof Int32Array &&
    logits instanceof Float32Array
    ? { kind: 'predict', inputs, labels, logits }
    : undefined;
}

function decodeAttack(arrays: Arrays): OutputOf<'attack'> | undefined {
  const adversaries = arrays.get('adversaries');
  const logits = arrays.get('logits');
  const codes = arrays.get('outcomes');
  const steps = arrays.get('steps');
  const lostSuccess = arrays.get('lostSuccess');
  const survivesRounding = arrays.get('survivesRounding');
  const latentDistances = arrays.get('latentDistances');
  if (
    !(adversaries instanceof Float32Array) ||
    !(logits instanceof Float32Array) ||
    !(codes instanceof Int32Array) ||
    !(steps instanceof Int32Array) ||
    !(lostSuccess instanceof Int32Array) ||
    !(survivesRounding instanceof Int32Array)
  ) {
    return undefined;
  }
  const outcomes = outcomesOf(codes);
  return outcomes !== undefined
    ? {
        kind: 'attack',
        adversaries,
        logits,
        outcomes,
        steps,
        lostSuccess,
        survivesRounding,
        ...(latentDistances instanceof Float64Array ? { latentDistances } : {}),
      }
    : undefined;
}

function decodeCorrect(arrays: Arrays): OutputOf<'correct'> | undefined {
  const corrections = [...arrays].flatMap(([name, predictions]) => {
    if (!name.startsWith(correctionPrefix) || !(predictions instanceof Int32Array)) return [];
    const [kind, method, label] = JSON.parse(name.slice(correctionPrefix.length)) as [
      CorrectedAnswers['kind'],
      string,
      string,
    ];
    const confidences = arrays.get(`${confidencePrefix}${method}`);
    const inputs = arrays.get(`${correctedPrefix}${method}`);
    if (!(confidences instanceof Float64Array)) return [];
    const known = { kind, method, label, predictions, confidences };
    return [inputs instanceof Float32Array ? { ...known, inputs } : known];
  });
  return corrections.length === 0 ? undefined : { kind: 'correct', corrections };
}

function decodeIllustrate(arrays: Arrays): OutputOf<'illustrate'> | undefined {
  const random = decodeAnswered('random', arrays);
  const ways = decodeAnswered('ways', arrays);
  const ends = arrays.get('ends');
  return random !== undefined && ways !== undefined && ends instanceof Int32Array
    ? { kind: 'illustrate', random, ways, ends }
    : undefined;
}

function decodeAnswered(name: string, arrays: Arrays): AnsweredInputs | undefined {
  const inputs = arrays.get(`${name} inputs`);
  const predictions = arrays.get(`${name} predictions`);
  const confidences = arrays.get(`${name} confidences`);
  return inputs instanceof Float32Array &&
    predictions instanceof Int32Array &&
    confidences instanceof Float64Array
    ? { inputs, predictions, confidences }
    : undefined;
}

function decodeScore(arrays: Arrays): OutputOf<'score'> | undefined {
  const scores = [...arrays].flatMap(([name, values]) =>
    name.startsWith(scorePrefix) && values instanceof Float64Array
      ? [[name.slice(scorePrefix.length), values] as const]
      : [],
  );
  const detectors = decodeDetectors(arrays.get('detectors'));
  const posterior = decodePosterior(arrays);
  if (scores.length === 0 || detectors === undefined || posterior === 'incomplete') {
    return undefined;
  }
  return { kind: 'score', scores: Object.fromEntries(scores), posterior, detectors };
}

/** Undefined where there was no posterior. */
function decodePosterior(arrays: Arrays): PosteriorAnswers | undefined | 'incomplete' {
  const prediction = arrays.get('prediction');
  if (prediction === undefined) return undefined;
  const mutualInformationError = arrays.get('mutualInformationError');
  const monteCarloLogits = arrays.get('monteCarloLogits');
  const probitLogits = arrays.get('probitLogits');
  return prediction instanceof Int32Array && mutualInformationError instanceof Float64Array
    ? {
        prediction,
        mutualInformationError,
        ...(monteCarloLogits instanceof Float32Array ? { monteCarloLogits } : {}),
        ...(probitLogits instanceof Float32Array ? { probitLogits } : {}),
      }
    : 'incomplete';
}

const DetectorSchema = v.object({
  scores: v.array(v.object({ name: v.string(), settings: v.record(v.string(), v.number()) })),
  missing: v.array(v.object({ name: v.string(), reason: v.string() })),
});

/** The one part of a piece that is text: JSON as UTF-8. */
function decodeDetectors(bytes: NumpyValues | undefined): DetectorRecord | undefined {
  if (!(bytes instanceof Uint8Array)) return undefined;
  const checked = v.safeParse(DetectorSchema, JSON.parse(new TextDecoder().decode(bytes)));
  return checked.success ? checked.output : undefined;
}
