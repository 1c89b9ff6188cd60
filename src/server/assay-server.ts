import {
  CodeLensRefreshRequest,
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  TextDocuments,
  TextDocumentSyncKind,
  type ClientCapabilities,
  type Connection,
  type InitializeParams,
  type InitializeResult,
} from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { URI } from 'vscode-uri';
import { configFileName } from '../config/audit-config.ts';
import { describeError } from '../errors/assay-error.ts';
import { auditsMethod, type AuditsParams } from '../protocol/server-protocol.ts';
import { reportFileName, reportFolder } from '../report/audit-report.ts';
import { AuditedModels } from './audited-models.ts';
import { codeLenses } from './code-lenses.ts';
import { diagnose } from './diagnostics.ts';
import { documentLinks } from './document-links.ts';
import { hover } from './hovers.ts';
import { WorkspaceIndex } from './workspace-index.ts';

/** Files whose change may change an answer. Data sets are not among them: they may be millions. */
const watchedFiles = [
  `**/${reportFolder}/*/${reportFileName}`,
  `**/${configFileName}`,
  '**/model.json',
  '**/*.bin',
];

/** Changes come in swarms, a refresh answers all of them. */
const refreshMilliseconds = 150;
/** While lenses are shown, their "5 minutes ago" is kept true. */
const ageMilliseconds = 60_000;

/** Answers the editor from documents and reports; knows no tensors and waits for no audit. */
export class AssayServer {
  readonly #connection: Connection;
  readonly #documents = new TextDocuments(TextDocument);
  readonly #index = new WorkspaceIndex([]);
  readonly #models = new AuditedModels(this.#index, () => this.#refreshSoon());
  readonly #lensSettings = new Map<string, Promise<boolean>>();
  #capabilities: ClientCapabilities = {};
  #refreshTimer: NodeJS.Timeout | undefined;
  #ageTimer: NodeJS.Timeout | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
    connection.onInitialize(params => this.#initialize(params));
    connection.onInitialized(() => void this.#register());
    connection.onShutdown(() => this.#stop());
    connection.onDidChangeConfiguration(() => this.#onSettings());
    connection.onDidChangeWatchedFiles(({ changes }) =>
      this.#onFiles(changes.map(({ uri }) => uri)),
    );
    connection.onNotification(auditsMethod, ({ modelUris }: AuditsParams) => {
      this.#models.running = new Set(modelUris.map(uri => URI.parse(uri).fsPath));
    });
    this.#answer();
    this.#documents.listen(connection);
  }

  #initialize({ capabilities, workspaceFolders }: InitializeParams): InitializeResult {
    this.#capabilities = capabilities;
    this.#index.folders = (workspaceFolders ?? []).map(({ uri }) => URI.parse(uri).fsPath);
    return {
      serverInfo: { name: 'assay' },
      capabilities: {
        textDocumentSync: TextDocumentSyncKind.Incremental,
        codeLensProvider: { resolveProvider: false },
        hoverProvider: true,
        documentLinkProvider: { resolveProvider: false },
        diagnosticProvider: {
          identifier: 'assay',
          interFileDependencies: true,
          workspaceDiagnostics: false,
        },
        workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
      },
    };
  }

  /** Asks for what the client tells only those who ask. */
  async #register(): Promise<void> {
    const { workspace } = this.#capabilities;
    if (workspace?.didChangeWatchedFiles?.dynamicRegistration === true) {
      await this.#connection.client.register(DidChangeWatchedFilesNotification.type, {
        watchers: watchedFiles.map(globPattern => ({ globPattern })),
      });
    }
    if (workspace?.didChangeConfiguration?.dynamicRegistration === true) {
      await this.#connection.client.register(DidChangeConfigurationNotification.type, {
        section: 'assay',
      });
    }
    if (workspace?.workspaceFolders === true) {
      this.#connection.workspace.onDidChangeWorkspaceFolders(() => void this.#onFolders());
    }
  }

  #answer(): void {
    const connection = this.#connection;
    const sources = { index: this.#index, models: this.#models, now: () => new Date() };
    connection.onCodeLens(async ({ textDocument: { uri } }) =>
      this.#about(uri, [], async document => {
        if (!(await this.#showsLenses(uri))) return [];
        const lenses = await codeLenses(document, sources);
        if (lenses.length > 0) this.#keepAgesTrue();
        return lenses;
      }),
    );
    connection.onHover(async ({ textDocument: { uri }, position }) =>
      this.#about(uri, null, document => hover(document, position, sources)),
    );
    connection.onDocumentLinks(async ({ textDocument: { uri } }) =>
      this.#about(uri, [], document => documentLinks(document, this.#index)),
    );
    connection.languages.diagnostics.on(async ({ textDocument: { uri } }) => ({
      kind: 'full',
      items: await this.#about(uri, [], document => diagnose(document, sources)),
    }));
  }

  /** Answers about an open document; a problem of ours costs the answer, not the server. */
  async #about<T>(
    uri: string,
    nothing: T,
    answer: (document: TextDocument) => Promise<T>,
  ): Promise<T> {
    const document = this.#documents.get(uri);
    if (document === undefined) return nothing;
    try {
      return await answer(document);
    } catch (error) {
      this.#connection.console.error(`${uri}: ${describeError(error)}`);
      return nothing;
    }
  }

  async #showsLenses(uri: string): Promise<boolean> {
    if (this.#capabilities.workspace?.configuration !== true) return true;
    const known = this.#lensSettings.get(uri) ?? this.#readLensSetting(uri);
    this.#lensSettings.set(uri, known);
    return await known;
  }

  async #readLensSetting(uri: string): Promise<boolean> {
    const section = 'assay.codeLens.enabled';
    const value: unknown = await this.#connection.workspace.getConfiguration({
      scopeUri: uri,
      section,
    });
    return value !== false;
  }

  #onSettings(): void {
    this.#lensSettings.clear();
    this.#refreshSoon();
  }

  #onFiles(uris: readonly string[]): void {
    if (uris.some(uri => uri.endsWith(configFileName))) this.#index.forgetConfigs();
    if (uris.some(uri => !uri.endsWith(reportFileName))) this.#models.forgetStaleness();
    this.#refreshSoon();
  }

  async #onFolders(): Promise<void> {
    const folders = (await this.#connection.workspace.getWorkspaceFolders()) ?? [];
    this.#index.folders = folders.map(({ uri }) => URI.parse(uri).fsPath);
    this.#refreshSoon();
  }

  #refreshSoon(): void {
    this.#refreshTimer ??= setTimeout(() => void this.#refresh(), refreshMilliseconds);
  }

  async #refresh(): Promise<void> {
    this.#refreshTimer = undefined;
    const { workspace } = this.#capabilities;
    try {
      if (workspace?.codeLens?.refreshSupport === true) {
        await this.#connection.sendRequest(CodeLensRefreshRequest.type);
      }
      if (workspace?.diagnostics?.refreshSupport === true) {
        await this.#connection.languages.diagnostics.refresh();
      }
    } catch (error) {
      this.#connection.console.warn(`The editor did not refresh. ${describeError(error)}`);
    }
  }

  #keepAgesTrue(): void {
    this.#ageTimer ??= setTimeout(() => {
      this.#ageTimer = undefined;
      this.#refreshSoon();
    }, ageMilliseconds);
    this.#ageTimer.unref();
  }

  #stop(): void {
    clearTimeout(this.#refreshTimer);
    clearTimeout(this.#ageTimer);
  }
}
