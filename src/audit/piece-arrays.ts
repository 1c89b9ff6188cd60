import * as v from 'valibot';
import type { NumpyValues } from '../numpy/dtype.ts';
import type { WritableArray } from '../numpy/write-numpy.ts';
import { row, rows, take, type Layout, type NamedArrays } from './array-layout.ts';
import type {
  CorrectedAnswers,
  DetectorRecord,
  OutputOf,
  PieceOutcome,
  PieceOutput,
  PosteriorAnswers,
} from './piece.ts';

/** Which arrays each output is kept as; kept pieces are read by these names. */
const layouts = {
  predict: { inputs: Float32Array, labels: Int32Array, logits: Float32Array },
  attack: {
    adversaries: Float32Array,
    logits: Float32Array,
    outcomes: Int32Array,
    steps: Int32Array,
    lostSuccess: Int32Array,
    survivesRounding: Int32Array,
  },
  certify: { predictions: Int32Array, radii: Float64Array, certifiedLabels: Int32Array },
  probe: { unbounded: Int32Array, landscapeChange: Float64Array, passDifference: Float64Array },
  illustrate: {
    'random inputs': Float32Array,
    'random predictions': Int32Array,
    'random confidences': Float64Array,
    'ways inputs': Float32Array,
    'ways predictions': Int32Array,
    'ways confidences': Float64Array,
    ends: Int32Array,
  },
  posterior: { prediction: Int32Array, mutualInformationError: Float64Array },
} as const satisfies Record<string, Layout>;

/** Arrays that only some outputs have. */
const optional = {
  latentDistances: { latentDistances: Float64Array },
  monteCarloLogits: { monteCarloLogits: Float32Array },
  probitLogits: { probitLogits: Float32Array },
} as const satisfies Record<string, Layout>;

/** Codes under which outcomes are kept; the order must not change. */
const outcomeCodes: readonly PieceOutcome[] = [
  'succeeded',
  'failed',
  'already-wrong',
  'gradient-unavailable',
  'not-run',
  'reconstruction-misclassified',
];

/** What tells an array of scores from others in a kept piece. */
const scorePrefix = 'score ';
/** Begins the names of the arrays of corrections; what follows says which. */
const correctionPrefix = 'correction ';
/** Begin the names of what is kept beside the predictions of a correction; its method follows. */
const confidencePrefix = 'confidence ';
const correctedPrefix = 'corrected ';

/** The output of a piece as named arrays. */
export function encodePiece(output: PieceOutput): Record<string, WritableArray> {
  switch (output.kind) {
    case 'predict':
      return rows(layouts.predict, output);
    case 'attack': {
      const { latentDistances } = output;
      return {
        ...rows(layouts.attack, { ...output, outcomes: codesOf(output.outcomes) }),
        ...(latentDistances && rows(optional.latentDistances, { latentDistances })),
      };
    }
    case 'certify':
      return rows(layouts.certify, { ...output, certifiedLabels: output.labels });
    case 'probe':
      return rows(layouts.probe, {
        ...output,
        unbounded: codesOf(output.unbounded),
        passDifference: Float64Array.of(output.passDifference),
      });
    case 'correct':
      return Object.fromEntries(output.corrections.flatMap(correctionRows));
    case 'illustrate': {
      const { random, ways, ends } = output;
      return rows(layouts.illustrate, {
        'random inputs': random.inputs,
        'random predictions': random.predictions,
        'random confidences': random.confidences,
        'ways inputs': ways.inputs,
        'ways predictions': ways.predictions,
        'ways confidences': ways.confidences,
        ends,
      });
    }
    case 'score': {
      const { scores, detectors, posterior } = output;
      return {
        ...Object.fromEntries(
          Object.entries(scores).map(([name, values]) => [`${scorePrefix}${name}`, row(values)]),
        ),
        detectors: row(new TextEncoder().encode(JSON.stringify(detectors))),
        ...(posterior && posteriorRows(posterior)),
      };
    }
  }
}

/** The output that arrays hold; undefined when one is missing or of another type. */
export function decodePiece(arrays: NamedArrays): PieceOutput | undefined {
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

function decodePredict(arrays: NamedArrays): OutputOf<'predict'> | undefined {
  const found = take(arrays, layouts.predict);
  return found && { kind: 'predict', ...found };
}

function decodeAttack(arrays: NamedArrays): OutputOf<'attack'> | undefined {
  const found = take(arrays, layouts.attack);
  const outcomes = found && outcomesOf(found.outcomes);
  if (found === undefined || outcomes === undefined) return undefined;
  return { kind: 'attack', ...found, outcomes, ...take(arrays, optional.latentDistances) };
}

function decodeCertify(arrays: NamedArrays): OutputOf<'certify'> | undefined {
  const found = take(arrays, layouts.certify);
  if (found === undefined) return undefined;
  const { certifiedLabels: labels, ...certificates } = found;
  return { kind: 'certify', ...certificates, labels };
}

function decodeProbe(arrays: NamedArrays): OutputOf<'probe'> | undefined {
  const found = take(arrays, layouts.probe);
  const unbounded = found && outcomesOf(found.unbounded);
  const [passDifference] = found?.passDifference ?? [];
  if (found === undefined || unbounded === undefined || passDifference === undefined) {
    return undefined;
  }
  return {
    kind: 'probe',
    unbounded: unbounded.filter(outcome => outcome !== 'reconstruction-misclassified'),
    landscapeChange: found.landscapeChange,
    passDifference,
  };
}

function correctionRows({
  method,
  label,
  kind,
  predictions,
  confidences,
  inputs,
}: CorrectedAnswers): [string, WritableArray][] {
  const name = JSON.stringify([kind, method, label]);
  return [
    [`${correctionPrefix}${name}`, row(predictions)],
    [`${confidencePrefix}${method}`, row(confidences)],
    ...(inputs === undefined
      ? []
      : [[`${correctedPrefix}${method}`, row(inputs)] satisfies [string, WritableArray]]),
  ];
}

function decodeCorrect(arrays: NamedArrays): OutputOf<'correct'> | undefined {
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

function decodeIllustrate(arrays: NamedArrays): OutputOf<'illustrate'> | undefined {
  const found = take(arrays, layouts.illustrate);
  return (
    found && {
      kind: 'illustrate',
      random: {
        inputs: found['random inputs'],
        predictions: found['random predictions'],
        confidences: found['random confidences'],
      },
      ways: {
        inputs: found['ways inputs'],
        predictions: found['ways predictions'],
        confidences: found['ways confidences'],
      },
      ends: found.ends,
    }
  );
}

function decodeScore(arrays: NamedArrays): OutputOf<'score'> | undefined {
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

function posteriorRows(posterior: PosteriorAnswers): Record<string, WritableArray> {
  const { monteCarloLogits, probitLogits } = posterior;
  return {
    ...rows(layouts.posterior, posterior),
    ...(monteCarloLogits && rows(optional.monteCarloLogits, { monteCarloLogits })),
    ...(probitLogits && rows(optional.probitLogits, { probitLogits })),
  };
}

/** Undefined where there was no posterior. */
function decodePosterior(arrays: NamedArrays): PosteriorAnswers | undefined | 'incomplete' {
  if (!arrays.has('prediction')) return undefined;
  const found = take(arrays, layouts.posterior);
  if (found === undefined) return 'incomplete';
  return {
    ...found,
    ...take(arrays, optional.monteCarloLogits),
    ...take(arrays, optional.probitLogits),
  };
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
