import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { openEngine } from '../../../src/engine/open-engine.ts';
import { kernelTable } from './kernel-table.ts';

const file = resolve(import.meta.dirname, '../../../docs/engine-kernels.md');
const [start, end] = ['<!-- table -->\n', '\n<!-- end of table -->'];

beforeAll(async () => {
  await openEngine({ name: 'cpu' });
  await openEngine({ name: 'wasm' });
});

/** `UPDATE_DOCS=1 npx vitest run test/engine/compile/kernel-table.test.ts` writes the table. */
test('docs/engine-kernels.md says what each kernel can do', () => {
  const text = readFileSync(file, 'utf8');
  const before = text.slice(0, text.indexOf(start) + start.length);
  const after = text.slice(text.indexOf(end));
  const expected = `${before}\n${kernelTable()}\n${after}`;
  if (process.env['UPDATE_DOCS'] !== undefined) writeFileSync(file, expected);
  expect(readFileSync(file, 'utf8')).toBe(expected);
});
