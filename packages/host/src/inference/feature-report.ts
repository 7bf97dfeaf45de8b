import { firstDifference } from '@signalbox/core';
import type { Pool } from 'pg';
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
