import { Uri, type LogOutputChannel } from 'vscode';
import type { Disposable } from 'vscode-jsonrpc';
import {
  LanguageClient,
  RevealOutputChannelOn,
  TransportKind,
  type LanguageClientOptions,
} from 'vscode-languageclient/node';
import { configFileName } from '../config/audit-config.ts';
import { auditsMethod, type AuditsParams } from '../protocol/server-protocol.ts';
import type { AuditRuns } from './audit-runs.ts';

const sourceLanguages = ['javascript', 'javascriptreact', 'typescript', 'typescriptreact'];

/**
 * Starts the language server in a process of its own. This file is imported when it is needed and
 * not before: the client library is most of the extension's code.
 */
export async function startLanguageServer(
  serverModule: string,
  log: LogOutputChannel,
  runs: AuditRuns,
): Promise<LanguageServer> {
  const options: LanguageClientOptions = {
    documentSelector: [
      { scheme: 'file', pattern: `**/${configFileName}` },
      { scheme: 'file', pattern: '**/model.json' },
      ...sourceLanguages.map(language => ({ scheme: 'file', language })),
    ],
    outputChannel: log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    diagnosticPullOptions: { onChange: true, onTabs: true },
  };
  const client = new LanguageClient(
    'assay',
    'Assay',
    { module: serverModule, transport: TransportKind.ipc },
    options,
  );
  await client.start();
  log.info('The language server runs.');
  return new LanguageServer(client, runs);
}

/** The running language server, kept informed of the audits. */
export class LanguageServer {
  readonly #client: LanguageClient;
  readonly #subscription: Disposable;
  #announced = '';

  constructor(client: LanguageClient, runs: AuditRuns) {
    this.#client = client;
    this.#subscription = runs.onDidChange(() => void this.#announce(runs));
    void this.#announce(runs);
  }

  async dispose(): Promise<void> {
    this.#subscription.dispose();
    await this.#client.dispose();
  }

  async #announce({ all }: AuditRuns): Promise<void> {
    const modelUris = all.map(run => Uri.file(run.request.modelPath).toString());
    const key = modelUris.join('\n');
    // Progress changes often, the list seldom.
    if (key === this.#announced || !this.#client.isRunning()) return;
    this.#announced = key;
    const params: AuditsParams = { modelUris };
    await this.#client.sendNotification(auditsMethod, params);
  }
}
