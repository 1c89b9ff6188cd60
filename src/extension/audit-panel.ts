import { randomBytes } from 'node:crypto';
import { env, l10n, Uri, window, type LogOutputChannel, type WebviewPanel } from 'vscode';
import type { Disposable } from 'vscode-jsonrpc';
import { describeError } from '../errors/assay-error.ts';
import type { FromPanelMessage, ToPanelMessage } from '../protocol/panel-protocol.ts';
import { lensCommands } from '../protocol/server-protocol.ts';
import type { AuditReport } from '../report/audit-report.ts';
import type { AuditRuns } from './audit-runs.ts';
import { readManifoldPictures } from './manifold-pictures.ts';
import type { ManifoldTrainings } from './manifold-trainings.ts';
import { markAdversary } from './mark-adversary.ts';
import { PacedTask } from './paced-task.ts';
import { panelHtml } from './panel-html.ts';
import { parsePanelMessage } from './panel-messages.ts';
import { panelSnapshot } from './panel-snapshot.ts';
import { readPictures } from './sample-pictures.ts';
import { querySamples } from './sample-query.ts';
import { runCommand } from './run-command.ts';
import { locateModel, modelName, type WorkspaceModel } from './workspace-models.ts';
import type { WorkspaceReports } from './workspace-reports.ts';

/** What a panel needs of the extension. */
export interface PanelServices {
  readonly extensionUri: Uri;
  readonly log: LogOutputChannel;
  readonly runs: AuditRuns;
  readonly reports: WorkspaceReports;
  readonly trainings: ManifoldTrainings;
}

/** Between two snapshots, so that a quick audit does not drown the panel in them. */
const snapshotMilliseconds = 200;

/** Folder of all that a panel may load. */
export function panelResources(extensionUri: Uri): Uri {
  return Uri.joinPath(extensionUri, 'dist', 'webview');
}

/**
 * The host's side of one panel. The panel is a function of the last snapshot: it asks for one when
 * it is there, and a hidden panel, which is not there, misses nothing.
 */
