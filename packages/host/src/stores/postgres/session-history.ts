import type { Trade } from '@signalbox/core';
import type { Queryable } from './pool.js';

/** One strategy's past by sessions. */
export interface SessionHistory {
  /** Last equity of each completed session, in order. */
  readonly closes: readonly number[];
  /** Deepest stored drawdown, percent. */
  readonly maxDrawdownPct: number;
  /** Trades closed in the session that is under way. */
  readonly trades: readonly Trade[];
}

export async function readSessionHistory(
  db: Queryable,
  of: {
    readonly runId: string;
    readonly strategyId: number;
    readonly symbol: string;
    /** IANA zone of session dates. */
    readonly zone: string;
    /** Date of the session that is not over; null when none is. */
    readonly underWay: string | null;
  },
): Promise<SessionHistory> {
  const key = [of.runId, of.strategyId, of.symbol, of.zone, of.underWay];
  const closes = await db.query<{ equity: number }>(
    `SELECT DISTINCT ON ((bar_time AT TIME ZONE $4)::date) equity_value AS equity FROM dw.fact_equity_curve
     WHERE run_id = $1 AND strategy_id = $2 AND symbol = $3 AND ($5::date IS NULL OR (bar_time AT TIME ZONE $4)::date < $5)
     ORDER BY (bar_time AT TIME ZONE $4)::date, bar_time DESC`,
    key,
  );
  const deepest = await db.query<{ pct: number | null }>(
    `SELECT max(current_drawdown_pct) AS pct FROM dw.fact_equity_curve WHERE run_id = $1 AND strategy_id = $2 AND symbol = $3`,
    key.slice(0, 3),
  );
  const trades = await db.query<Trade>(
    `SELECT realized_pnl AS "realizedPnl", fees, entry_time AS "entryTime", exit_time AS "exitTime" FROM dw.fact_strategy_positions
     WHERE run_id = $1 AND strategy_id = $2 AND symbol = $3 AND status = 'closed' AND (exit_bar_time AT TIME ZONE $4)::date = $5
     ORDER BY exit_time`,
    key,
  );
  return {
    closes: closes.rows.map((row) => row.equity),
    maxDrawdownPct: deepest.rows[0]!.pct ?? 0,
    trades: trades.rows,
  };
}
