import { toJsonSchema } from '@valibot/to-json-schema';
import { join, resolve } from 'node:path';
import prettier from 'prettier';
import { AuditConfigSchema } from '../src/config/audit-config.ts';
import { AuditReportSchema } from '../src/report/audit-report.ts';

const folder = resolve(import.meta.dirname, '../schemas');

/**
 * The JSON schemas as they must stand in `schemas/`, made from the schemas that the code checks
 * with, so that editor and program never disagree.
 *
 * @returns text by absolute path
 */
export async function schemaTexts(): Promise<ReadonlyMap<string, string>> {
  const schemas = [
    {
      name: 'assay.config.schema.json',
      title: 'Assay configuration',
      schema: toJsonSchema(AuditConfigSchema, { typeMode: 'input', errorMode: 'ignore' }),
    },
    {
      name: 'audit-report.schema.json',
      title: 'Assay audit report',
      schema: toJsonSchema(AuditReportSchema, { typeMode: 'output', errorMode: 'ignore' }),
    },
  ];
  const texts = await Promise.all(
    schemas.map(async ({ name, title, schema }) => {
      const { $schema, ...rest } = schema;
      const text = JSON.stringify({ $schema, title, ...rest });
      return [join(folder, name), await prettier.format(text, { parser: 'json' })] as const;
    }),
  );
  return new Map(texts);
}
