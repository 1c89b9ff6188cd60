import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { Uri, workspace } from 'vscode';
import type { FromPanelMessage } from '../protocol/panel-protocol.ts';
import { changeMark, formatMarks, marksFileName, readMarks } from '../report/adversary-marks.ts';
import type { AuditReport } from '../report/audit-report.ts';

/** The writing of the mark before: marks that come quickly must not overwrite each other. */
let queue: Promise<void> = Promise.resolve();

/**
 * Keeps what the user says of a natural adversary beside the report, whose own file belongs to
 * whoever audits. Written beside and renamed, so that no mark is ever half there.
 *
 * @param reportPath absolute path of the report
 * @throws ReportError when the file of marks is damaged; FileSystemError when it cannot be written
 */
export async function markAdversary(
  reportPath: string,
  report: Pick<AuditReport, 'samples'>,
  { condition, sample, adversary, looksLikeLabel }: Extract<FromPanelMessage, { kind: 'mark' }>,
): Promise<void> {
  const write = async (): Promise<void> => {
    const folder = dirname(reportPath);
    const marks = changeMark(await readMarks(folder), report, {
      condition,
      sample,
      adversary,
      looksLikeLabel,
    });
    const target = Uri.file(join(folder, marksFileName));
    const temporary = Uri.file(join(folder, `${marksFileName}.${randomUUID()}.tmp`));
    await workspace.fs.writeFile(temporary, new TextEncoder().encode(formatMarks(marks)));
    await workspace.fs.rename(temporary, target, { overwrite: true });
  };
  const writing = queue.then(write);
  queue = writing.catch(() => undefined);
  await writing;
}
