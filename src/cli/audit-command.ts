import { availableParallelism } from 'node:os';
import { relative, resolve } from 'node:path';
import { runAudit, type AuditOutcome } from '../audit/run-audit.ts';
import { openThreads } from '../audit/thread-executor.ts';
import { toolVersion } from '../audit/tool-version.ts';
import { configFileName } from '../config/audit-config.ts';
import { ConfigError } from '../config/config-error.ts';
import { findConfig, readConfig, type ResolvedConfig } from '../config/resolve-config.ts';
import type { AuditOverrides, EngineChoice } from '../protocol/worker-protocol.ts';
import { describeReport } from './describe-report.ts';
import { exitCodes } from './exit-codes.ts';
import { ProgressLine } from './progress-line.ts';

/** Options of `assay audit`, as commander parses them. */
export interface AuditFlags {
  readonly config?: string;
  readonly preset?: 'quick' | 'standard' | 'full';
  readonly samples?: number;
  readonly seed?: number;
  readonly engine: EngineChoice;
  readonly threads: number;
  readonly fresh: boolean;
  readonly json: boolean;
  readonly details: boolean;
  readonly untilDecided: boolean;
  readonly quiet: boolean;
}

/**
 * Audits one model, or all of a configuration, one after the other.
 *
 * @returns the exit code
 * @throws AssayError when an audit cannot be done
 */
export async function auditCommand(path: string, flags: AuditFlags): Promise<number> {
  const { config, models } = await findSubjects(resolve(path), flags.config);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    const outcomes: AuditOutcome[] = [];
    for (const modelPath of models) {
      const outcome = await auditModel(config, modelPath, flags, stop.signal);
      outcomes.push(outcome);
      if (!flags.json && !flags.quiet) {
        process.stdout.write(
          `${describeReport(outcome.report, relative('', outcome.reportPath), flags.details)}\n`,
        );
      }
      if (stop.signal.aborted) break;
    }
    if (flags.json) {
      const reports = outcomes.map(({ report }) => report);
      const [only] = reports;
      process.stdout.write(`${JSON.stringify(models.length === 1 ? only : reports, null, 1)}\n`);
    }
    return exitCodeOf(outcomes);
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

async function auditModel(
  config: ResolvedConfig,
  modelPath: string,
  flags: AuditFlags,
  signal: AbortSignal,
): Promise<AuditOutcome> {
  const overrides: AuditOverrides = {
    ...(flags.preset === undefined ? {} : { preset: flags.preset }),
    ...(flags.samples === undefined ? {} : { samples: flags.samples }),
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    ...(flags.untilDecided ? { untilDecided: true } : {}),
  };
  const progress = new ProgressLine(process.stderr, flags.quiet);
  try {
    return await runAudit({
      config,
      modelPath,
      overrides,
      engine: flags.engine,
      resume: !flags.fresh,
      toolVersion,
      openExecutor: subject =>
        openThreads(subject, flags.threads === 0 ? availableParallelism() : flags.threads),
      onEvent: event => {
        if (event.kind === 'progress') progress.show(event);
        if (event.kind === 'notice') progress.notice(event.message);
      },
      signal,
    });
  } finally {
    progress.clear();
  }
}

/** What `path` means: a model, a configuration, or a folder in which or above which one lies. */
export async function findSubjects(
  path: string,
  configPath: string | undefined,
): Promise<{ config: ResolvedConfig; models: readonly string[] }> {
  const isConfig = path.endsWith(configFileName);
  const found =
    configPath !== undefined ? resolve(configPath) : isConfig ? path : await findConfig(path);
  if (found === undefined) {
    throw new ConfigError('config/not-found', `There is no ${configFileName} here or above.`, {
      place: { file: relative('', path) || '.' },
      remedy: 'Write one with "assay init path/to/model.json".',
    });
  }
  const config = await readConfig(found);
  const isModel = path.endsWith('.json') && !isConfig;
  return { config, models: isModel ? [path] : config.models };
}

function exitCodeOf(outcomes: readonly AuditOutcome[]): number {
  const reports = outcomes.map(({ report }) => report);
  const incomplete = reports.some(
    ({ state, conditions }) =>
      state !== 'complete' || conditions.some(condition => condition.state === 'failed'),
  );
  if (incomplete) return exitCodes.impossible;
  const missed = reports.some(({ checks }) =>
    checks.some(({ verdict }) => verdict === 'fail' || verdict === 'unknown'),
  );
  return missed ? exitCodes.missed : exitCodes.met;
}
