import { dirname, isAbsolute, resolve } from 'node:path';
import { findNodeAtLocation, type Node } from 'jsonc-parser';
import type { AttackConfig } from '../config/attack-config.ts';
import type { AuditConfig, Requirement } from '../config/audit-config.ts';
import { isInside } from '../config/resolve-config.ts';

/** Something of a configuration and the characters of the text where it stands. */
export interface Placed<T> {
  readonly value: T;
  readonly offset: number;
  readonly length: number;
}

/** A path as it is written, and where it leads. */
export interface PlacedPath {
  /** As in the file. */
  readonly written: string;
  /** Absolute. */
  readonly path: string;
}

/** The parts of a configuration that lenses, links and hovers belong to. */
export interface ConfigPlaces {
  readonly models: readonly Placed<PlacedPath>[];
  readonly attacks: readonly Placed<AttackConfig>[];
  readonly requirements: readonly Placed<Requirement>[];
  /** The least value that each requirement demands. */
  readonly thresholds: readonly Placed<Requirement>[];
  /** Files and folders of the data. */
  readonly data: readonly Placed<PlacedPath>[];
}

/**
 * Finds where the parts of a checked configuration stand in its text. Paths that leave the folder of
 * the configuration are left out.
 *
 * @param configPath absolute path of the file
 */
export function findConfigPlaces(
  config: AuditConfig,
  tree: Node,
  configPath: string,
): ConfigPlaces {
  const folder = dirname(configPath);
  const pathAt = (way: readonly (string | number)[], written: string): Placed<PlacedPath>[] => {
    const path = resolve(folder, written);
    return isAbsolute(written) || !isInside(path, folder)
      ? []
      : place(tree, way, { written, path });
  };
  return {
    models: config.models.flatMap((model, i) => pathAt(['models', i], model)),
    attacks: (config.attacks ?? []).flatMap((attack, i) => place(tree, ['attacks', i], attack)),
    requirements: config.requirements.flatMap((requirement, i) =>
      place(tree, ['requirements', i], requirement),
    ),
    thresholds: config.requirements.flatMap((requirement, i) =>
      place(tree, ['requirements', i, 'minimum'], requirement),
    ),
    data: Object.entries(config.data).flatMap(([field, value]) =>
      isPathField(config.data.format, field) && typeof value === 'string'
        ? pathAt(['data', field], value)
        : [],
    ),
  };
}

/** Of a NumPy archive `inputs` and `labels` are names of arrays, elsewhere they are files. */
function isPathField(format: AuditConfig['data']['format'], field: string): boolean {
  if (field === 'inputs' || field === 'labels') return format !== 'npz';
  return field === 'file' || field === 'folder';
}

function place<T>(tree: Node, way: readonly (string | number)[], value: T): Placed<T>[] {
  const node = findNodeAtLocation(tree, [...way]);
  return node === undefined ? [] : [{ value, offset: node.offset, length: node.length }];
}
