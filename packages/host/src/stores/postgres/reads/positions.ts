import { at, ms, num, type Database } from './database.js';

export interface OpenPositionRow {
  readonly positionId: number;
  readonly code: string;
  readonly name: string;
  readonly symbol: string;
  readonly side: 'long' | 'short';
  readonly quantity: number;
  readonly entryPrice: number;
  readonly entryTime: number;
  readonly stopLoss: number | null;
  readonly takeProfit: number | null;
  /** At the last mark. */
  readonly unrealizedPnl: number | null;
  /** Close of the last bar that opens at or before `lastBar`. */
  readonly currentPrice: number | null;
  readonly simulated: boolean;
}

export async function openPositions(
  db: Database,
  runId: string,
  strategyIds: readonly number[],
  lastBar: number,
): Promise<OpenPositionRow[]> {
  const { rows } = await db.query<OpenPositionRow>(
    `SELECT ${num('p.position_id', 'positionId')}, d.strategy_code AS code, d.strategy_name AS name, p.symbol, p.side,
       ${num('p.quantity', 'quantity')}, ${num('p.entry_price', 'entryPrice')}, ${ms('p.entry_time', 'entryTime')},
       ${num('p.stop_loss', 'stopLoss')}, ${num('p.take_profit', 'takeProfit')},
       ${num('p.unrealized_pnl', 'unrealizedPnl')}, p.simulated,
       (SELECT b.close::float8 FROM usdcop_m5_ohlcv b WHERE b.symbol = p.symbol AND b.time <= ${at('$3')}
        ORDER BY b.time DESC LIMIT 1) AS "currentPrice"
     FROM dw.fact_strategy_positions p JOIN dw.dim_strategy d USING (strategy_id)
     WHERE p.run_id = $1 AND p.strategy_id = ANY ($2) AND p.status = 'open'
     ORDER BY d.strategy_code COLLATE "C", p.entry_time, p.position_id`,
    [runId, strategyIds, lastBar],
  );
  return rows;
}

export interface TradeRow {
  readonly positionId: number;
  readonly symbol: string;
  readonly side: 'long' | 'short';
  readonly quantity: number;
  readonly entryTime: number;
  readonly entryPrice: number;
  readonly exitTime: number | null;
  readonly exitPrice: number | null;
  /** Before fees. */
  readonly realizedPnl: number | null;
  readonly fees: number;
  readonly closeReason: string | null;
  readonly status: 'open' | 'closed';
}

/** Newest entry first. `before` in epoch milliseconds. */
export async function trades(
  db: Database,
  runId: string,
  strategyId: number,
  before: number | null,
  limit: number,
): Promise<TradeRow[]> {
  const { rows } = await db.query<TradeRow>(
    `SELECT ${num('position_id', 'positionId')}, symbol, side, ${num('quantity', 'quantity')},
       ${ms('entry_time', 'entryTime')}, ${num('entry_price', 'entryPrice')}, ${ms('exit_time', 'exitTime')},
       ${num('exit_price', 'exitPrice')}, ${num('realized_pnl', 'realizedPnl')}, ${num('fees', 'fees')},
       close_reason AS "closeReason", status
     FROM dw.fact_strategy_positions
     WHERE run_id = $1 AND strategy_id = $2 AND ($3::float8 IS NULL OR entry_time < ${at('$3')})
     ORDER BY entry_time DESC, position_id DESC LIMIT $4`,
    [runId, strategyId, before, limit],
  );
  return rows;
}

export interface ClosedTradeRow {
  readonly strategyId: number;
  readonly realizedPnl: number;
  readonly fees: number;
  readonly entryTime: number;
  readonly exitTime: number;
}

/** Positions whose exit lies in (from, end]. */
export async function closedTrades(
  db: Database,
  runId: string,
  strategyIds: readonly number[],
  from: number,
  end: number,
): Promise<ClosedTradeRow[]> {
  const { rows } = await db.query<ClosedTradeRow>(
    `SELECT strategy_id AS "strategyId", coalesce(realized_pnl, 0)::float8 AS "realizedPnl", ${num('fees', 'fees')},
       ${ms('entry_time', 'entryTime')}, ${ms('exit_time', 'exitTime')}
     FROM dw.fact_strategy_positions
     WHERE run_id = $1 AND strategy_id = ANY ($2) AND status = 'closed' AND exit_time > ${at('$3')} AND exit_time <= ${at('$4')}
     ORDER BY exit_time, position_id`,
    [runId, strategyIds, from, end],
  );
  return rows;
}

/** Positions closed on or after a local date, up to `end`; from the first on when there is no date. */
export async function tradesClosedFrom(
  db: Database,
  runId: string,
  strategyIds: readonly number[],
  date: string | null,
  zone: string,
  end: number,
): Promise<ClosedTradeRow[]> {
  // local midnight is a time, so that the index of exit times serves
  const { rows } = await db.query<{ from: number | null }>(
    `SELECT ${ms('($1::date::timestamp AT TIME ZONE $2)', 'from')}`,
    [date, zone],
  );
  const from = rows[0]?.from ?? -Infinity;
  // an exit at midnight itself belongs to the date
  return closedTrades(db, runId, strategyIds, from - 1, end);
}

/** How many positions each strategy has open. */
export async function openCounts(
  db: Database,
  runId: string,
  strategyIds: readonly number[],
): Promise<Map<number, number>> {
  const { rows } = await db.query<{ id: number; n: number }>(
    `SELECT strategy_id AS id, count(*)::int AS n FROM dw.fact_strategy_positions
     WHERE run_id = $1 AND strategy_id = ANY ($2) AND status = 'open' GROUP BY 1`,
    [runId, strategyIds],
  );
  return new Map(rows.map((row) => [row.id, row.n]));
}
