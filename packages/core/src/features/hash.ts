import { sha256 } from './sha256.js';

/** JSON with sorted keys and no spaces: equal values have equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`)
    .join(',')}}`;
}

/** Hash of a feature's definition, as `FeaturePlan.definitions` gives it. */
export function hashDefinition(definition: object): string {
  return sha256(canonicalJson(definition));
}

/** The place where two definitions part. `path` is dotted, e.g. `transforms.0.period`; a side without the field is undefined. */
export interface DefinitionDifference {
  readonly path: string;
  readonly pinned: unknown;
  readonly current: unknown;
}

/** The first field in which two definitions differ, to say why a hash does; undefined when they are equal. */
export function firstDifference(pinned: unknown, current: unknown, path = ''): DefinitionDifference | undefined {
  if (isObject(pinned) && isObject(current)) {
    for (const key of [...new Set([...Object.keys(pinned), ...Object.keys(current)])].sort()) {
      const found = firstDifference(pinned[key], current[key], path ? `${path}.${key}` : key);
      if (found) return found;
    }
    return undefined;
  }
  return Object.is(pinned, current) ? undefined : { path, pinned, current };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
