import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { AuditOptions } from '../../src/audit/audit-options.ts';
import { runAudit, type AuditOutcome } from '../../src/audit/run-audit.ts';
import { readConfig, type ResolvedConfig } from '../../src/config/resolve-config.ts';
import type { AuditEvent } from '../../src/protocol/worker-protocol.ts';
import { openInline, type InlineOptions } from './inline-executor.ts';

const example = resolve(import.meta.dirname, '../../examples/iris');

/** A copy of the iris example, in which audits can be run without leaving traces in the project. */
export class IrisWorkspace {
  readonly folder: string;
  readonly modelPath: string;
  readonly events: AuditEvent[] = [];

  private constructor(folder: string) {
    this.folder = folder;
    this.modelPath = join(folder, 'models/iris-mlp/model.json');
  }

  static async make(): Promise<IrisWorkspace> {
    const folder = await mkdtemp(join(tmpdir(), 'assay iris '));
    await cp(example, folder, {
      recursive: true,
      filter: source => !source.includes('.assay') && !source.includes('training'),
    });
    return new IrisWorkspace(folder);
  }

  config(): Promise<ResolvedConfig> {
    return readConfig(this.#configPath);
  }

  /** Puts fields in the place of those of the configuration. */
  async configure(fields: object): Promise<void> {
    const config = JSON.parse(await readFile(this.#configPath, 'utf8')) as object;
    await writeFile(this.#configPath, JSON.stringify({ ...config, ...fields }));
  }

  /** Adds a model beside the first, whose weights differ by a fifth; its path in the folder. */
  async addOtherModel(): Promise<string> {
    const models = join(this.folder, 'models');
    await cp(join(models, 'iris-mlp'), join(models, 'other'), { recursive: true });
    const file = join(models, 'other/group1-shard1of1.bin');
    const weights = new Float32Array(new Uint8Array(await readFile(file)).buffer);
    const changed = weights.map((weight, i) => weight * (1 + 0.2 * Math.sin(i)));
    await writeFile(file, new Uint8Array(changed.buffer));
    return 'models/other/model.json';
  }

  get #configPath(): string {
    return join(this.folder, 'assay.config.json');
  }

  /** Audits the model with real pieces, in this thread. */
  async audit(
    options: Partial<AuditOptions> = {},
    inline: InlineOptions = {},
  ): Promise<AuditOutcome> {
    return await runAudit({
      config: await this.config(),
      modelPath: this.modelPath,
      overrides: {},
      engine: 'auto',
      resume: true,
      toolVersion: 'test',
      openExecutor: subject => openInline(subject, inline),
      onEvent: event => this.events.push(event),
      signal: new AbortController().signal,
      ...options,
    });
  }
}
