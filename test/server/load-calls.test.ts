import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findLoadCalls } from '../../src/server/load-calls.ts';

const javascript = { typescript: false, jsx: true };
const typescript = { typescript: true, jsx: false };

function references(text: string, dialect = javascript): string[] {
  return findLoadCalls(text, dialect).map(
    ({ reference: { kind, text: path } }) => `${kind === 'tail' ? '…' : ''}${path}`,
  );
}

describe('load calls', () => {
  test.each([
    ["tf.loadLayersModel('a/model.json')", 'a/model.json'],
    ['tf.loadGraphModel("a/model.json", { strict: true })', 'a/model.json'],
    ["await (await import('x')).loadGraphModel('a')", 'a'],
    ["loadLayersModel('a')", 'a'],
    ["tf?.loadLayersModel('a')", 'a'],
    ['tf.loadLayersModel(`a`)', 'a'],
    ['tf.loadLayersModel(`${root}/b/model.json`)', '…/b/model.json'],
    ['tf.loadLayersModel(`a/${name}/model.json`)', '…/model.json'],
    ["tf.loadLayersModel(root + '/a/' + 'model.json')", '…model.json'],
    ["tf.loadLayersModel(tf.io.fileSystem('a/model.json'))", 'a/model.json'],
    ["const path = 'a/model.json';\ntf.loadLayersModel(path)", 'a/model.json'],
    ["tf.loadLayersModel('it\\'s/model.json')", "it's/model.json"],
    ['const view = <div>{tf.loadLayersModel("a")}</div>', 'a'],
  ])('%s', (text, expected) => {
    expect(references(text)).toEqual([expected]);
  });

  test('are found in TypeScript with its types', () => {
    expect(references("tf.loadGraphModel<Model>('a')!; type T = { a: 'b' };", typescript)).toEqual([
      'a',
    ]);
    expect(references("const p: string = 'a';\nloadGraphModel(p);", typescript)).toEqual(['a']);
  });

  test.each([
    "// tf.loadLayersModel('a')",
    `"tf.loadLayersModel('a')"`,
    "tf.loadModel('a')",
    "loadLayersModel = 'a'",
    'tf.loadLayersModel()',
    'tf.loadLayersModel(path)',
    'tf.loadLayersModel(`${path}`)',
    "let path = 'a'; tf.loadLayersModel(path)",
    "{ const p = 'a'; } { const p = 'b'; tf.loadLayersModel(p) }",
    "tf.loadLayersModel(-'a')",
    "tf.loadLayersModel(join('a', 'b'))",
  ])('not: %s', text => {
    expect(references(text)).toEqual([]);
  });

  test('are found while the file is being written', () => {
    expect(references("const a = {;\ntf.loadLayersModel('a');\nfoo(")).toEqual(['a']);
    expect(() => references("tf.loadLayersModel('")).not.toThrow();
  });

  test('stand where they are said to', () => {
    const text = "let a;\nconst m = tf.loadLayersModel('b/model.json');";
    const [call] = findLoadCalls(text, javascript);
    expect(text.slice(call?.from, call?.to)).toBe("tf.loadLayersModel('b/model.json')");
    expect(text.slice(call?.argument.from, call?.argument.to)).toBe('b/model.json');
  });

  test('never fail, whatever the text is', () => {
    const piece = fc.constantFrom(
      'tf.',
      'loadLayersModel',
      'loadGraphModel',
      '(',
      ')',
      "'",
      '`',
      '${',
      '}',
      '+',
      'const p = ',
      'p',
      '<',
      '>',
      '\\',
      '\n',
      ',',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.boolean(), (pieces, isTypescript) => {
        const text = pieces.join('');
        for (const { from, to, argument } of findLoadCalls(text, {
          typescript: isTypescript,
          jsx: !isTypescript,
        })) {
          expect(from).toBeLessThan(to);
          expect(argument.from).toBeGreaterThanOrEqual(from);
          expect(argument.to).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 500 },
    );
  });
});
