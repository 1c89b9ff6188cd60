import type { ResolvedConfig } from '../config/resolve-config.ts';
import type { FileStamp } from '../report/audit-report.ts';
import { stampFile } from '../report/staleness.ts';
import type { SubjectRecord } from './subject.ts';

/** Every file that an audit comes from, with what tells whether it has changed since. */
export async function stampAuditedFiles(
  config: ResolvedConfig,
  modelPath: string,
  record: SubjectRecord,
): Promise<FileStamp[]> {
  const stamp = (file: string, role: FileStamp['role']) => stampFile(config.folder, file, role);
  const sources = [
    ...record.outside,
    ...(record.calibration === undefined ? [] : [record.calibration]),
    ...(record.manifoldData === undefined ? [] : [record.manifoldData]),
  ];
  const dataFiles = new Set([...record.dataFiles, ...sources.flatMap(({ files }) => files)]);
  const companions = new Set([
    ...record.companionFiles,
    ...record.transferFrom.flatMap(source => source.files),
  ]);
  return await Promise.all([
    stamp(config.file, 'config'),
    ...record.modelFiles.map(file => stamp(file, file === modelPath ? 'model' : 'weights')),
    ...[...companions].map(file => stamp(file, 'companion')),
    ...[...dataFiles].map(file => stamp(file, 'data')),
  ]);
}
