import { at, ms, num, type Database } from './database.js';

export interface SignalRow {
  readonly code: string;
  readonly name: string;
  readonly type: string;
  readonly signalId: number;
  readonly signal: 'long' | 'short' | 'flat' | 'close';
  readonly side: 'buy' | 'sell' | 'hold';
  readonly confidence: number | null;
  readonly size: number | null;
  readonly entryPrice: number | null;
  readonly stopLoss: number | null;
  readonly takeProfit: number | null;
  readonly riskUsd: number | null;
  readonly reasoning: string | null;
  readonly timestamp: number;
  readonly symbol: string;
  readonly barTime: number;
  readonly mode: string | null;
  readonly notTraded: string | null;
  readonly roundTripCostBps: number | null;
  readonly breakevenHitRate: number | null;
  readonly origin: 'plugin' | 'external';
  readonly simulated: boolean;
}

/** Of `dw.fact_strategy_signals s JOIN dw.dim_strategy d`. */
export const SIGNAL_FIELDS = `d.strategy_code AS code, d.strategy_name AS name, d.strategy_type AS type, ${num('s.signal_id', 'signalId')},
  s.signal,
  -- a bare INSERT may leave the side out: it follows from the signal
  coalesce(s.side, CASE s.signal WHEN 'long' THEN 'buy' WHEN 'short' THEN 'sell' ELSE 'hold' END) AS side,
  ${num('s.confidence', 'confidence')}, ${num('s.size', 'size')}, ${num('s.entry_price', 'entryPrice')},
  ${num('s.stop_loss', 'stopLoss')}, ${num('s.take_profit', 'takeProfit')}, ${num('s.risk_usd', 'riskUsd')}, s.reasoning,
  ${ms('s.timestamp_utc', 'timestamp')}, s.symbol, ${ms('s.bar_time', 'barTime')}, s.mode, s.not_traded AS "notTraded",
  ${num('s.round_trip_cost_bps', 'roundTripCostBps')}, ${num('s.breakeven_hit_rate', 'breakevenHitRate')}, s.origin, s.simulated`;

/** The newest signal of each of the strategies up to a time, in their order; none for a strategy that has none. */
export async function latestSignals(
  db: Database,
  runId: string,
  strategyIds: readonly number[],
  symbol: string,
  until: number,
): Promise<SignalRow[]> {
  const { rows } = await db.query<SignalRow>(
    `SELECT ${SIGNAL_FIELDS}
     FROM dw.dim_strategy d
     CROSS JOIN LATERAL (
       SELECT * FROM dw.fact_strategy_signals
       WHERE run_id = $1 AND strategy_id = d.strategy_id AND symbol = $3 AND timestamp_utc <= ${at('$4')}
       ORDER BY bar_time DESC LIMIT 1
     ) s
     WHERE d.strategy_id = ANY ($2) ORDER BY array_position($2::int[], d.strategy_id)`,
    [runId, strategyIds, symbol, until],
  );
  return rows;
}

/** Newest first. `before` in epoch milliseconds. */
export async function signals(
  db: Database,
  runId: string,
  strategyId: number,
  before: number | null,
  limit: number,
): Promise<SignalRow[]> {
  const { rows } = await db.query<SignalRow>(
    `SELECT ${SIGNAL_FIELDS}
     FROM dw.fact_strategy_signals s JOIN dw.dim_strategy d USING (strategy_id)
     WHERE s.run_id = $1 AND s.strategy_id = $2 AND ($3::float8 IS NULL OR s.timestamp_utc < ${at('$3')})
     ORDER BY s.bar_time DESC, s.signal_id DESC LIMIT $4`,
    [runId, strategyId, before, limit],
  );
  return rows;
}

export async function signalById(db: Database, signalId: number): Promise<SignalRow | undefined> {
  const { rows } = await db.query<SignalRow>(
    `SELECT ${SIGNAL_FIELDS} FROM dw.fact_strategy_signals s JOIN dw.dim_strategy d USING (strategy_id) WHERE s.signal_id = $1`,
    [signalId],
  );
  return rows[0];
}

export interface NoSignalRow {
  readonly code: string;
  readonly reason: string;
  readonly detail: string | null;
  readonly barTime: number;
  readonly timestamp: number;
}

/** The newest bar of each strategy on which it had no opinion. */
export async function lastNoSignals(db: Database, runId: string): Promise<NoSignalRow[]> {
  const { rows } = await db.query<NoSignalRow>(
    `SELECT d.strategy_code AS code, n.code AS reason, n.detail, ${ms('n.bar_time', 'barTime')},
       ${ms('n.timestamp_utc', 'timestamp')}
     FROM dw.dim_strategy d
     CROSS JOIN LATERAL (
       SELECT * FROM dw.fact_no_signal
       WHERE run_id = $1 AND strategy_id = d.strategy_id ORDER BY bar_time DESC LIMIT 1
     ) n`,
    [runId],
  );
  return rows;
}
