import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstDifference, type PinnedFeature } from '@signalbox/core';
import type { Pool } from 'pg';
import type { Discovery } from '../plugins/discover.js';
import { countFeatureValues, newestFeatureSet } from '../stores/postgres/feature-sets.js';
import { readFeatureView, viewMatches } from '../stores/postgres/feature-view.js';
import { describeSource } from './feature-source.js';
import type { Plan } from './plan.js';

export interface FeatureLine {
  readonly name: string;
  readonly hash: string;
  readonly stable_after: number;
  readonly source: string;
}

/** What of a feature differs: `field` is where its definition parts from the other; null when there was no such feature. */
export interface FeatureChange {
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly field: string | null;
  readonly was: unknown;
  readonly is: unknown;
}

/** The features of a plan, one line each; those of the position after those of the bar. */
export function featureLines({ config, features }: Plan): { bar: FeatureLine[]; position: FeatureLine[] } {
  const line = (one: (typeof config.features)[number]): FeatureLine => ({
    name: one.name,
    hash: features.hashes[one.name]!,
    stable_after: one.stable_after,
    source: describeSource(one),
  });
  return { bar: config.features.map(line), position: config.position_features.map(line) };
}

export interface StoredFeatures {
  readonly feature_hash: string | null;
  readonly version: string | null;
  /** Values under this file's hash, and under others. */
  readonly current: number;
  readonly other: number;
  /** Null where nobody said what the stored values are. */
  readonly changes: readonly FeatureChange[] | null;
  readonly view_matches: boolean;
}

/** How the stored feature values stand to a plan. */
export async function storedFeatures(pool: Pool, plan: Plan): Promise<StoredFeatures> {
  const { symbol } = plan.instrument;
  const set = await newestFeatureSet(pool, symbol);
  const counts = await countFeatureValues(pool, symbol);
  const total = [...counts.values()].reduce((sum, n) => sum + n, 0);
  const current = counts.get(plan.featureHash) ?? 0;
  const view = await readFeatureView(pool);
  return {
    feature_hash: set?.featureHash ?? null,
    version: set?.version ?? null,
    current,
    other: total - current,
    changes: set ? changesOf(set, plan) : null,
    view_matches: viewMatches(view, plan.features.names, plan.featureHash),
  };
}

function changesOf(
  was: { readonly names: readonly string[]; readonly definitions: Readonly<Record<string, object>> },
  { features }: Plan,
): FeatureChange[] {
  const changes: FeatureChange[] = [];
  for (const name of was.names)
    if (!features.names.includes(name)) changes.push({ name, change: 'removed', field: null, was: null, is: null });
  for (const name of features.names) {
    if (!was.names.includes(name)) changes.push({ name, change: 'added', field: null, was: null, is: null });
    else {
      const found = firstDifference(was.definitions[name], features.definitions[name]);
      if (found)
        changes.push({
          name,
          change: 'changed',
          field: found.path,
          was: found.pinned ?? null,
          is: found.current ?? null,
        });
    }
  }
  return changes;
}

export interface ModelStanding {
  readonly strategy: string;
  readonly model: string;
  readonly ok: boolean;
  /** Features that it pins and that are not what they were, with the field that differs. */
  readonly broken: readonly {
    readonly feature: string;
    readonly field: string;
    readonly was: unknown;
    readonly is: unknown;
  }[];
}

/** Which models of installed strategies were trained on features that are defined otherwise now. */
export function modelStandings(discovered: readonly Discovery[], { features }: Plan): ModelStanding[] {
  return discovered.flatMap((found) => {
    if (!('strategy' in found)) return [];
    const { definition, models, folder } = found.strategy;
    return Object.values(models).map((path): ModelStanding => {
      const file = join(folder, path).replace(/\.[^.]+$/, '.manifest.json');
      const broken = pinnedOf(file).flatMap(({ name, hash, definition: pinned }) => {
        if (features.hashes[name] === hash) return [];
        const current = features.definitions[name];
        if (!current) return [{ feature: name, field: 'name', was: name, is: null }];
        const differs = pinned === undefined ? undefined : firstDifference(pinned, current);
        return [
          {
            feature: name,
            field: differs?.path ?? 'hash',
            was: differs ? (differs.pinned ?? null) : hash,
            is: differs ? (differs.current ?? null) : features.hashes[name]!,
          },
        ];
      });
      return { strategy: definition.code, model: path, ok: broken.length === 0, broken };
    });
  });
}

function pinnedOf(file: string): readonly PinnedFeature[] {
  try {
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as { features?: readonly PinnedFeature[] };
    return Array.isArray(manifest.features) ? manifest.features : [];
  } catch {
    return []; // the host names a manifest that cannot be read when it loads the model
  }
}
