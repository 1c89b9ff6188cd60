/**
 * `npm run reproduce [-- --fresh]`: repeats the founding study on MNIST and writes
 * docs/reproduction.md with its tables and pictures. What was finished before an interruption is
 * kept under .assay/reproduction; `--fresh` begins again.
 */
import { rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { drawPictures } from './reproduce/study-pictures.ts';
import { describeStudy } from './reproduce/study-page.ts';
import { StudyPool } from './reproduce/study-pool.ts';
import { runStudy, studySizes } from './reproduce/study-run.ts';
import { root, StudySubject, workFolder } from './reproduce/study-subject.ts';

async function main(): Promise<void> {
  if (process.argv.includes('--fresh')) await rm(workFolder, { recursive: true, force: true });
  const began = performance.now();
  const say = (line: string): void => {
    const seconds = Math.round((performance.now() - began) / 1000);
    console.log(`${String(seconds).padStart(5)} s  ${line}`);
  };
  const threads = availableParallelism();
  const pool = new StudyPool(threads);
  try {
    const results = await runStudy(pool, studySizes, say);
    const pictures = await drawPictures(results, join(root, 'docs/reproduction'));
    const { engine } = await StudySubject.open();
    const page = describeStudy(results, pictures, {
      wallSeconds: (performance.now() - began) / 1000,
      threadSeconds: pool.threadSeconds,
      threads,
      computed: pool.computed,
      engine: engine.version,
    });
    const path = join(root, 'docs/reproduction.md');
    await writeFile(path, await format(page, { ...(await resolveConfig(path)), filepath: path }));
    say('docs/reproduction.md is written');
  } finally {
    await pool.close();
  }
}

await main();
