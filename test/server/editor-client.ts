import { PassThrough } from 'node:stream';
import { onTestFinished } from 'vitest';
import {
  CodeLensRefreshRequest,
  CodeLensRequest,
  ConfigurationRequest,
  createConnection,
  createProtocolConnection,
  DiagnosticRefreshRequest,
  DidChangeConfigurationNotification,
  DidChangeTextDocumentNotification,
  DidChangeWatchedFilesNotification,
  DidOpenTextDocumentNotification,
  DocumentDiagnosticRequest,
  DocumentLinkRequest,
  FileChangeType,
  HoverRequest,
  InitializedNotification,
  InitializeRequest,
  RegistrationRequest,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
  type CodeLens,
  type Diagnostic,
  type DidChangeWatchedFilesRegistrationOptions,
  type DocumentLink,
  type FileEvent,
  type Hover,
  type ProtocolConnection,
} from 'vscode-languageserver/node';
import { URI } from 'vscode-uri';
import { AssayServer } from '../../src/server/assay-server.ts';

/** An editor as the language server sees one: the real protocol over streams. */
export class EditorClient {
  readonly connection: ProtocolConnection;
  /** Glob patterns that the server asked to be told about. */
  readonly watched: string[] = [];
  /** How often the server asked for lenses to be fetched again. */
  refreshes = 0;
  /** Value of the setting `assay.codeLens.enabled`. */
  lensesEnabled = true;

  private constructor(connection: ProtocolConnection) {
    this.connection = connection;
  }

  /** Starts a server and opens folders, given by their absolute paths. */
  static async open(...folders: readonly string[]): Promise<EditorClient> {
    const [toServer, toClient] = [new PassThrough(), new PassThrough()];
    const server = createConnection(
      new StreamMessageReader(toServer),
      new StreamMessageWriter(toClient),
    );
    new AssayServer(server);
    server.listen();
    const connection = createProtocolConnection(
      new StreamMessageReader(toClient),
      new StreamMessageWriter(toServer),
    );
    const client = new EditorClient(connection);
    client.#listen();
    onTestFinished(() => client.#close());
    await connection.sendRequest(InitializeRequest.type, {
      processId: null,
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- the protocol still demands it
      rootUri: null,
      workspaceFolders: folders.map(folder => ({ uri: uriOf(folder), name: folder })),
      capabilities: {
        workspace: {
          configuration: true,
          workspaceFolders: true,
          didChangeWatchedFiles: { dynamicRegistration: true },
          codeLens: { refreshSupport: true },
          diagnostics: { refreshSupport: true },
        },
      },
    });
    await connection.sendNotification(InitializedNotification.type, {});
    return client;
  }

  async openDocument(path: string, text: string, languageId = 'json'): Promise<string> {
    const uri = uriOf(path);
    await this.connection.sendNotification(DidOpenTextDocumentNotification.type, {
      textDocument: { uri, languageId, version: 1, text },
    });
    return uri;
  }

  async changeDocument(uri: string, text: string): Promise<void> {
    await this.connection.sendNotification(DidChangeTextDocumentNotification.type, {
      textDocument: { uri, version: 2 },
      contentChanges: [{ text }],
    });
  }

  async lenses(uri: string): Promise<readonly CodeLens[]> {
    return (
      (await this.connection.sendRequest(CodeLensRequest.type, { textDocument: { uri } })) ?? []
    );
  }

  /** What the lenses say, each with its line counted from 1. */
  async lensTitles(uri: string): Promise<string[]> {
    return (await this.lenses(uri)).map(
      ({ range, command }) => `${range.start.line + 1}: ${command?.title ?? ''}`,
    );
  }

  async hover(uri: string, line: number, character: number): Promise<Hover | null> {
    return await this.connection.sendRequest(HoverRequest.type, {
      textDocument: { uri },
      position: { line, character },
    });
  }

  async links(uri: string): Promise<readonly DocumentLink[]> {
    return (
      (await this.connection.sendRequest(DocumentLinkRequest.type, { textDocument: { uri } })) ?? []
    );
  }

  async diagnostics(uri: string): Promise<readonly Diagnostic[]> {
    const report = await this.connection.sendRequest(DocumentDiagnosticRequest.type, {
      textDocument: { uri },
    });
    return report.kind === 'full' ? report.items : [];
  }

  /** Tells the server that files have changed, as an editor that watches them does. */
  async tellChanged(...paths: readonly string[]): Promise<void> {
    await this.connection.sendNotification(DidChangeWatchedFilesNotification.type, {
      changes: paths.map((path): FileEvent => ({ uri: uriOf(path), type: FileChangeType.Changed })),
    });
  }

  async switchLenses(enabled: boolean): Promise<void> {
    this.lensesEnabled = enabled;
    await this.connection.sendNotification(DidChangeConfigurationNotification.type, {
      settings: null,
    });
  }

  #listen(): void {
    const { connection } = this;
    connection.onRequest(RegistrationRequest.type, ({ registrations }) => {
      for (const registration of registrations) {
        if (registration.method !== DidChangeWatchedFilesNotification.method) continue;
        const options = registration.registerOptions as DidChangeWatchedFilesRegistrationOptions;
        for (const { globPattern } of options.watchers) {
          if (typeof globPattern === 'string') this.watched.push(globPattern);
        }
      }
    });
    connection.onRequest(ConfigurationRequest.type, ({ items }) =>
      items.map(({ section }) =>
        section === 'assay.codeLens.enabled' ? this.lensesEnabled : null,
      ),
    );
    connection.onRequest(CodeLensRefreshRequest.type, () => {
      this.refreshes++;
    });
    connection.onRequest(DiagnosticRefreshRequest.type, () => undefined);
    connection.listen();
  }

  async #close(): Promise<void> {
    await this.connection.sendRequest(ShutdownRequest.type);
    this.connection.dispose();
  }
}

export function uriOf(path: string): string {
  return URI.file(path).toString();
}
