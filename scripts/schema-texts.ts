import { toJsonSchema } from '@valibot/to-json-schema';
import { join, resolve } from 'node:path';
import prettier from 'prettier';
import { AuditConfigSchema } from '../src/config/audit-config.ts';
import { AuditReportSchema } from '../src/report/audit-report.ts';

const folder = resolve(import.meta.dirname, '../schemas');

/** What makes a schema refuse something. */
const refusing = new Set([
  'required',
  'additionalProperties',
  'type',
  'minLength',
  'minItems',
  'maxItems',
  'minimum',
  'maximum',
  'exclusiveMinimum',
]);

/**
 * The same schema for completion and hovers alone. The language server reports what is wrong, in
 * better words and with the schema's own checks; a second opinion would double each problem.
 */
function withoutRefusals(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutRefusals);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).flatMap(([key, value]: [string, unknown]) => {
    // Below `properties` the keys are names of fields, not words of the schema.
    if (key === 'properties') return [[key, mapValues(value as object)] as const];
    if (key === 'enum') return [['examples', value] as const];
    if (key === 'const') return [['examples', [value]] as const];
    if (key === 'oneOf') return [['anyOf', withoutRefusals(value)] as const];
    return refusing.has(key) ? [] : [[key, withoutRefusals(value)] as const];
  });
  return Object.fromEntries(entries);
}

function mapValues(properties: object): object {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [name, withoutRefusals(value)]),
  );
}

/**
 * The JSON schemas as they must stand in `schemas/`, made from the schemas that the code checks
 * with, so that editor and program never disagree.
 *
 * @returns text by absolute path
 */
export async function schemaTexts(): Promise<ReadonlyMap<string, string>> {
  const config = toJsonSchema(AuditConfigSchema, { typeMode: 'input', errorMode: 'ignore' });
  const schemas = [
    { name: 'assay.config.schema.json', title: 'Assay configuration', schema: config },
    {
      name: 'assay.config.completion.schema.json',
      title: 'Assay configuration, for completion in the editor',
      schema: withoutRefusals(config) as object,
    },
    {
      name: 'audit-report.schema.json',
      title: 'Assay audit report',
      schema: toJsonSchema(AuditReportSchema, { typeMode: 'output', errorMode: 'ignore' }),
    },
  ];
  const texts = await Promise.all(
    schemas.map(async ({ name, title, schema }) => {
      const text = JSON.stringify({ title, ...schema });
      return [join(folder, name), await prettier.format(text, { parser: 'json' })] as const;
    }),
  );
  return new Map(texts);
}
