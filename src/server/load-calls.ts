import { parser } from '@lezer/javascript';

type Tree = ReturnType<typeof parser.parse>;
type SyntaxNode = Tree['topNode'];

/** Where a source file loads a saved model. */
export interface LoadCall {
  /** Characters of the whole call. */
  readonly from: number;
  readonly to: number;
  /** Characters of the argument, without its quotes. */
  readonly argument: { readonly from: number; readonly to: number };
  readonly reference: ModelReference;
}

/** How the source names the model. */
export type ModelReference =
  /** The whole text is known. */
  | { readonly kind: 'whole'; readonly text: string }
  /** Only the end is known: `${folder}/model.json`. */
  | { readonly kind: 'tail'; readonly text: string };

/** What kind of JavaScript a file is, which the parser must know beforehand. */
export interface SourceDialect {
  readonly typescript: boolean;
  readonly jsx: boolean;
}

const loaders = new Set(['loadLayersModel', 'loadGraphModel']);
/** Wrappers of a path that load from the file system. */
const pathWrappers = new Set(['fileSystem', 'nodeFileSystem']);
const mention = /load(Layers|Graph)Model/;

/**
 * Finds the calls that load a saved TensorFlow.js model, in any state that the text may be in while
 * it is being written. Calls whose argument says nothing about the path are left out.
 */
export function findLoadCalls(text: string, dialect: SourceDialect): LoadCall[] {
  // Most files load no model: they are not parsed at all.
  if (!mention.test(text)) return [];
  const dialects = [dialect.typescript ? 'ts' : '', dialect.jsx ? 'jsx' : ''];
  const tree = parser.configure({ dialect: dialects.join(' ').trim() }).parse(text);
  const source: Source = { text, tree };
  const calls: LoadCall[] = [];
  tree.iterate({
    enter: ({ type, node }) => {
      const call = type.name === 'CallExpression' ? loadCall(node, source) : undefined;
      if (call !== undefined) calls.push(call);
    },
  });
  return calls;
}

interface Source {
  readonly text: string;
  readonly tree: Tree;
}

function loadCall(call: SyntaxNode, source: Source): LoadCall | undefined {
  if (!loaders.has(calleeName(call, source))) return undefined;
  const argument = firstArgument(call);
  if (argument === undefined) return undefined;
  const reference = referenceOf(argument, source);
  if (reference === undefined || reference.text === '') return undefined;
  const literal = isText(argument) ? { from: argument.from + 1, to: argument.to - 1 } : argument;
  return {
    from: call.from,
    to: call.to,
    argument: { from: literal.from, to: literal.to },
    reference,
  };
}

/** The last name of what is called: `loadLayersModel` of `tf.loadLayersModel<T>`. */
function calleeName(call: SyntaxNode, { text }: Source): string {
  const first = call.firstChild;
  const callee = first?.name === 'InstantiationExpression' ? first.firstChild : first;
  const name = callee?.name === 'MemberExpression' ? callee.lastChild : callee;
  return name?.name === 'PropertyName' || name?.name === 'VariableName'
    ? text.slice(name.from, name.to)
    : '';
}

function firstArgument(call: SyntaxNode): SyntaxNode | undefined {
  return call.getChild('ArgList')?.firstChild?.nextSibling ?? undefined;
}

function isText(node: SyntaxNode): boolean {
  return node.name === 'String' || node.name === 'TemplateString';
}

/**
 * What an expression says about the path: a literal, a template or a sum with a static end, a
 * constant of the same file, or one of these handed to `tf.io.fileSystem`.
 */
function referenceOf(node: SyntaxNode, source: Source): ModelReference | undefined {
  switch (node.name) {
    case 'String':
      return { kind: 'whole', text: unescape(source.text.slice(node.from + 1, node.to - 1)) };
    case 'TemplateString':
      return templateReference(node, source);
    case 'BinaryExpression':
      return sumReference(node, source);
    case 'CallExpression':
      return wrappedReference(node, source);
    case 'VariableName':
      return constantReference(node, source);
    default:
      return undefined;
  }
}

function templateReference(node: SyntaxNode, { text }: Source): ModelReference {
  const lastHole = node.getChildren('Interpolation').at(-1);
  return lastHole === undefined
    ? { kind: 'whole', text: unescape(text.slice(node.from + 1, node.to - 1)) }
    : { kind: 'tail', text: unescape(text.slice(lastHole.to, node.to - 1)) };
}

function sumReference(node: SyntaxNode, source: Source): ModelReference | undefined {
  const last = node.lastChild;
  const sign = node.getChild('ArithOp');
  if (last === null || sign === null || source.text.slice(sign.from, sign.to) !== '+') {
    return undefined;
  }
  const reference = referenceOf(last, source);
  return reference === undefined ? undefined : { kind: 'tail', text: reference.text };
}

function wrappedReference(node: SyntaxNode, source: Source): ModelReference | undefined {
  if (!pathWrappers.has(calleeName(node, source))) return undefined;
  const argument = firstArgument(node);
  return argument === undefined ? undefined : referenceOf(argument, source);
}

/** The value of a `const` that is declared once in the file, with a text for its value. */
function constantReference(node: SyntaxNode, source: Source): ModelReference | undefined {
  const name = source.text.slice(node.from, node.to);
  const values: SyntaxNode[] = [];
  source.tree.iterate({
    enter: ({ type, node: declaration }) => {
      if (type.name !== 'VariableDeclaration' || declaration.getChild('const') === null) return;
      for (const definition of declaration.getChildren('VariableDefinition')) {
        if (source.text.slice(definition.from, definition.to) !== name) continue;
        const value = valueOf(definition);
        if (value !== undefined) values.push(value);
      }
    },
  });
  const [value, another] = values;
  return value === undefined || another !== undefined || !isText(value)
    ? undefined
    : referenceOf(value, source);
}

function valueOf(definition: SyntaxNode): SyntaxNode | undefined {
  let next = definition.nextSibling;
  while (next !== null && next.name !== 'Equals' && next.name !== ',') next = next.nextSibling;
  return next?.name === 'Equals' ? (next.nextSibling ?? undefined) : undefined;
}

/** The escapes that occur in paths; any other character stands for itself after its backslash. */
function unescape(literal: string): string {
  return literal.replaceAll(/\\(.)/gs, '$1');
}
