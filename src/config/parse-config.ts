import {
  findNodeAtLocation,
  getNodeValue,
  parseTree,
  printParseErrorCode,
  type JSONPath,
  type Node,
  type ParseError,
} from 'jsonc-parser';
import * as v from 'valibot';
import { AuditConfigSchema, type AuditConfig } from './audit-config.ts';
import { closestName } from './closest-name.ts';
import { ConfigError } from './config-error.ts';

/** One problem of a configuration's text, with its place. */
export interface ConfigProblem {
  readonly code: 'config/syntax' | 'config/invalid';
  /** A full sentence. */
  readonly message: string;
  /** Path of the field, for example `attacks[0].epsilon`; empty for the whole file. */
  readonly field: string;
  /** Characters of the text that are to blame. */
  readonly offset: number;
  readonly length: number;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
}

/** A parsed configuration: checked when there are no problems. */
export interface ParsedConfig {
  readonly config: AuditConfig | undefined;
  readonly problems: readonly ConfigProblem[];
  /** Syntax tree, to find where a field stands; undefined for an empty text. */
  readonly tree: Node | undefined;
}

/**
 * Parses and checks the text of an `assay.config.json` (JSON with comments and trailing commas).
 * All problems are found at once, each with its exact place. Never throws.
 */
export function parseConfig(text: string): ParsedConfig {
  const errors: ParseError[] = [];
  // Some editors of Windows begin a file with a byte order mark. A space in its stead keeps all places.
  const tree = parseTree(text.replace(/^\uFEFF/, ' '), errors, { allowTrailingComma: true });
  const place = placer(text);
  if (tree === undefined || errors.length > 0) {
    const problems = errors.map(({ error, offset, length }) => ({
      code: 'config/syntax' as const,
      message: `This is not valid JSON: ${words(printParseErrorCode(error))}.`,
      field: '',
      ...place(offset, length),
    }));
    return { config: undefined, tree, problems };
  }
  const checked = v.safeParse(AuditConfigSchema, getNodeValue(tree));
  if (checked.success) return { config: checked.output, problems: [], tree };
  const problems = checked.issues.flatMap(issue => {
    const path = pathOf(issue);
    const { node, isKey } = nodeToBlame(tree, path, issue);
    return {
      code: 'config/invalid' as const,
      message: explain(issue, tree),
      field: fieldName(path),
      ...place(node.offset, isKey || node.type !== 'object' ? node.length : 1),
    };
  });
  return { config: undefined, problems, tree };
}

/** As {@link parseConfig}, for those who cannot go on with problems. @throws ConfigError the first problem */
export function parseConfigOrThrow(text: string, file: string): AuditConfig {
  const { config, problems } = parseConfig(text);
  const [first] = problems;
  if (config !== undefined) return config;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  throw new ConfigError(
    first?.code ?? 'config/syntax',
    first === undefined ? 'The file is empty.' : `${first.message}${more}`,
    {
      place: {
        file,
        ...(first === undefined ? {} : { line: first.line, column: first.column }),
        ...(first === undefined || first.field === '' ? {} : { field: first.field }),
      },
    },
  );
}

type Issue = v.BaseIssue<unknown>;

/** `InvalidSymbol` → `invalid symbol`. */
function words(identifier: string): string {
  return identifier.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}

function placer(text: string) {
  const lineStarts = [0];
  for (const match of text.matchAll(/\n/g)) lineStarts.push(match.index + 1);
  return (offset: number, length: number) => {
    const line = lineStarts.findLastIndex(start => start <= offset);
    return { offset, length, line: line + 1, column: offset - (lineStarts[line] ?? 0) + 1 };
  };
}

function pathOf(issue: Issue): JSONPath {
  return (issue.path ?? []).map(item => item.key as string | number);
}

