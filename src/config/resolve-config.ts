import { readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { configFileName, type AuditConfig } from './audit-config.ts';
import type { ConditionConfig } from './condition-config.ts';
import type { DataConfig } from './data-config.ts';
import type { ManifoldConfig } from './manifold-config.ts';
import type { UncertaintyConfig } from './uncertainty-config.ts';
import { ConfigError } from './config-error.ts';
import { parseConfigOrThrow } from './parse-config.ts';

/** A configuration read from disk, its paths made absolute. */
export interface ResolvedConfig {
  /** Absolute path of the file. */
  readonly file: string;
  /** Its folder: the root that no path may leave and that reports are written to. */
  readonly folder: string;
  readonly config: AuditConfig;
  /** Absolute paths of the `model.json` files. */
  readonly models: readonly string[];
  /** The data part with absolute paths. */
  readonly data: DataConfig;
  /** The uncertainty part with absolute paths. */
  readonly uncertainty: UncertaintyConfig;
  /** The manifold part with absolute paths; undefined where the configuration has none. */
  readonly manifold: ManifoldConfig | undefined;
  /** The further conditions with absolute paths; undefined where the configuration has none. */
  readonly conditions: readonly ConditionConfig[] | undefined;
}

/** @throws ConfigError when the file is missing, cannot be read or is wrong */
export async function readConfig(file: string): Promise<ResolvedConfig> {
  const absolute = resolve(file);
  let text: string;
  try {
    text = await readFile(absolute, 'utf8');
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw new ConfigError(
      missing ? 'config/not-found' : 'config/unreadable',
      missing ? 'There is no such file.' : 'The file cannot be read.',
      {
        place: { file },
        remedy: `Create it with "assay init", or name another with --config.`,
        cause,
      },
    );
  }
  return resolveConfig(parseConfigOrThrow(text, file), absolute);
}

/** Makes the paths of a checked configuration absolute. @throws ConfigError for one that leaves the folder */
export function resolveConfig(config: AuditConfig, file: string): ResolvedConfig {
  const folder = dirname(file);
  const inside: ResolvePath = (path, field) => resolveInside(folder, path, file, field);
  return {
    file,
    folder,
    config,
    models: config.models.map((path, i) => inside(path, `models[${i}]`)),
    data: resolveData(config.data, 'data', inside),
    uncertainty: resolveUncertainty(config.uncertainty, inside),
    manifold: config.manifold && {
      ...config.manifold,
      data: resolveData(config.manifold.data, 'manifold.data', inside),
    },
    conditions: config.conditions?.map((condition, i) =>
      resolveCondition(condition, `conditions[${i}]`, inside),
    ),
  };
}

/** Makes the path of a field absolute. */
type ResolvePath = (path: string, field: string) => string;

function resolveCondition(
  condition: ConditionConfig,
  field: string,
  inside: ResolvePath,
): ConditionConfig {
  switch (condition.condition) {
    case 'out-of-distribution':
      return { ...condition, data: resolveData(condition.data, `${field}.data`, inside) };
    case 'transfer':
      return { ...condition, from: inside(condition.from, `${field}.from`) };
    case 'matched-noise':
    case 'corruption':
    case 'evasion':
      return condition;
  }
}

function resolveUncertainty(
  { models, calibration, ...uncertainty }: UncertaintyConfig,
  inside: ResolvePath,
): UncertaintyConfig {
  const { data, ...rest } = calibration;
  return {
    ...uncertainty,
    ...(models === undefined
      ? {}
      : { models: models.map((path, i) => inside(path, `uncertainty.models[${i}]`)) }),
    calibration:
      data === undefined
        ? rest
        : { ...rest, data: resolveData(data, 'uncertainty.calibration.data', inside) },
  };
}

function resolveData(data: DataConfig, field: string, inside: ResolvePath): DataConfig {
  switch (data.format) {
    case 'idx':
    case 'npy':
      return {
        ...data,
        inputs: inside(data.inputs, `${field}.inputs`),
        labels: inside(data.labels, `${field}.labels`),
      };
    case 'npz':
    case 'csv':
      return { ...data, file: inside(data.file, `${field}.file`) };
    case 'images':
      return { ...data, folder: inside(data.folder, `${field}.folder`) };
  }
}

function resolveInside(folder: string, path: string, file: string, field: string): string {
  const absolute = resolve(folder, path);
  if (isAbsolute(path) || !isInside(absolute, folder)) {
    throw new ConfigError(
      'config/outside-folder',
      `"${path}" leaves the folder of the configuration.`,
      {
        place: { file, field },
        remedy: 'Move the file into the folder, or the configuration to a folder above both.',
      },
    );
  }
  return absolute;
}

/** Whether `path` is `folder` or lies below it. Both absolute. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (!way.startsWith(`..${sep}`) && way !== '..' && !isAbsolute(way));
}

/**
 * Looks for `assay.config.json` in the folder of `start` and upwards.
 *
 * @param start absolute path of a file or folder
 * @param root absolute path of the last folder that is looked into; the file system's root by default
 * @returns absolute path of the nearest configuration, or undefined
 */
export async function findConfig(start: string, root?: string): Promise<string | undefined> {
  let folder = (await isFolder(start)) ? start : dirname(start);
  for (;;) {
    const candidate = join(folder, configFileName);
    if (await isFile(candidate)) return candidate;
    const parent = dirname(folder);
    if (parent === folder || folder === root) return undefined;
    folder = parent;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    entry => entry.isDirectory(),
    () => false,
  );
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    entry => entry.isFile(),
    () => false,
  );
}
