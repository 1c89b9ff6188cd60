import { basename, dirname, join, relative, resolve } from 'node:path';
import { writeAtomically } from '../audit/atomic-file.ts';
import { drawReportPictures } from '../audit/report-pictures.ts';
import { reportFileName } from '../report/audit-report.ts';
import { readReport, reportPathOf } from '../report/report-files.ts';
import { findSubjects } from './audit-command.ts';
import { exitCodes } from './exit-codes.ts';

/** Options of `assay pictures`, as commander parses them. */
export interface PicturesFlags {
  readonly config?: string;
  /** Folder to write to. */
  readonly output: string;
  /** Most samples in a row. */
  readonly samples: number;
  readonly quiet: boolean;
}

/**
 * Draws the pictures of finished audits as PNG files; those of several models each into a folder of
 * their own.
 *
 * @param path a report, or what `assay audit` takes
 * @returns the exit code
 * @throws AssayError when a report cannot be read or shown, or a file cannot be written
 */
export async function picturesCommand(path: string, flags: PicturesFlags): Promise<number> {
  const reports = await findReports(resolve(path), flags.config);
  for (const reportPath of reports) {
    const sheets = await drawReportPictures(
      reportPath,
      await readReport(reportPath),
      flags.samples,
    );
    const own = reports.length === 1 ? '' : basename(dirname(reportPath));
    const folder = join(resolve(flags.output), own);
    for (const { file, description, png } of sheets) {
      const target = join(folder, file);
      await writeAtomically(target, png);
      if (!flags.quiet) process.stdout.write(`${relative('', target)}: ${description}\n`);
    }
  }
  return exitCodes.met;
}

async function findReports(path: string, configPath: string | undefined): Promise<string[]> {
  if (basename(path) === reportFileName) return [path];
  const { config, models } = await findSubjects(path, configPath);
  return models.map(model => reportPathOf(config.folder, model));
}
