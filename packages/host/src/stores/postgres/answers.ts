import type { Opinion } from '@signalbox/core';
import { at } from './copy.js';
import type { Queryable } from './pool.js';

/** What strategies said of one bar, as it was committed, by code: an ensemble hears them again after a crash. */
export async function readAnswers(
  db: Queryable,
  of: { readonly runId: string; readonly symbol: string; readonly barTime: number; readonly codes: readonly string[] },
): Promise<Map<string, Opinion>> {
  const { rows } = await db.query<{ code: string; opinion: Opinion }>(
    `SELECT d.strategy_code AS code, f.opinion
     FROM dw.dim_strategy d JOIN (
       SELECT strategy_id, opinion FROM dw.fact_strategy_signals WHERE run_id = $1 AND symbol = $2 AND bar_time = $3
       UNION ALL
       SELECT strategy_id, opinion FROM dw.fact_no_signal WHERE run_id = $1 AND symbol = $2 AND bar_time = $3
     ) f USING (strategy_id)
     WHERE d.strategy_code = ANY ($4) AND f.opinion IS NOT NULL`,
    [of.runId, of.symbol, at(of.barTime), of.codes],
  );
  return new Map(rows.map((row) => [row.code, row.opinion]));
}
