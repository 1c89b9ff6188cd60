import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describeError } from '../errors/assay-error.ts';
import type { AuditReport } from '../report/audit-report.ts';
import { readReport, reportPathOf } from '../report/report-files.ts';
import { describeStaleness, findStaleFiles } from '../report/staleness.ts';
import type { WorkspaceIndex } from './workspace-index.ts';

/** What is known of one model at this moment. */
export interface AuditedModel {
  /** Absolute path of the `model.json`. */
  readonly path: string;
  /** Absolute path of the configuration that applies to it. */
  readonly configPath: string | undefined;
  readonly report: AuditReport | undefined;
  /** Why the report that is there cannot be used, in words. */
  readonly problem: string | undefined;
  /** Why the report no longer describes the files; undefined too while that is being found out. */
  readonly staleness: string | undefined;
  /** Its audit waits or runs in this editor. */
  readonly isRunning: boolean;
}

interface Reading {
  /** Size and time of the file that was read. */
  readonly stamp: string;
  readonly report: AuditReport | undefined;
  readonly problem: string | undefined;
  staleness: string | undefined;
  /** When the staleness was last found out, as of `performance.now()`. */
  checked: number;
  checking: Promise<void> | undefined;
}

/** Longer than this no lens waits for the staleness: hashing a large data set takes its time. */
const patienceMilliseconds = 60;
/** Data sets are not watched, so that now and then one has to look. */
const recheckMilliseconds = 20_000;

/**
 * The reports of the workspace's models, read when they are asked for and kept while their files are
 * as they were. Answers come from here at once; what takes longer is told by a later refresh.
 */
export class AuditedModels {
  readonly #index: WorkspaceIndex;
  readonly #refresh: () => void;
  readonly #readings = new Map<string, Reading>();
  #running: ReadonlySet<string> = new Set();

  /** @param refresh called when an answer that was given is no longer the whole truth */
  constructor(index: WorkspaceIndex, refresh: () => void) {
    this.#index = index;
    this.#refresh = refresh;
  }

  /** Absolute paths of the models whose audit waits or runs. */
  set running(paths: ReadonlySet<string>) {
    this.#running = paths;
    this.#refresh();
  }

  /** Model, weights or configuration have changed: what is stale has to be found out again. */
  forgetStaleness(): void {
    for (const reading of this.#readings.values()) reading.checked = -Infinity;
  }

  /** @param path absolute path of a `model.json`, which need not exist any more */
  async find(path: string): Promise<AuditedModel> {
    const configPath = await this.#index.configOf(path);
    const isRunning = this.#running.has(path);
    const none = { report: undefined, problem: undefined, staleness: undefined };
    if (configPath === undefined) return { path, configPath, ...none, isRunning };
    const folder = dirname(configPath);
    const reading = await this.#read(reportPathOf(folder, path));
    if (reading === undefined) return { path, configPath, ...none, isRunning };
    await this.#checkStaleness(reading, folder);
    const { report, problem, staleness } = reading;
    return { path, configPath, report, problem, staleness, isRunning };
  }

  async #read(reportPath: string): Promise<Reading | undefined> {
    const entry = await stat(reportPath).catch(() => undefined);
    if (entry === undefined) {
      this.#readings.delete(reportPath);
      return undefined;
    }
    const stamp = `${entry.size} ${entry.mtimeMs}`;
    const known = this.#readings.get(reportPath);
    if (known?.stamp === stamp) return known;
    const reading = await readStamped(reportPath, stamp);
    this.#readings.set(reportPath, reading);
    return reading;
  }

  async #checkStaleness(reading: Reading, folder: string): Promise<void> {
    const { report } = reading;
    if (report === undefined) return;
    if (performance.now() - reading.checked > recheckMilliseconds) {
      reading.checking ??= checkFiles(reading, folder, report);
    }
    if (reading.checking === undefined) return;
    const isInTime = await settlesWithin(reading.checking, patienceMilliseconds);
    if (!isInTime) void reading.checking.then(this.#refresh);
  }
}

async function readStamped(path: string, stamp: string): Promise<Reading> {
  const unchecked = { staleness: undefined, checked: -Infinity, checking: undefined };
  try {
    return { stamp, report: await readReport(path), problem: undefined, ...unchecked };
  } catch (error) {
    return { stamp, report: undefined, problem: describeError(error), ...unchecked };
  }
}

async function checkFiles(reading: Reading, folder: string, report: AuditReport): Promise<void> {
  // As of the beginning: what changes from here on, the next check has to see.
  reading.checked = performance.now();
  try {
    reading.staleness = describeStaleness(await findStaleFiles(folder, report.files));
  } catch (error) {
    reading.staleness = describeError(error);
  } finally {
    reading.checking = undefined;
  }
}

async function settlesWithin(task: Promise<void>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>(resolve => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  try {
    return await Promise.race([task.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
