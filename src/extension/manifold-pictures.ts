import type { ManifoldPicturesMessage } from '../protocol/panel-protocol.ts';
import type { AuditReport } from '../report/audit-report.ts';
import { openBesideReport } from '../report/report-arrays.ts';

/**
 * What the manifold of a report holds: random samples, and ways between classes.
 *
 * @param reportPath absolute path of the report
 * @returns undefined when the report has no such pictures, or they cannot be read
 */
export async function readManifoldPictures(
  reportPath: string,
  { manifold, model }: Pick<AuditReport, 'manifold' | 'model'>,
): Promise<ManifoldPicturesMessage | undefined> {
  if (manifold?.trained !== true || manifold.pictures === undefined) return undefined;
  const archive = await openBesideReport(reportPath, manifold.pictures.file);
  if (archive === undefined) return undefined;
  const read = async (name: string): Promise<Float32Array> => {
    const array = await archive.array(name);
    return Float32Array.from(await array.readRows(0, array.rowCount));
  };
  const { inputShape: shape, bounds } = model;
  return {
    kind: 'manifold-pictures',
    shape,
    bounds,
    random: await read('random'),
    ways: await read('ways'),
  };
}
