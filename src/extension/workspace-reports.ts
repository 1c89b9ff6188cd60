import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EventEmitter, workspace, type Disposable, type Event, type Uri } from 'vscode';
import { marksFileName } from '../report/adversary-marks.ts';
import { reportFileName, reportFolder, type AuditReport } from '../report/audit-report.ts';
import { readReport, reportPathOf } from '../report/report-files.ts';
import type { WorkspaceModel } from './workspace-models.ts';

interface CachedReport {
  /** Sizes and times of the files that were read: the report and its marks. */
  readonly stamp: string;
  readonly report: AuditReport;
}

/**
 * The reports on disk, whoever wrote them: this window's worker, the command line, another window.
 * Each is read again only when its file has changed.
 */
export class WorkspaceReports implements Disposable {
  readonly #changed = new EventEmitter<string>();
  readonly #cache = new Map<string, CachedReport>();
  readonly #watcher = workspace.createFileSystemWatcher(`**/${reportFolder}/*/${reportFileName}`);

  constructor() {
    const fire = (uri: Uri): void => this.#changed.fire(uri.fsPath);
    this.#watcher.onDidCreate(fire);
    this.#watcher.onDidChange(fire);
    this.#watcher.onDidDelete(fire);
  }

  /** A report was written, changed or deleted; with its absolute path. */
  get onDidChange(): Event<string> {
    return this.#changed.event;
  }

  /** To be called when a report is known to have changed before the file system says so. */
  announce(reportPath: string): void {
    this.#changed.fire(reportPath);
  }

  /** Absolute path of the report of a model, whether it exists or not. */
  pathOf({ path, configPath }: WorkspaceModel): string | undefined {
    return configPath === undefined ? undefined : reportPathOf(dirname(configPath), path);
  }

  /**
   * The report of a model; undefined when there is none.
   *
   * @throws ReportError when the file is there but is no report
   */
  async load(model: WorkspaceModel): Promise<AuditReport | undefined> {
    const path = this.pathOf(model);
    if (path === undefined) return undefined;
    const entry = await stat(path).catch(() => undefined);
    if (entry === undefined) {
      this.#cache.delete(path);
      return undefined;
    }
    const marks = await stat(join(dirname(path), marksFileName)).catch(() => undefined);
    const stamp = [entry, marks].map(file => `${file?.size} ${file?.mtimeMs}`).join(' ');
    const cached = this.#cache.get(path);
    if (cached?.stamp === stamp) return cached.report;
    const report = await readReport(path);
    this.#cache.set(path, { stamp, report });
    return report;
  }

  dispose(): void {
    this.#watcher.dispose();
    this.#changed.dispose();
  }
}
