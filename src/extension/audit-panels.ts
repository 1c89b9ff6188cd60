import { Uri, ViewColumn, window, type Disposable, type WebviewPanel } from 'vscode';
import { AuditPanel, panelResources, type PanelServices } from './audit-panel.ts';
import { parsePersistedModel } from './panel-messages.ts';

/** Name of the kind of panel; the manifest's activation event has it too. */
const viewType = 'assay.report';

/** The open panels: at most one for each model. */
export class AuditPanels implements Disposable {
  readonly #services: PanelServices;
  readonly #panels = new Map<string, AuditPanel>();
  readonly #serializer: Disposable;

  constructor(services: PanelServices) {
    this.#services = services;
    this.#serializer = window.registerWebviewPanelSerializer(viewType, {
      deserializeWebviewPanel: (panel, state) => {
        this.#restore(panel, state);
        return Promise.resolve();
      },
    });
  }

  /** Shows the panel of a model, a new one if there is none. */
  show(modelUri: Uri): void {
    const existing = this.#panels.get(modelUri.toString());
    if (existing !== undefined) {
      existing.reveal();
      return;
    }
    const panel = window.createWebviewPanel(
      viewType,
      '',
      { viewColumn: ViewColumn.Active, preserveFocus: true },
      this.#options,
    );
    this.#adopt(panel, modelUri);
  }

  isVisible(modelUri: Uri): boolean {
    return this.#panels.get(modelUri.toString())?.isVisible ?? false;
  }

  dispose(): void {
    this.#serializer.dispose();
    for (const panel of this.#panels.values()) panel.dispose();
  }

  get #options() {
    return {
      enableScripts: true,
      localResourceRoots: [panelResources(this.#services.extensionUri)],
    };
  }

  #restore(panel: WebviewPanel, state: unknown): void {
    const modelUri = parsePersistedModel(state);
    if (modelUri === undefined || this.#panels.has(modelUri)) {
      panel.dispose();
      return;
    }
    panel.webview.options = this.#options;
    this.#adopt(panel, Uri.parse(modelUri, true));
  }

  #adopt(panel: WebviewPanel, modelUri: Uri): void {
    const key = modelUri.toString();
    const audit = new AuditPanel(panel, modelUri, this.#services);
    this.#panels.set(key, audit);
    panel.onDidDispose(() => {
      this.#panels.delete(key);
      audit.dispose();
    });
  }
}
