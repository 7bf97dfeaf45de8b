import type { Bar, Opinion, Position } from '@signalbox/core';
import { at } from './copy.js';
import type { Queryable } from './pool.js';

/** A stored signal with all that it was decided with. Times in epoch milliseconds. */
export interface SignalRecord {
  readonly signalId: number;
  readonly strategyId: number;
  readonly code: string;
  readonly type: string;
  readonly package: string | null;
  readonly parameters: unknown;
  readonly runId: string;
  readonly symbol: string;
  readonly barTime: number;
  readonly timestamp: number;
  readonly mode: string;
  readonly origin: 'plugin' | 'external';
  readonly signal: string;
  readonly confidence: number | null;
  readonly reasoning: string | null;
  /** What the strategy said, to the bit; null where only the signal was stored. */
  readonly opinion: Opinion | null;
  /** Null elements are missing values. */
  readonly vector: readonly (number | null)[] | null;
  readonly featureNames: readonly string[] | null;
  readonly featureHashes: Readonly<Record<string, string | null>> | null;
  readonly pluginVersion: string | null;
  readonly modelSha256: string | null;
  readonly calendarVersion: string | null;
  readonly stateHash: string | null;
  readonly dataWatermark: number | null;
  readonly simulated: boolean;
}

export async function readSignalRecord(db: Queryable, signalId: number): Promise<SignalRecord | undefined> {
  const { rows } = await db.query<SignalRecord>(
    `SELECT s.signal_id AS "signalId", s.strategy_id AS "strategyId", d.strategy_code AS code, d.strategy_type AS type, d.package,
       d.parameters, s.run_id AS "runId", s.symbol, s.bar_time AS "barTime", s.timestamp_utc AS timestamp, s.mode, s.origin,
       s.signal, s.confidence, s.reasoning, s.opinion, s.features AS vector, p.feature_names AS "featureNames",
       p.feature_hashes AS "featureHashes", p.plugin_version AS "pluginVersion", p.model_sha256 AS "modelSha256",
       p.calendar_version AS "calendarVersion", s.state_hash AS "stateHash", s.data_watermark AS "dataWatermark", s.simulated
     FROM dw.fact_strategy_signals s JOIN dw.dim_strategy d USING (strategy_id)
     LEFT JOIN dw.provenance p USING (provenance_id) WHERE s.signal_id = $1`,
    [signalId],
  );
  return rows[0];
}

/** The stored bar; undefined where it was deleted. */
export async function readBar(db: Queryable, symbol: string, barTime: number): Promise<Bar | undefined> {
  const { rows } = await db.query<Bar>(
    'SELECT time, open, high, low, close, volume FROM usdcop_m5_ohlcv WHERE symbol = $1 AND time = $2',
    [symbol, at(barTime)],
  );
  return rows[0];
}

type Of = Pick<SignalRecord, 'runId' | 'symbol' | 'barTime'>;

/** The position that a strategy was in when it was asked about a bar, from its stored fills and the mark of that bar. */
export async function readPositionAt(db: Queryable, of: Of, strategyId: number): Promise<Position> {
  const { rows } = await db.query<{
    side: 'long' | 'short';
    size: number;
    entryPrice: number;
    barsHeld: number;
    unrealizedPnl: number | null;
    equity: number | null;
  }>(
    `SELECT p.side, p.size, p.entry_price AS "entryPrice", e.unrealized_pnl AS "unrealizedPnl", e.equity_value AS equity,
       (SELECT count(*) FROM usdcop_m5_ohlcv b
        WHERE b.symbol = p.symbol AND b.time >= p.entry_bar_time AND b.time <= $4) AS "barsHeld"
     FROM dw.fact_strategy_positions p
     LEFT JOIN dw.fact_equity_curve e ON e.run_id = p.run_id AND e.strategy_id = p.strategy_id AND e.symbol = p.symbol AND e.bar_time = $4
     WHERE p.run_id = $1 AND p.strategy_id = $2 AND p.symbol = $3 AND p.entry_bar_time <= $4
       AND (p.exit_bar_time IS NULL OR p.exit_bar_time > $4)
     ORDER BY p.entry_bar_time DESC LIMIT 1`,
    [of.runId, strategyId, of.symbol, at(of.barTime)],
  );
  const open = rows[0];
  if (!open) return { side: 'flat' };
  const { unrealizedPnl, equity, ...position } = open;
  return { ...position, unrealizedPct: unrealizedPnl === null || !equity ? NaN : (unrealizedPnl / equity) * 100 };
}

/** Ids of strategies by code. */
export async function strategyIds(db: Queryable, codes: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await db.query<{ code: string; id: number }>(
    'SELECT strategy_code AS code, strategy_id AS id FROM dw.dim_strategy WHERE strategy_code = ANY ($1)',
    [codes],
  );
  return new Map(rows.map(({ code, id }) => [code, id]));
}

/** Whether a strategy keeps a state of its own in this run. */
export async function keepsState(db: Queryable, of: Of, strategyId: number): Promise<boolean> {
  const { rows } = await db.query<{ keeps: boolean }>(
    'SELECT plugin IS NOT NULL AS keeps FROM dw.strategy_state WHERE run_id = $1 AND strategy_id = $2 AND symbol = $3',
    [of.runId, strategyId, of.symbol],
  );
  return rows[0]?.keeps ?? false;
}
