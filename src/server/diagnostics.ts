import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { DiagnosticSeverity, type Diagnostic } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { parseConfig } from '../config/parse-config.ts';
import { isInside } from '../config/resolve-config.ts';
import type { Check } from '../report/audit-report.ts';
import type { AuditedModels } from './audited-models.ts';
import { findConfigPlaces, type ConfigPlaces } from './config-places.ts';
import { kindOf } from './document-kind.ts';
import { checkOfRequirement } from './matching-results.ts';
import { findShardNames } from './shard-names.ts';
import type { WorkspaceIndex } from './workspace-index.ts';

/** What diagnostics are made of. */
export interface DiagnosticSources {
  readonly index: WorkspaceIndex;
  readonly models: AuditedModels;
}

/** What is wrong with a configuration or a model file, with its exact place. */
export async function diagnose(
  document: TextDocument,
  { index, models }: DiagnosticSources,
): Promise<Diagnostic[]> {
  const kind = kindOf(document);
  switch (kind.kind) {
    case 'config':
      return await diagnoseConfig(document, kind.path, models);
    case 'model':
      return await diagnoseModel(document, kind.path, index);
    case 'source':
    case 'other':
      return [];
  }
}

async function diagnoseConfig(
  document: TextDocument,
  path: string,
  models: AuditedModels,
): Promise<Diagnostic[]> {
  const { config, tree, problems } = parseConfig(document.getText());
  if (config === undefined || tree === undefined) {
    return problems.map(({ code, message, offset, length }) =>
      diagnostic(document, offset, length, DiagnosticSeverity.Error, code, message),
    );
  }
  const places = findConfigPlaces(config, tree, path);
  return [
    ...(await missingFiles(document, places)),
    ...(await missedRequirements(document, places, models)),
  ];
}

async function missingFiles(document: TextDocument, places: ConfigPlaces): Promise<Diagnostic[]> {
  const found = await Promise.all(
    [...places.models, ...places.data].map(async ({ value, offset, length }) =>
      (await exists(value.path))
        ? []
        : [
            diagnostic(
              document,
              offset,
              length,
              DiagnosticSeverity.Error,
              'config/missing-file',
              `There is no "${value.written}" in the folder of this configuration.`,
            ),
          ],
    ),
  );
  return found.flat();
}

const severities: Readonly<Record<Check['verdict'], DiagnosticSeverity | undefined>> = {
  pass: undefined,
  warn: DiagnosticSeverity.Warning,
  fail: DiagnosticSeverity.Error,
  unknown: DiagnosticSeverity.Information,
};

/** Of complete reports that are not stale: what they say is so as long as nothing has changed. */
async function missedRequirements(
  document: TextDocument,
  { models: listed, thresholds }: ConfigPlaces,
  models: AuditedModels,
): Promise<Diagnostic[]> {
  const audited = await Promise.all(listed.map(({ value }) => models.find(value.path)));
  return audited.flatMap(({ report, staleness }) => {
    if (report?.state !== 'complete' || staleness !== undefined) return [];
    return thresholds.flatMap(({ value, offset, length }) => {
      const check = checkOfRequirement(report, value);
      const severity = check === undefined ? undefined : severities[check.verdict];
      if (check === undefined || severity === undefined) return [];
      const message = `${report.model.name}: ${check.label}: ${check.explanation}`;
      const code = `requirement/${check.verdict}`;
      return [diagnostic(document, offset, length, severity, code, message)];
    });
  });
}

async function diagnoseModel(
  document: TextDocument,
  path: string,
  index: WorkspaceIndex,
): Promise<Diagnostic[]> {
  const model = await index.modelFile(path);
  if (model === undefined) return [];
  const folder = dirname(path);
  const found = await Promise.all(
    findShardNames(document.getText(), model).map(async ({ name, offset, length }) => {
      const target = resolve(folder, name);
      const error = (code: string, message: string): Diagnostic[] => [
        diagnostic(document, offset, length, DiagnosticSeverity.Error, code, message),
      ];
      if (!isInside(target, folder)) {
        return error('model/shard-outside', `"${name}" leaves the folder of the model.`);
      }
      return (await exists(target))
        ? []
        : error('model/shard-missing', `The weight shard "${name}" is missing.`);
    }),
  );
  return found.flat();
}

function diagnostic(
  document: TextDocument,
  offset: number,
  length: number,
  severity: DiagnosticSeverity,
  code: string,
  message: string,
): Diagnostic {
  const range = { start: document.positionAt(offset), end: document.positionAt(offset + length) };
  return { range, severity, code, source: 'assay', message };
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