/** `['attacks', 0, 'epsilon']` → `attacks[0].epsilon`. */
function fieldName(path: JSONPath): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`))
    .join('');
}

/** The value at the path; for an unknown key the key itself; for a missing one its parent. */
function nodeToBlame(tree: Node, path: JSONPath, issue: Issue): { node: Node; isKey: boolean } {
  for (let depth = path.length; depth >= 0; depth--) {
    const node = findNodeAtLocation(tree, path.slice(0, depth));
    if (node === undefined) continue;
    const key = node.parent?.type === 'property' ? node.parent.children?.[0] : undefined;
    if (issue.expected === 'never' && depth === path.length && key !== undefined) {
      return { node: key, isKey: true };
    }
    return { node, isKey: false };
  }
  return { node: tree, isKey: false };
}

/** Keys that an object may have at this path, as far as the schema can tell without its values. */
function explain(issue: Issue, tree: Node): string {
  const path = pathOf(issue);
  const name = String(path.at(-1) ?? '');
  if (issue.expected === 'never' && issue.received !== 'undefined') {
    const siblings = allowedKeys(path.slice(0, -1), tree);
    const guess = closestName(name, siblings);
    const hint =
      guess !== undefined
        ? ` Did you mean "${guess}"?`
        : siblings.length > 0
          ? ` Known are ${siblings.map(key => `"${key}"`).join(', ')}.`
          : '';
    return `Unknown field "${name}".${hint}`;
  }
  if (issue.received === 'undefined') return `The field "${name}" is missing.`;
  // A message of our own schema says it better than one made of the expectation.
  if (!issue.message.startsWith('Invalid')) return issue.message;
  return `"${fieldName(path)}" is ${issue.received}, but must be ${expectation(issue)}.`;
}

/** `>0` → `above 0`, `("a" | "b")` → `one of "a", "b"`, `number` → `a number`. */
function expectation({ expected, received }: Issue): string {
  if (expected === null) return 'something else';
  if (expected.startsWith('(')) {
    const options = expected.slice(1, -1).split(' | ');
    const guess = closestName(received, options);
    return `one of ${options.join(', ')}${guess === undefined ? '' : ` (did you mean ${guess}?)`}`;
  }
  const comparison = /^(>=|<=|>|<)(.+)$/.exec(expected);
  if (comparison !== null) {
    const [, sign = '', bound = ''] = comparison;
    const meaning = { '>=': 'at least', '<=': 'at most', '>': 'above', '<': 'below' }[sign];
    return `${meaning ?? sign} ${bound}`;
  }
  return /^[a-z]+$/i.test(expected)
    ? `${/^[aeio]/i.test(expected) ? 'an' : 'a'} ${expected.toLowerCase()}`
    : expected;
}

/** A schema as far as its keys can be read off: strict objects, variants, arrays and wrappers. */
interface Readable {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Readable>>;
  readonly options?: readonly Readable[];
  readonly item?: Readable;
  readonly wrapped?: Readable;
  readonly key?: string;
  readonly literal?: unknown;
}

function allowedKeys(path: JSONPath, tree: Node): string[] {
  let schema: Readable | undefined = AuditConfigSchema as unknown as Readable;
  for (const depth of path.keys()) {
    const part = path[depth];
    schema = step(schema, part, tree, path.slice(0, depth));
    if (schema === undefined) return [];
  }
  return Object.keys(unwrap(schema, tree, path)?.entries ?? {});
}

function step(
  schema: Readable | undefined,
  part: string | number | undefined,
  tree: Node,
  path: JSONPath,
): Readable | undefined {
  const inner = unwrap(schema, tree, path);
  if (inner === undefined) return undefined;
  return typeof part === 'number' ? inner.item : inner.entries?.[part ?? ''];
}

/** Follows optional wrappers, and chooses the branch of a variant by its discriminating field. */
function unwrap(schema: Readable | undefined, tree: Node, path: JSONPath): Readable | undefined {
  if (schema?.wrapped !== undefined) return unwrap(schema.wrapped, tree, path);
  if (schema?.type === 'variant' && schema.key !== undefined) {
    const { key } = schema;
    const chosen = findNodeAtLocation(tree, [...path, key]);
    const value: unknown = chosen === undefined ? undefined : getNodeValue(chosen);
    return schema.options?.find(option => option.entries?.[key]?.literal === value);
  }
  return schema;
}
