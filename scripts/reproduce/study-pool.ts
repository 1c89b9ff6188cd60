import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { ThreadPool } from '../../src/engine/thread-pool.ts';
import { workFolder } from './study-subject.ts';
import type { StudyAnswers, StudyTask, TaskNamed } from './study-tasks.ts';

/** An answer as it is kept, with the time that it took. */
export interface KeptAnswer {
  readonly answer: unknown;
  readonly seconds: number;
}

/** Threads that work on the study. What was answered once is kept and not computed again. */
export class StudyPool {
  readonly #pool: ThreadPool<StudyTask, KeptAnswer>;
  #seconds = 0;
  #computed = 0;
  #asked = 0;

  constructor(threads: number) {
    this.#pool = new ThreadPool({
      module: new URL('study-thread-entry.mjs', import.meta.url),
      size: threads,
    });
  }

  /** Seconds of one thread that all answers have taken, those of earlier runs included. */
  get threadSeconds(): number {
    return this.#seconds;
  }

  /** Answers that this run needed. */
  get asked(): number {
    return this.#asked;
  }

  /** Answers that were computed in this run. */
  get computed(): number {
    return this.#computed;
  }

  async ask<Name extends StudyTask['task']>(task: TaskNamed<Name>): Promise<StudyAnswers[Name]> {
    const path = join(workFolder, 'answers', `${keyOf(task)}.bin`);
    const kept = existsSync(path)
      ? (deserialize(await readFile(path)) as KeptAnswer)
      : await this.#compute(task, path);
    this.#seconds += kept.seconds;
    this.#asked += 1;
    // The thread's switch pairs tasks and answers.
    return kept.answer as StudyAnswers[Name];
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  async #compute(task: StudyTask, path: string): Promise<KeptAnswer> {
    const kept = await this.#pool.run(task);
    await mkdir(join(workFolder, 'answers'), { recursive: true });
    await writeFile(`${path}.tmp`, serialize(kept));
    await rename(`${path}.tmp`, path);
    this.#computed += 1;
    return kept;
  }
}

function keyOf(task: StudyTask): string {
  const hash = createHash('sha256');
  for (const [name, value] of Object.entries(task)) {
    hash.update(`\n${name}:`);
    const part: unknown = value;
    hash.update(
      part instanceof Float32Array
        ? new Uint8Array(part.buffer, part.byteOffset, part.byteLength)
        : JSON.stringify(part ?? null),
    );
  }
  return hash.digest('hex').slice(0, 32);
}
