import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { schemaTexts } from '../../scripts/schema-texts.ts';

test('the JSON schemas in the repository are those of the code (npm run schemas)', async () => {
  for (const [path, text] of await schemaTexts()) {
    expect(readFileSync(path, 'utf8')).toBe(text);
  }
});
