import type { CodeLens, Command, Range } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { URI } from 'vscode-uri';
import { parseConfig } from '../config/parse-config.ts';
import { lensCommands } from '../protocol/server-protocol.ts';
import type { AuditedModel, AuditedModels } from './audited-models.ts';
import { findConfigPlaces, type Placed } from './config-places.ts';
import { kindOf, type DocumentKind } from './document-kind.ts';
import { attackTitle, modelTitle, requirementTitle } from './lens-titles.ts';
import { findLoadCalls } from './load-calls.ts';
import { resolveReference } from './resolve-reference.ts';
import type { WorkspaceIndex } from './workspace-index.ts';

/** What the lenses are made of. */
export interface LensSources {
  readonly index: WorkspaceIndex;
  readonly models: AuditedModels;
  readonly now: () => Date;
}

/** The lenses of a document, complete: nothing is left to be resolved later. */
export async function codeLenses(
  document: TextDocument,
  sources: LensSources,
): Promise<CodeLens[]> {
  const kind = kindOf(document);
  switch (kind.kind) {
    case 'model':
      return await modelLenses(kind.path, sources);
    case 'config':
      return await configLenses(document, kind.path, sources);
    case 'source':
      return await sourceLenses(document, kind, sources);
    case 'other':
      return [];
  }
}

async function modelLenses(path: string, { index, models, now }: LensSources): Promise<CodeLens[]> {
  if ((await index.modelFile(path)) === undefined) return [];
  const start = { line: 0, character: 0 };
  return lensesOfModel(await models.find(path), { start, end: start }, now());
}

async function sourceLenses(
  document: TextDocument,
  { path, dialect }: Extract<DocumentKind, { kind: 'source' }>,
  { index, models, now }: LensSources,
): Promise<CodeLens[]> {
  const calls = findLoadCalls(document.getText(), dialect);
  const lenses = await Promise.all(
    calls.map(async ({ from, to, reference }) => {
      const modelPath = await resolveReference(reference, path, index);
      if (modelPath === undefined) return [];
      const range = { start: document.positionAt(from), end: document.positionAt(to) };
      return lensesOfModel(await models.find(modelPath), range, now());
    }),
  );
  return lenses.flat();
}

async function configLenses(
  document: TextDocument,
  path: string,
  { models, now }: LensSources,
): Promise<CodeLens[]> {
  const { config, tree } = parseConfig(document.getText());
  if (config === undefined || tree === undefined) return [];
  const places = findConfigPlaces(config, tree, path);
  const audited = await Promise.all(places.models.map(({ value }) => models.find(value.path)));
  const rangeOf = ({ offset, length }: Placed<unknown>): Range => ({
    start: document.positionAt(offset),
    end: document.positionAt(offset + length),
  });
  const listed = places.models.flatMap((place, i) => {
    const model = audited[i];
    return model === undefined ? [] : lensesOfModel(model, rangeOf(place), now());
  });
  const titled = <T>(
    all: readonly Placed<T>[],
    title: (model: AuditedModel, value: T) => string | undefined,
  ): CodeLens[] =>
    all.flatMap(place =>
      audited.flatMap(model => {
        const text = title(model, place.value);
        return text === undefined ? [] : [reportLens(model, rangeOf(place), text)];
      }),
    );
  return [
    ...listed,
    ...titled(places.attacks, attackTitle),
    ...titled(places.requirements, requirementTitle),
  ];
}

/** What can be done, then what is known: a narrow window cuts off the end. */
function lensesOfModel(model: AuditedModel, range: Range, now: Date): CodeLens[] {
  const action = (title: string, name: string): CodeLens =>
    lens(range, command(model, title, name));
  return [
    ...(model.isRunning
      ? [lens(range, { title: '$(sync~spin)\u00a0Auditing…', command: '' })]
      : [action('Run audit', lensCommands.audit)]),
    ...(model.isRunning ? [action('Cancel audit', lensCommands.cancel)] : []),
    ...(model.report === undefined ? [] : [action('Open report', lensCommands.openReport)]),
    reportLens(model, range, modelTitle(model, now)),
  ];
}

/** A text that leads to the report, where there is one. */
function reportLens(model: AuditedModel, range: Range, title: string): CodeLens {
  return lens(
    range,
    model.report === undefined
      ? { title, command: '' }
      : command(model, title, lensCommands.openReport),
  );
}

function command({ path }: AuditedModel, title: string, name: string): Command {
  return { title, command: name, arguments: [URI.file(path).toString()] };
}

function lens(range: Range, lensCommand: Command): CodeLens {
  return { range, command: lensCommand };
}
