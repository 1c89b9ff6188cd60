import { commands, window, type TextEditor } from 'vscode';
import type { Disposable } from 'vscode-jsonrpc';
import { recogniseModelFile } from '../config/model-file.ts';
import type { AuditRuns } from './audit-runs.ts';

/** What the `when` clauses of the manifest ask for. */
const keys = {
  /** Whether an audit waits or runs. */
  isAuditing: 'assay.isAuditing',
  /** Paths of files that are called `model.json` and are no TensorFlow.js models. */
  foreignFiles: 'assay.foreignFiles',
} as const;

/** Keeps menus to what makes sense: no audit of somebody else's `model.json`, no second Cancel. */
export class MenuContext implements Disposable {
  readonly #subscriptions: readonly Disposable[];
  readonly #foreignFiles = new Set<string>();
  #isAuditing = false;

  constructor(runs: AuditRuns) {
    this.#subscriptions = [
      runs.onDidChange(() => this.#onRuns(runs.all.length > 0)),
      window.onDidChangeActiveTextEditor(editor => this.#onEditor(editor)),
    ];
    this.#onEditor(window.activeTextEditor);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #onRuns(isAuditing: boolean): void {
    if (isAuditing === this.#isAuditing) return;
    this.#isAuditing = isAuditing;
    void commands.executeCommand('setContext', keys.isAuditing, isAuditing);
  }

  #onEditor(editor: TextEditor | undefined): void {
    const document = editor?.document;
    if (document?.uri.path.endsWith('/model.json') !== true) return;
    const { fsPath } = document.uri;
    const isForeign = recogniseModelFile(document.getText()) === undefined;
    if (isForeign === this.#foreignFiles.has(fsPath)) return;
    if (isForeign) this.#foreignFiles.add(fsPath);
    else this.#foreignFiles.delete(fsPath);
    void commands.executeCommand('setContext', keys.foreignFiles, [...this.#foreignFiles]);
  }
}
