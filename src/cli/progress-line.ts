import type { WriteStream } from 'node:tty';
import type { AuditEvent } from '../protocol/worker-protocol.ts';
import { duration } from '../report/wording.ts';

type Progress = Extract<AuditEvent, { kind: 'progress' }>;

/** Width of the bar in characters. */
const barWidth = 24;

/**
 * Progress on a terminal: one line that is drawn anew. Where the stream is no terminal, a line is
 * written only when the phase changes, so that logs stay readable.
 */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream | WriteStream;
  readonly #silent: boolean;
  #phase = '';
  #drawn = false;

  constructor(stream: NodeJS.WriteStream, silent: boolean) {
    this.#stream = stream;
    this.#silent = silent;
  }

  show(progress: Progress): void {
    if (this.#silent) return;
    if (this.#stream.isTTY) {
      this.#draw(lineOf(progress));
    } else if (progress.phase !== this.#phase) {
      this.#phase = progress.phase;
      this.#stream.write(`${percentage(progress)} ${progress.phase}\n`);
    }
  }

  /** A line that stays. */
  notice(message: string): void {
    this.clear();
    this.#stream.write(`${message}\n`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#drawn) this.#stream.write('\r\u001b[2K');
    this.#drawn = false;
  }

  #draw(text: string): void {
    const columns = 'columns' in this.#stream ? this.#stream.columns : 80;
    this.#stream.write(`\r\u001b[2K${text.slice(0, Math.max(20, columns - 1))}`);
    this.#drawn = true;
  }
}

function percentage({ fraction }: Progress): string {
  return `${Math.floor(100 * fraction)}%`.padStart(4);
}

function lineOf(progress: Progress): string {
  const full = Math.round(progress.fraction * barWidth);
  const bar = '█'.repeat(full) + '░'.repeat(barWidth - full);
  const left = progress.secondsLeft === undefined ? '' : `  ${duration(progress.secondsLeft)} left`;
  return `${bar} ${percentage(progress)}  ${progress.phase}${left}`;
}
