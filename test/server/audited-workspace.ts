import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AuditReport, Check, Condition, FileStamp } from '../../src/report/audit-report.ts';
import { reportPathOf } from '../../src/report/report-files.ts';
import { stampFile } from '../../src/report/staleness.ts';
import { proportion } from '../../src/report/statistics.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

/** The configuration of the workspace, as a user writes it: with comments, and with all parts. */
export const configText = `{
  // What Assay audits.
  "version": 1,
  "models": ["models/digits/model.json"],
  "data": { "format": "npy", "inputs": "data/x_test.npy", "labels": "data/y_test.npy" },
  "attacks": [
    { "attack": "fgsm", "epsilon": 0.1 },
    { "attack": "fgsm", "epsilon": 0.2 },
    { "attack": "carlini-wagner" },
  ],
  "requirements": [
    { "check": "clean-accuracy", "minimum": 0.9 },
    { "check": "robust-accuracy", "attack": "fgsm-linf-0.1", "minimum": 0.95 },
  ],
}
`;

/** A workspace on disk with a model, its data and its configuration. */
export class AuditedWorkspace {
  /** Absolute. The name has a space, as folders of users do. */
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<AuditedWorkspace> {
    const workspace = new AuditedWorkspace(join(await temporaryFolder(), 'my models'));
    await workspace.write('assay.config.json', configText);
    await workspace.writeModel('models/digits');
    await workspace.write('data/x_test.npy', 'inputs');
    await workspace.write('data/y_test.npy', 'labels');
    return workspace;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  async write(name: string, content: string): Promise<string> {
    const path = this.path(name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    return path;
  }

  async writeModel(folder: string): Promise<string> {
    await this.write(`${folder}/group1-shard1of1.bin`, 'weights');
    return await this.write(
      `${folder}/model.json`,
      JSON.stringify({
        format: 'layers-model',
        modelTopology: { class_name: 'Sequential', config: [] },
        weightsManifest: [{ paths: ['group1-shard1of1.bin'], weights: [] }],
      }),
    );
  }

  /** Writes the report of an audit of this very workspace that ended now. */
  async writeReport(changes: Partial<AuditReport> = {}): Promise<string> {
    const stamp = (name: string, role: FileStamp['role']): Promise<FileStamp> =>
      stampFile(this.folder, this.path(name), role);
    const files = await Promise.all([
      stamp('assay.config.json', 'config'),
      stamp('models/digits/model.json', 'model'),
      stamp('models/digits/group1-shard1of1.bin', 'weights'),
      stamp('data/x_test.npy', 'data'),
    ]);
    const path = reportPathOf(this.folder, this.path('models/digits/model.json'));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, JSON.stringify({ ...digitsReport(files), ...changes }));
    return path;
  }
}

const clean: Condition = {
  id: 'clean',
  kind: 'clean',
  label: 'Clean',
  state: 'finished',
  finished: 100,
  total: 100,
  accuracy: proportion(99, 100),
  uncertainty: null,
  seconds: 0.2,
};

function attacked(
  id: string,
  label: string,
  right: number,
  attack: NonNullable<Condition['attack']>,
): Condition {
  return {
    ...clean,
    id,
    kind: 'attack',
    label,
    accuracy: proportion(right, 100),
    attackSuccess: proportion(99 - right, 99),
    distance: { norm: attack.norm, median: right > 50 ? null : 1.35, meanOfSuccesses: 1.2 },
    attack,
  };
}

const missed: Check = {
  id: 'robust-accuracy:fgsm-linf-0.1',
  label: 'Accuracy under FGSM L∞ ε=0.1',
  verdict: 'fail',
  required: 0.95,
  measured: 0.87,
  lower: 0.79,
  upper: 0.922,
  explanation: '87.0% is below the required 95.0%.',
};

function digitsReport(files: FileStamp[]): AuditReport {
  const now = new Date().toISOString();
  return {
    version: 1,
    tool: { name: 'assay', version: '0.1.0' },
    state: 'complete',
    startedAt: now,
    updatedAt: now,
    seconds: 3,
    seed: 0,
    preset: 'quick',
    config: 'assay.config.json',
    fingerprint: 'f',
    model: {
      path: 'models/digits/model.json',
      name: 'digits',
      format: 'layers-model',
      fingerprint: 'm',
      inputShape: [2, 2, 1],
      classCount: 10,
      classNames: [],
      bounds: [0, 1],
      parameterCount: 10,
      logits: 'Before the softmax of dense_1.',
      notes: [],
    },
    data: {
      source: 'data/x_test.npy',
      fingerprint: 'd',
      total: 10000,
      selection: 'random',
      samples: 100,
      baselineSamples: 100,
    },
    engine: { name: 'wasm', version: '4.22.0', threads: 2, notes: [] },
    files,
    gradientCheck: null,
    conditions: [
      clean,
      attacked('fgsm-linf-0.1', 'FGSM L∞ ε=0.1', 87, {
        name: 'fgsm',
        kind: 'fixed-budget',
        norm: 'Linf',
        settings: { norm: 'Linf', epsilon: 0.1, loss: 'cross-entropy' },
      }),
      attacked('carlini-wagner-l2-quick', 'C&W L2 (quick)', 0, {
        name: 'carlini-wagner',
        kind: 'minimum-norm',
        norm: 'L2',
        settings: { preset: 'quick', confidence: 0, iterations: 200 },
      }),
    ],
    checks: [
      {
        id: 'clean-accuracy',
        label: 'Accuracy on clean samples',
        verdict: 'pass',
        required: 0.9,
        measured: 0.99,
        lower: 0.946,
        upper: 0.998,
        explanation: 'At least 94.6% with 95% confidence.',
      },
      missed,
    ],
    flags: [
      {
        id: 'gradient-masking',
        severity: 'warning',
        message: 'A | B <img src=x> *masked*.',
        remedy: 'Look at it.',
      },
    ],
    samples: [],
    arrays: {},
  };
}