export class AuditPanel implements Disposable {
  readonly modelUri: Uri;
  readonly #panel: WebviewPanel;
  readonly #services: PanelServices;
  readonly #snapshots = new PacedTask(snapshotMilliseconds, () =>
    this.#try(() => this.#sendSnapshot()),
  );
  readonly #subscriptions: Disposable[];

  constructor(panel: WebviewPanel, modelUri: Uri, services: PanelServices) {
    this.#panel = panel;
    this.modelUri = modelUri;
    this.#services = services;
    const { runs, reports, trainings } = services;
    this.#subscriptions = [
      panel.webview.onDidReceiveMessage(message => void this.#receive(message)),
      runs.onDidChange(({ request }) => {
        if (request.modelPath === modelUri.fsPath) this.#snapshots.request();
      }),
      reports.onDidChange(path => void this.#onReport(path)),
      // Not each model has its own configuration: whether it is this one's, the snapshot knows.
      trainings.onDidChange(() => this.#snapshots.request()),
      // Not every file system tells of changes: whoever comes back to the panel sees what is on disk.
      panel.onDidChangeViewState(() => {
        if (panel.active) this.#snapshots.request();
      }),
      window.onDidChangeWindowState(({ focused }) => {
        if (focused) this.#snapshots.request();
      }),
    ];
    this.#fill();
  }

  get isVisible(): boolean {
    return this.#panel.visible;
  }

  /** Brings the panel to the front; the focus stays where it is. */
  reveal(): void {
    this.#panel.reveal(undefined, true);
  }

  dispose(): void {
    this.#snapshots.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #fill(): void {
    const { extensionUri } = this.#services;
    const { webview } = this.#panel;
    const resources = panelResources(extensionUri);
    const address = (name: string): string =>
      webview.asWebviewUri(Uri.joinPath(resources, name)).toString();
    this.#panel.title = l10n.t('Audit of {0}', modelName(this.modelUri));
    const icon = (theme: string): Uri => Uri.joinPath(extensionUri, 'media', `assay-${theme}.svg`);
    this.#panel.iconPath = { light: icon('light'), dark: icon('dark') };
    webview.html = panelHtml(
      {
        script: address('panel.js'),
        style: address('panel.css'),
        icons: address('codicon.css'),
        contentSource: webview.cspSource,
      },
      randomBytes(16).toString('base64'),
      this.modelUri.toString(),
      env.language,
    );
  }

  async #onReport(path: string): Promise<void> {
    const model = await this.#model();
    if (model !== undefined && this.#services.reports.pathOf(model) === path) {
      this.#snapshots.request();
    }
  }

  async #receive(value: unknown): Promise<void> {
    const message = parsePanelMessage(value);
    if (message === undefined) {
      this.#services.log.warn('The panel sent a message that is not understood.', value);
      return;
    }
    await this.#try(() => this.#answer(message));
  }

  async #try(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      // The panel stays as it was; a message for every row that it asked for would help nobody.
      this.#services.log.error(describeError(error));
    }
  }

  async #answer(message: FromPanelMessage): Promise<void> {
    switch (message.kind) {
      case 'ready':
        return this.#sendSnapshot();
      case 'samples':
        return this.#sendSamples(message);
      case 'pictures':
        return this.#sendPictures(message.sample);
      case 'manifold-pictures':
        return this.#sendManifoldPictures();
      case 'mark':
        return this.#mark(message);
      case 'train':
        return runCommand('assay.trainManifold', this.modelUri);
      case 'pause-training':
        return this.#onTraining(configPath => this.#services.trainings.pause(configPath));
      case 'cancel-training':
        return this.#onTraining(configPath => this.#services.trainings.cancel(configPath));
      case 'run':
        return runCommand(lensCommands.audit, this.modelUri);
      case 'cancel':
        return runCommand(lensCommands.cancel, this.modelUri);
      case 'open':
        return this.#open(message.what);
    }
  }

  async #sendSnapshot(): Promise<void> {
    const { reports, runs, trainings } = this.#services;
    const model = await this.#model();
    await this.#post(
      model === undefined
        ? {
            kind: 'snapshot',
            modelName: modelName(this.modelUri),
            report: undefined,
            run: undefined,
            training: undefined,
            problem: l10n.t('The model is not part of the open workspace.'),
            gap: undefined,
            stale: undefined,
          }
        : await panelSnapshot(model, reports, runs, trainings),
    );
  }

  async #sendSamples(request: Extract<FromPanelMessage, { kind: 'samples' }>): Promise<void> {
    const model = await this.#model();
    const report = model === undefined ? undefined : await this.#services.reports.load(model);
    const page =
      report === undefined
        ? { start: request.start, total: 0, samples: [] }
        : querySamples(report, request);
    await this.#post({ kind: 'samples', requestId: request.requestId, ...page });
  }

  async #sendPictures(sample: number): Promise<void> {
    const { report, path } = (await this.#report()) ?? {};
    if (report === undefined || path === undefined) return;
    const pictures = await readPictures(path, report, sample);
    const { inputShape: shape, bounds } = report.model;
    await this.#post({ kind: 'pictures', sample, shape, bounds, ...pictures });
  }

  async #sendManifoldPictures(): Promise<void> {
    const { report, path } = (await this.#report()) ?? {};
    if (report === undefined || path === undefined) return;
    const pictures = await readManifoldPictures(path, report);
    if (pictures !== undefined) await this.#post(pictures);
  }

  async #mark(mark: Extract<FromPanelMessage, { kind: 'mark' }>): Promise<void> {
    const { report, path } = (await this.#report()) ?? {};
    if (report === undefined || path === undefined) return;
    await markAdversary(path, report, mark);
    this.#services.reports.announce(path);
  }

  async #onTraining(action: (configPath: string) => void): Promise<void> {
    const configPath = (await this.#model())?.configPath;
    if (configPath !== undefined) action(configPath);
  }

  /** The report as it is on disk, with its absolute path; undefined while there is none. */
  async #report(): Promise<{ report: AuditReport; path: string } | undefined> {
    const model = await this.#model();
    if (model === undefined) return undefined;
    const report = await this.#services.reports.load(model);
    const path = this.#services.reports.pathOf(model);
    return report === undefined || path === undefined ? undefined : { report, path };
  }

  async #open(what: 'model' | 'config' | 'report'): Promise<void> {
    const model = await this.#model();
    const path = {
      model: this.modelUri.fsPath,
      config: model?.configPath,
      report: model === undefined ? undefined : this.#services.reports.pathOf(model),
    }[what];
    if (path !== undefined) await window.showTextDocument(Uri.file(path));
  }

  async #post(message: ToPanelMessage): Promise<void> {
    if (this.#panel.visible) await this.#panel.webview.postMessage(message);
  }

  /** The model as it is now: a configuration may have come or gone since. */
  async #model(): Promise<WorkspaceModel | undefined> {
    return await locateModel(this.modelUri).catch(() => undefined);
  }
}
