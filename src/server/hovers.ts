import { MarkupKind, type Hover, type Position, type Range } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { parseConfig } from '../config/parse-config.ts';
import type { AuditReport } from '../report/audit-report.ts';
import { conditionTable, renderMarkdown, type ConditionTable } from '../report/condition-table.ts';
import type { AuditedModels } from './audited-models.ts';
import { findConfigPlaces } from './config-places.ts';
import { kindOf } from './document-kind.ts';
import { stateTitle } from './lens-titles.ts';
import { findLoadCalls } from './load-calls.ts';
import { resolveReference } from './resolve-reference.ts';
import type { WorkspaceIndex } from './workspace-index.ts';
import { counted } from '../wording/counted.ts';

/** What hovers are made of. */
export interface HoverSources {
  readonly index: WorkspaceIndex;
  readonly models: AuditedModels;
  readonly now: () => Date;
}

/** A place in a document that stands for a model. */
interface ModelMention {
  readonly range: Range;
  /** Absolute path of the `model.json`. */
  readonly path: string;
}

/** The last audit in full, over each place that stands for a model. */
export async function hover(
  document: TextDocument,
  position: Position,
  sources: HoverSources,
): Promise<Hover | null> {
  const mention = await mentionAt(document, document.offsetAt(position), sources.index);
  if (mention === undefined) return null;
  const model = await sources.models.find(mention.path);
  const title = escape(withoutIcons(stateTitle(model, sources.now())));
  const value =
    model.report === undefined
      ? `**Assay** · ${title}`
      : [`**${escape(model.report.model.name)}** · ${title}`, ...details(model.report)].join(
          '\n\n',
        );
  return { range: mention.range, contents: { kind: MarkupKind.Markdown, value } };
}

async function mentionAt(
  document: TextDocument,
  offset: number,
  index: WorkspaceIndex,
): Promise<ModelMention | undefined> {
  const kind = kindOf(document);
  const mention = (from: number, to: number, path: string): ModelMention => ({
    range: { start: document.positionAt(from), end: document.positionAt(to) },
    path,
  });
  switch (kind.kind) {
    case 'model':
      // The opening brace stands for the whole file; elsewhere a hover would be in the way.
      return offset <= 1 && (await index.modelFile(kind.path)) !== undefined
        ? mention(0, 1, kind.path)
        : undefined;
    case 'config': {
      const { config, tree } = parseConfig(document.getText());
      if (config === undefined || tree === undefined) return undefined;
      const { models } = findConfigPlaces(config, tree, kind.path);
      const found = models.find(place => covers(place.offset, place.offset + place.length, offset));
      return found && mention(found.offset, found.offset + found.length, found.value.path);
    }
    case 'source': {
      const calls = findLoadCalls(document.getText(), kind.dialect);
      const call = calls.find(({ from, argument }) => covers(from, argument.to, offset));
      if (call === undefined) return undefined;
      const path = await resolveReference(call.reference, kind.path, index);
      return path === undefined ? undefined : mention(call.from, call.argument.to, path);
    }
    case 'other':
      return undefined;
  }
}

function covers(from: number, to: number, offset: number): boolean {
  return from <= offset && offset <= to;
}

function details(report: AuditReport): string[] {
  const table = conditionTable(report);
  const { samples, total } = report.data;
  return [
    renderMarkdown(narrow(table)),
    bullets(
      report.checks.map(
        ({ verdict, label, explanation }) => `${verdict}: ${label}. ${explanation}`,
      ),
    ),
    bullets(report.flags.map(({ message, remedy }) => `${message} ${remedy}`)),
    bullets(table.remarks),
    `${samples} of ${counted(total, 'sample')}, seed ${report.seed}, 95% intervals.`,
  ].filter(part => part !== '');
}

/** A hover is narrow: these columns are left to the panel. */
const columnsOfPanel = new Set(['samples', 'success']);

/** The table with fewer columns, and with cells that stay in one line. */
function narrow({ header, rows, remarks }: ConditionTable): ConditionTable {
  const shown = (cells: readonly string[]): string[] =>
    cells
      .filter((_, column) => !columnsOfPanel.has(header[column] ?? ''))
      .map(cell => escape(cell).replaceAll(' ', '\u00a0').replaceAll('–', '\u2060–\u2060'));
  return { header: shown(header), rows: rows.map(shown), remarks };
}

function bullets(lines: readonly string[]): string {
  return lines.map(line => `- ${escape(line)}`).join('\n');
}

/** Icons are for lenses: in Markdown they would be letters. */
function withoutIcons(title: string): string {
  return title.replaceAll(/\$\([\w~-]+\)\s?/g, '');
}

/** Names come from files: they must not become Markdown. */
function escape(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>#]/g, '\\$&');
}
