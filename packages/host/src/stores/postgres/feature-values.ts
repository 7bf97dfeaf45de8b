import type { Pool } from 'pg';
import { at, copyRows, floats } from './copy.js';
import { withBulkTransaction, type Queryable } from './pool.js';

/** The features of one bar, normalised, in the order of the feature file. NaN is missing. */
export interface FeatureValues {
  readonly time: number;
  readonly symbol: string;
  readonly values: ArrayLike<number>;
}

/** Stores the features of one bar; a repeat overwrites. `featureHash` is that of the whole feature file. */
export async function storeFeatureRow(db: Queryable, row: FeatureValues, featureHash: string): Promise<void> {
  await db.query(
    `INSERT INTO dw.feature_values (time, symbol, feature_hash, values) VALUES ($1, $2, $3, $4)
     ON CONFLICT (time, symbol) DO UPDATE SET feature_hash = excluded.feature_hash, values = excluded.values, recorded_at = now()`,
    [at(row.time), row.symbol, featureHash, floats(row.values)],
  );
}

/** Stores many at once, overwriting those of the same bars. Returns how many. */
export async function storeFeatureRows(
  pool: Pool,
  rows: readonly FeatureValues[],
  featureHash: string,
): Promise<number> {
  return withBulkTransaction(pool, async (client) => {
    await client.query(`CREATE TEMP TABLE incoming (time timestamptz, symbol text, values float8[]) ON COMMIT DROP`);
    await copyRows(
      client,
      'incoming',
      (function* () {
        for (const row of rows) yield [at(row.time), row.symbol, floats(row.values)];
      })(),
    );
    const { rowCount } = await client.query(
      `INSERT INTO dw.feature_values (time, symbol, feature_hash, values) SELECT time, symbol, $1, values FROM incoming
       ON CONFLICT (time, symbol) DO UPDATE SET feature_hash = excluded.feature_hash, values = excluded.values, recorded_at = now()`,
      [featureHash],
    );
    return rowCount ?? 0;
  });
}
