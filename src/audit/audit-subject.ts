import type { AuditOptions } from './audit-options.ts';
import { sampleSelection } from './plan.ts';
import type { AuditSubject } from './subject.ts';

/** What a tensor thread has to open for an audit. */
export function auditSubject({ config, modelPath, overrides, engine }: AuditOptions): AuditSubject {
  return {
    folder: config.folder,
    modelPath,
    input: config.config.input,
    data: config.data,
    uncertainty: config.uncertainty,
    outside: (config.conditions ?? []).flatMap(condition =>
      condition.condition === 'out-of-distribution'
        ? [{ name: condition.name, data: condition.data }]
        : [],
    ),
    transferFrom: [
      ...new Set(
        (config.conditions ?? []).flatMap(condition =>
          condition.condition === 'transfer' && condition.from !== modelPath
            ? [condition.from]
            : [],
        ),
      ),
    ],
    averagedPasses: config.config.averagedPasses,
    manifold:
      config.manifold === undefined
        ? undefined
        : { config: config.manifold, seed: config.config.seed },
    selection: sampleSelection(config.config, overrides),
    engine,
    seed: overrides.seed ?? config.config.seed,
  };
}
