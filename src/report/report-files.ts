import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import * as v from 'valibot';
import { readMarks, withMarks } from './adversary-marks.ts';
import {
  AuditReportSchema,
  reportFileName,
  reportFolder,
  type AuditReport,
} from './audit-report.ts';
import { ReportError } from './report-error.ts';

/** Relative path with forward slashes, as reports write it on every platform. */
export function portablePath(folder: string, file: string): string {
  return relative(folder, file).split(sep).join('/');
}

/**
 * Folder of the report of one model: `models/a/model.json` → `.assay/reports/models__a`. Readable,
 * and different for different models of the same configuration.
 *
 * @param folder absolute folder of the configuration
 * @param modelPath absolute path of the model.json
 */
export function reportFolderOf(folder: string, modelPath: string): string {
  const path = portablePath(folder, modelPath);
  const name = path.endsWith('/model.json') ? dirname(path) : path;
  return join(folder, reportFolder, name.replaceAll('/', '__').replaceAll(/[^\w.-]/g, '-'));
}

/** Absolute path of the report of one model. */
export function reportPathOf(folder: string, modelPath: string): string {
  return join(reportFolderOf(folder, modelPath), reportFileName);
}

/**
 * The report with what people have said of its adversaries since it was written.
 *
 * @throws ReportError when the file is missing, unreadable, of a newer version or not a report, or
 *   when its marks cannot be read
 */
export async function readReport(path: string): Promise<AuditReport> {
  const remedy = 'Run the audit again.';
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') {
      throw new ReportError('report/not-found', 'There is no report yet.', {
        place: { file: path },
        remedy: 'Run an audit.',
        cause,
      });
    }
    throw new ReportError('report/unreadable', 'The report cannot be read.', {
      place: { file: path },
      remedy,
      cause,
    });
  }
  const version = v.safeParse(v.object({ version: v.number() }), value);
  if (version.success && version.output.version > 1) {
    throw new ReportError(
      'report/newer',
      `The report has version ${version.output.version}, newer than this Assay.`,
      {
        place: { file: path },
        remedy: 'Update Assay.',
      },
    );
  }
  const checked = v.safeParse(AuditReportSchema, value);
  if (checked.success) return withMarks(checked.output, await readMarks(dirname(path)));
  const [issue] = checked.issues;
  throw new ReportError('report/invalid', `This is not a report of Assay: ${issue.message}.`, {
    place: { file: path, field: v.getDotPath(issue) ?? '' },
    remedy,
  });
}

/** Absolute paths of all reports below a configuration's folder; empty when there is none. */
export async function listReports(folder: string): Promise<string[]> {
  const root = join(folder, reportFolder);
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  return entries
    .filter(entry => entry.isDirectory())
    .map(entry => join(root, entry.name, reportFileName))
    .sort();
}
