import * as v from 'valibot';
import { ModelError } from './model-error.ts';
import type { ModelFormat, WeightEntry } from './saved-model.ts';

/** Weights with the files that hold them, one after another. */
export interface WeightGroup {
  readonly paths: readonly string[];
  readonly weights: readonly WeightEntry[];
}

/** A `model.json` as far as it concerns reading; the topology stays as it is. */
export interface ModelJson {
  readonly format: ModelFormat;
  readonly topology: object;
  readonly signature: object | undefined;
  readonly groups: readonly WeightGroup[];
}

const WeightEntrySchema = v.object({
  name: v.string(),
  shape: v.array(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  dtype: v.picklist(['float32', 'int32', 'bool', 'complex64', 'string']),
  quantization: v.exactOptional(
    v.variant('dtype', [
      v.object({
        dtype: v.picklist(['uint8', 'uint16']),
        scale: v.pipe(v.number(), v.finite()),
        min: v.pipe(v.number(), v.finite()),
      }),
      v.object({ dtype: v.literal('float16') }),
    ]),
  ),
  group: v.exactOptional(v.picklist(['model', 'optimizer'])),
});

const ManifestSchema = v.array(
  v.object({ paths: v.array(v.string()), weights: v.array(WeightEntrySchema) }),
);

const ModelJsonSchema = v.object({
  modelTopology: v.looseObject({}),
  weightsManifest: ManifestSchema,
  signature: v.nullish(v.looseObject({})),
  userDefinedMetadata: v.nullish(v.looseObject({ signature: v.nullish(v.looseObject({})) })),
});

/**
 * Parses the text of a `model.json`. The format is decided by the topology, since many files have no
 * `format` or a wrong one.
 *
 * @param file path for messages
 * @throws ModelError `model/not-tfjs`, `model/invalid`
 */
export function parseModelJson(text: string, file: string): ModelJson {
  const value = parseJson(text, file);
  const other = nameOtherJson(value);
  if (other !== undefined) throw notTfjs(other, file);

  const parsed = v.safeParse(ModelJsonSchema, value, { abortEarly: true });
  if (!parsed.success) throw invalid(parsed.issues[0], file);

  const { modelTopology, weightsManifest, signature, userDefinedMetadata } = parsed.output;
  refuseDuplicateNames(weightsManifest, file);
  return {
    format: formatOf(modelTopology, file),
    topology: modelTopology,
    signature: signature ?? userDefinedMetadata?.signature ?? undefined,
    groups: weightsManifest,
  };
}

/** The error for a file that is something else than a TensorFlow.js model. */
export function notTfjs(what: string, file: string): ModelError {
  return new ModelError('model/not-tfjs', `This is not a TensorFlow.js model but ${what}.`, {
    place: { file },
    remedy: 'Convert it with tensorflowjs_converter and choose the model.json that it writes.',
  });
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, '')) as unknown;
  } catch (error) {
    throw new ModelError('model/not-tfjs', 'This is not a TensorFlow.js model: it is no JSON.', {
      place: { file },
      remedy: 'Choose the model.json of a saved model.',
      cause: error,
    });
  }
}

/** Names JSON that people take for a model, or nothing when it may be one. */
function nameOtherJson(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    return v.is(ManifestSchema, value) || v.is(LooseManifestSchema, value)
      ? 'a manifest of weights without a topology, as face-api has them'
      : 'a JSON array';
  }
  if (typeof value !== 'object' || value === null) return 'a single JSON value';
  if ('modelTopology' in value && 'weightsManifest' in value) {
    return value.modelTopology === null ? 'weights without a topology' : undefined;
  }
  if ('modelTopology' in value) return 'a topology without weights';
  if ('weightsManifest' in value) return 'a manifest of weights without a topology';
  if ('class_name' in value && 'config' in value) return 'a Keras configuration without weights';
  if ('tfjsVersion' in value) return 'the metadata of a Teachable Machine model';
  return 'another JSON file';
}

const LooseManifestSchema = v.pipe(
  v.array(v.looseObject({ paths: v.array(v.string()), weights: v.array(v.looseObject({})) })),
  v.minLength(1),
);

function formatOf(topology: object, file: string): ModelFormat {
  if ('node' in topology && Array.isArray(topology.node)) return 'graph-model';
  if ('model_config' in topology || 'class_name' in topology) return 'layers-model';
  throw new ModelError(
    'model/invalid',
    'The topology is neither a Keras configuration (class_name) nor a graph (node).',
    { place: { file, field: 'modelTopology' }, remedy: 'Convert the model again.' },
  );
}

function refuseDuplicateNames(groups: readonly WeightGroup[], file: string): void {
  const seen = new Set<string>();
  for (const { name } of groups.flatMap(group => group.weights)) {
    if (seen.has(name)) {
      throw new ModelError('model/invalid', `The manifest names the weight ${name} twice.`, {
        place: { file, field: 'weightsManifest' },
        remedy: 'Convert the model again.',
      });
    }
    seen.add(name);
  }
}

function invalid(issue: v.BaseIssue<unknown>, file: string): ModelError {
  const field = v.getDotPath(issue) ?? 'modelTopology';
  const found = issue.received === 'undefined' ? 'nothing' : issue.received;
  return new ModelError(
    'model/invalid',
    issue.expected === null
      ? `The value of ${field} is out of range: ${issue.message}.`
      : `The value of ${field} must be ${issue.expected}, but is ${found}.`,
    { place: { file, field }, remedy: 'Convert the model again.' },
  );
}
