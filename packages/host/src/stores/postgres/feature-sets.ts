import type { FeaturePlan } from '@signalbox/core';
import type { Queryable } from './pool.js';

/** What stored feature values were made with. */
export interface FeatureSet {
  readonly featureHash: string;
  readonly version: string;
  readonly names: readonly string[];
  readonly hashes: Readonly<Record<string, string>>;
  readonly definitions: Readonly<Record<string, object>>;
}

/** Says once what a hash of feature values stands for. */
export async function storeFeatureSet(db: Queryable, featureHash: string, plan: FeaturePlan): Promise<void> {
  await db.query(
    `INSERT INTO dw.feature_sets (feature_hash, version, names, hashes, definitions) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (feature_hash) DO NOTHING`,
    [featureHash, plan.version, plan.names, JSON.stringify(plan.hashes), JSON.stringify(plan.definitions)],
  );
}

/** The set of the newest stored values of a symbol; undefined where none are stored or nobody said what they are. */
export async function newestFeatureSet(db: Queryable, symbol: string): Promise<FeatureSet | undefined> {
  const { rows } = await db.query<FeatureSet>(
    `SELECT s.feature_hash AS "featureHash", s.version, s.names, s.hashes, s.definitions
     FROM (SELECT feature_hash FROM dw.feature_values WHERE symbol = $1 ORDER BY time DESC LIMIT 1) v
     JOIN dw.feature_sets s USING (feature_hash)`,
    [symbol],
  );
  return rows[0];
}

/** How many values of a symbol are stored under each hash. */
export async function countFeatureValues(db: Queryable, symbol: string): Promise<ReadonlyMap<string, number>> {
  const { rows } = await db.query<{ hash: string; n: number }>(
    'SELECT feature_hash AS hash, count(*)::int AS n FROM dw.feature_values WHERE symbol = $1 GROUP BY 1',
    [symbol],
  );
  return new Map(rows.map(({ hash, n }) => [hash, n]));
}
