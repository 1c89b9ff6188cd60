/**
 * `npm run reproduce [-- --fresh]`: repeats the founding study on MNIST and writes
 * docs/reproduction.md with its tables and pictures. What was finished before an interruption is
 * kept under .assay/reproduction; `--fresh` begins again. `ASSAY_STUDY=trial` tries it on a few samples.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { drawPictures } from './reproduce/study-pictures.ts';
import { describeStudy } from './reproduce/study-page.ts';
import { StudyPool } from './reproduce/study-pool.ts';
import { runStudy, studySizes } from './reproduce/study-run.ts';
import { isTrial, root, StudySubject, workFolder } from './reproduce/study-subject.ts';

async function main(): Promise<void> {
  if (process.argv.includes('--fresh') || isTrial)
    await rm(workFolder, { recursive: true, force: true });
  const began = performance.now();
  const say = (line: string): void => {
    const seconds = Math.round((performance.now() - began) / 1000);
    console.log(`${String(seconds).padStart(5)} s  ${line}`);
  };
  const threads = availableParallelism();
  const pool = new StudyPool(threads);
  try {
    const results = await runStudy(pool, studySizes, say);
    const target = isTrial ? workFolder : join(root, 'docs');
    await mkdir(target, { recursive: true });
    const pictures = await drawPictures(results, join(target, 'reproduction'));
    const { engine } = await StudySubject.open();
    const page = describeStudy(results, pictures, {
      wallSeconds: (performance.now() - began) / 1000,
      threadSeconds: pool.threadSeconds,
      threads,
      computed: pool.computed,
      asked: pool.asked,
      load: loadavg()[2] ?? NaN,
      engine: engine.version,
    });
    const path = join(target, 'reproduction.md');
    await writeFile(path, await format(page, { ...(await resolveConfig(path)), filepath: path }));
    say(`${path} is written`);
  } finally {
    await pool.close();
  }
}

await main();
