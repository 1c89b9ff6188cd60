import type { LogOutputChannel } from 'vscode';
import { describeError } from '../errors/assay-error.ts';
import type { AuditRuns } from './audit-runs.ts';
import type { LanguageServer } from './language-server.ts';

/** The language server, started after the activation of the extension and not in it. */
export class LazyLanguageServer {
  readonly #serverModule: string;
  readonly #log: LogOutputChannel;
  readonly #runs: AuditRuns;
  #starting: Promise<LanguageServer> | undefined;

  constructor(serverModule: string, log: LogOutputChannel, runs: AuditRuns) {
    this.#serverModule = serverModule;
    this.#log = log;
    this.#runs = runs;
  }

  /** Starts the server as soon as the extension host has nothing more urgent to do. */
  startSoon(): void {
    setImmediate(() => {
      this.whenReady().catch((error: unknown) => {
        // Audits and reports work without it: what is missing are lenses and hovers.
        this.#log.error(`The language server did not start. ${describeError(error)}`);
      });
    });
  }

  /** Resolves when the server answers. @throws when it did not start */
  async whenReady(): Promise<void> {
    await this.#start();
  }

  async dispose(): Promise<void> {
    const server = await this.#starting?.catch(() => undefined);
    await server?.dispose();
  }

  #start(): Promise<LanguageServer> {
    this.#starting ??= import('./language-server.ts').then(({ startLanguageServer }) =>
      startLanguageServer(this.#serverModule, this.#log, this.#runs),
    );
    return this.#starting;
  }
}
