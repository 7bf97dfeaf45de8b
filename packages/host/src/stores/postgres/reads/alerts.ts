import { at, ms, num, type Database } from './database.js';

export interface AlertRow {
  readonly alertId: number;
  readonly severity: 'info' | 'warning' | 'critical';
  readonly code: string;
  readonly message: string;
  readonly strategy: string | null;
  readonly symbol: string | null;
  readonly timestamp: number;
  readonly simulated: boolean;
}

/** Newest first. `before` in epoch milliseconds. */
export async function alerts(
  db: Database,
  runId: string,
  strategyId: number | null,
  before: number | null,
  limit: number,
): Promise<AlertRow[]> {
  const { rows } = await db.query<AlertRow>(
    `SELECT ${num('a.alert_id', 'alertId')}, a.severity, a.code, a.message, d.strategy_code AS strategy, a.symbol,
       ${ms('a.timestamp_utc', 'timestamp')}, a.simulated
     FROM dw.alerts a LEFT JOIN dw.dim_strategy d USING (strategy_id)
     WHERE a.run_id = $1 AND ($2::int IS NULL OR a.strategy_id = $2) AND ($3::float8 IS NULL OR a.timestamp_utc < ${at('$3')})
     ORDER BY a.timestamp_utc DESC, a.alert_id DESC LIMIT $4`,
    [runId, strategyId, before, limit],
  );
  return rows;
}
