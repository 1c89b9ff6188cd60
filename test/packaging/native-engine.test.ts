import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AuditRequest } from '../../src/protocol/worker-protocol.ts';
import { readReport } from '../../src/report/report-files.ts';
import { IrisWorkspace } from '../audit/iris-workspace.ts';
import { installPackage, platformVsixFile, readPackage } from './packed-extension.ts';
import { talkTo } from './talk-to.ts';

// Not everywhere: `npm run package -- --this-platform` says so where there is no native engine.
describe.skipIf(!existsSync(platformVsixFile))('the package for this platform', () => {
  const files = readPackage(platformVsixFile);
  let folder: string;
  beforeAll(() => {
    folder = installPackage(files);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('holds the native libraries of this platform only', () => {
    const libraries = 'dist/node_modules/onnxruntime-node/bin/napi-v6/';
    const platforms = [...files.keys()].flatMap(path =>
      path.startsWith(libraries) ? [path.slice(libraries.length).split('/', 2).join('-')] : [],
    );
    expect([...new Set(platforms)]).toEqual([`${process.platform}-${process.arch}`]);
  });

  test('audits natively, far from any other installation', async () => {
    const workspace = await IrisWorkspace.make();
    const { reportPath, state } = await talkTo(join(folder, 'dist/worker.cjs'), [], connection =>
      connection.sendRequest(AuditRequest, {
        auditId: 'packaged',
        configPath: join(workspace.folder, 'assay.config.json'),
        modelPath: workspace.modelPath,
        engine: 'auto',
        threads: 2,
        overrides: {},
        resume: true,
      }),
    );
    expect(state).toBe('complete');
    const { engine } = await readReport(reportPath);
    expect(engine).toMatchObject({ name: 'native', threads: 2, notes: [] });
    expect(engine.version).toMatch(/^onnxruntime-node \d/);
    rmSync(workspace.folder, { recursive: true });
  });
});
