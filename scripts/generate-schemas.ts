import { writeFile } from 'node:fs/promises';
import { schemaTexts } from './schema-texts.ts';

/** Writes `schemas/` anew from the valibot schemas: `npm run schemas`. */
for (const [path, text] of await schemaTexts()) await writeFile(path, text);
