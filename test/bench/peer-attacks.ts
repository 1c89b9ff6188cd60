import { join } from 'node:path';
import type { AttackRun } from './our-attacks.ts';
import { exampleFolder } from './example-threads.ts';
import { LineProcess } from './line-process.ts';

/** What is asked of another tool. */
export interface PeerRequest {
  readonly tool: string;
  readonly attack: string;
  /** Which of the tool's settings, from 0. */
  readonly way: number;
  readonly epsilon: number | null;
  readonly samples: number;
  readonly threads: number;
  /** Of its random starts. */
  readonly seed: number;
}

export type PeerAnswer =
  | ({ readonly kind: 'ran'; readonly settings: string } & AttackRun)
  /** The tool has no such attack, or no further settings of it. */
  | { readonly kind: 'unavailable' }
  | { readonly kind: 'too slow' }
  /** The process has ended before it answered. */
  | { readonly kind: 'ended'; readonly reason: string };

/** The tools that `peer_attacks.py` knows. */
export const peerTools = ['Foolbox', 'ART', 'torchattacks', 'CleverHans'] as const;

/** Attacks of other tools, in a Python process. */
export class PeerAttacks {
  readonly #python: string;
  readonly #model: string;
  #process: LineProcess | undefined;
  #versions = '';

  /**
   * @param python one that has PyTorch and the tools
   * @param model `digits-cnn` or `digits-robust`
   */
  constructor(python: string, model = 'digits-cnn') {
    this.#python = python;
    this.#model = model;
  }

  /** Names and versions of the tools. */
  async versions(): Promise<string> {
    await this.#open();
    return this.#versions;
  }

  /**
   * @param limitSeconds after this time on the clock the process is ended
   */
  async run(request: PeerRequest, limitSeconds = Infinity): Promise<PeerAnswer> {
    const peers = await this.#open();
    let timer: NodeJS.Timeout | undefined;
    const tooSlow = new Promise<undefined>(resolve => {
      if (limitSeconds === Infinity) return;
      timer = setTimeout(() => resolve(undefined), 1000 * limitSeconds);
    });
    const asked = peers.ask(JSON.stringify(request)).catch((error: unknown): PeerAnswer => ({
      kind: 'ended',
      reason: error instanceof Error ? error.message : String(error),
    }));
    const answer = await Promise.race([asked, tooSlow]);
    clearTimeout(timer);
    if (typeof answer !== 'string') {
      peers.kill();
      this.#process = undefined;
      return answer ?? { kind: 'too slow' };
    }
    const parsed = JSON.parse(answer) as
      ({ readonly settings: string } & AttackRun) | { readonly unavailable: string };
    return 'unavailable' in parsed ? { kind: 'unavailable' } : { kind: 'ran', ...parsed };
  }

  close(): void {
    this.#process?.close();
  }

  async #open(): Promise<LineProcess> {
    if (this.#process === undefined) {
      this.#process = new LineProcess(this.#python, [
        join(import.meta.dirname, 'peer_attacks.py'),
        join(exampleFolder, 'models', this.#model),
        join(exampleFolder, 'data'),
      ]);
      this.#versions = await this.#process.listen();
    }
    return this.#process;
  }
}
