import { ms, type Database } from './database.js';

export interface Run {
  readonly id: string;
  /** Market time at which its windows end; null for the live run, whose windows end now. */
  readonly end: number | null;
  /** Codes of the strategies that took part; null for the live run: those that are active. */
  readonly strategies: readonly string[] | null;
}

export async function run(db: Database, id: string): Promise<Run | undefined> {
  if (id === 'live') return { id, end: null, strategies: null };
  const { rows } = await db.query<{ end: number | null; strategies: string[] }>(
    // the last mark says where a run ended that was cut short, or that was given no end
    `SELECT r.strategies, ${ms('coalesce(last.mark, r.to_time, r.created_at)', 'end')}
     FROM dw.runs r
     CROSS JOIN LATERAL (
       SELECT max(e.timestamp_utc) AS mark FROM dw.dim_strategy d
       CROSS JOIN LATERAL (
         SELECT timestamp_utc FROM dw.fact_equity_curve
         WHERE run_id = r.run_id AND strategy_id = d.strategy_id AND symbol = r.symbol ORDER BY bar_time DESC LIMIT 1
       ) e
     ) last
     WHERE r.run_id = $1`,
    [id],
  );
  const found = rows[0];
  return found && { id, end: found.end, strategies: found.strategies };
}
