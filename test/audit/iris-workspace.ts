import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runAudit, type AuditOptions, type AuditOutcome } from '../../src/audit/run-audit.ts';
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
    return readConfig(join(this.folder, 'assay.config.json'));
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
