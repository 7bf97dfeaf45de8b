import { at, ms, num, type Database } from './database.js';

/** How many signals of each kind, and how many bars without one, lie in a window. */
export interface DecisionCounts {
  readonly long: number;
  readonly short: number;
  readonly flat: number;
  readonly close: number;
  /** Bars with a recorded no-signal. */
  readonly none: number;
  /** Completion of the first decision of any kind, in the window or before it. */
  readonly first: number | null;
}

/** Decisions of a strategy with a timestamp in (`from`, `end`]. */
export async function decisionCounts(
  db: Database,
  runId: string,
  strategyId: number,
  symbol: string,
  from: number,
  end: number,
): Promise<DecisionCounts> {
  const count = (signal: string): string => `count(*) FILTER (WHERE signal = '${signal}')::float8 AS "${signal}"`;
  const { rows } = await db.query<DecisionCounts>(
    `SELECT ${['long', 'short', 'flat', 'close'].map(count).join(', ')},
       (SELECT count(*)::float8 FROM dw.fact_no_signal
        WHERE run_id = $1 AND strategy_id = $2 AND symbol = $3 AND timestamp_utc > ${at('$4')} AND timestamp_utc <= ${at('$5')}) AS none,
       (SELECT ${ms('min(t)', 't')} FROM (
          (SELECT min(timestamp_utc) AS t FROM dw.fact_strategy_signals WHERE run_id = $1 AND strategy_id = $2 AND symbol = $3)
          UNION ALL (SELECT min(timestamp_utc) FROM dw.fact_no_signal WHERE run_id = $1 AND strategy_id = $2 AND symbol = $3)
        ) f) AS first
     FROM dw.fact_strategy_signals
     WHERE run_id = $1 AND strategy_id = $2 AND symbol = $3 AND timestamp_utc > ${at('$4')} AND timestamp_utc <= ${at('$5')}`,
    [runId, strategyId, symbol, from, end],
  );
  return rows[0]!;
}

/** Sessions (local dates) in which a strategy has stored signals with a timestamp in (`from`, `end`]. */
export async function signalSessions(
  db: Database,
  runId: string,
  strategyId: number,
  symbol: string,
  zone: string,
  from: number,
  end: number,
): Promise<number> {
  const { rows } = await db.query<{ n: number }>(
    `SELECT count(DISTINCT (bar_time AT TIME ZONE $4)::date)::float8 AS n FROM dw.fact_strategy_signals
     WHERE run_id = $1 AND strategy_id = $2 AND symbol = $3 AND timestamp_utc > ${at('$5')} AND timestamp_utc <= ${at('$6')}`,
    [runId, strategyId, symbol, zone, from, end],
  );
  return rows[0]?.n ?? 0;
}

/** A closed position with the stored bars that it was held, those of its entry and of an exit within a bar included. */
export interface HeldTrade {
  readonly entryTime: number;
  readonly exitTime: number;
  readonly bars: number;
}

/** Positions whose exit lies in (`from`, `end`]. A fill at an open carries the bar's time, one within it its completion. */
export async function heldTrades(
  db: Database,
  runId: string,
  strategyId: number,
  symbol: string,
  from: number,
  end: number,
): Promise<HeldTrade[]> {
  const { rows } = await db.query<HeldTrade>(
    `SELECT ${ms('p.entry_time', 'entryTime')}, ${ms('p.exit_time', 'exitTime')},
       (SELECT count(*)::float8 FROM usdcop_m5_ohlcv b
        WHERE b.symbol = p.symbol AND b.time >= p.entry_time AND b.time < p.exit_time) AS bars
     FROM dw.fact_strategy_positions p
     WHERE p.run_id = $1 AND p.strategy_id = $2 AND p.symbol = $3 AND p.status = 'closed'
       AND p.exit_time > ${at('$4')} AND p.exit_time <= ${at('$5')} ORDER BY p.exit_time`,
    [runId, strategyId, symbol, from, end],
  );
  return rows;
}

/** A signal that asked for an entry, and what became of it. */
export interface OrderRow {
  readonly signal: 'long' | 'short';
  readonly barTime: number;
  /** Of the signal. */
  readonly price: number | null;
  readonly notTraded: string | null;
  /** Null where no position came of it. */
  readonly fill: number | null;
}

/**
 * Signals `long` or `short` with a timestamp in (`from`, `end`], without those that came while a position of the same side
 * was open: they ask for nothing.
 */
export async function orders(
  db: Database,
  runId: string,
  strategyIds: readonly number[],
  symbol: string,
  from: number,
  end: number,
): Promise<OrderRow[]> {
  const { rows } = await db.query<OrderRow>(
    `SELECT s.signal, ${ms('s.bar_time', 'barTime')}, ${num('s.entry_price', 'price')}, s.not_traded AS "notTraded",
       ${num('p.entry_price', 'fill')}
     FROM dw.fact_strategy_signals s
     LEFT JOIN dw.fact_strategy_positions p ON p.run_id = s.run_id AND p.strategy_id = s.strategy_id
       AND p.symbol = s.symbol AND p.signal_bar_time = s.bar_time AND p.side = s.signal
     WHERE s.run_id = $1 AND s.strategy_id = ANY ($2) AND s.symbol = $3 AND s.signal IN ('long', 'short')
       AND s.timestamp_utc > ${at('$4')} AND s.timestamp_utc <= ${at('$5')}
       AND NOT EXISTS (
         SELECT 1 FROM dw.fact_strategy_positions h
         WHERE h.run_id = s.run_id AND h.strategy_id = s.strategy_id AND h.symbol = s.symbol AND h.side = s.signal
           AND coalesce(h.entry_bar_time, h.entry_time) <= s.bar_time
           AND (h.exit_time IS NULL OR coalesce(h.exit_bar_time, h.exit_time) > s.bar_time))
     ORDER BY s.bar_time, s.strategy_id`,
    [runId, strategyIds, symbol, from, end],
  );
  return rows;
}

/** A position by its fills. */
export interface FilledRow {
  readonly quantity: number;
  readonly entryPrice: number;
  readonly entryTime: number;
  /** Null while open. */
  readonly exitPrice: number | null;
  /** Of all its fills so far, USD. */
  readonly fees: number;
}

/** Positions whose entry lies in (`from`, `end`]. */
export async function filled(
  db: Database,
  runId: string,
  strategyIds: readonly number[],
  symbol: string,
  from: number,
  end: number,
): Promise<FilledRow[]> {
  const { rows } = await db.query<FilledRow>(
    `SELECT ${num('quantity', 'quantity')}, ${num('entry_price', 'entryPrice')}, ${ms('entry_time', 'entryTime')},
       ${num("CASE WHEN status = 'closed' THEN exit_price END", 'exitPrice')}, ${num('fees', 'fees')}
     FROM dw.fact_strategy_positions
     WHERE run_id = $1 AND strategy_id = ANY ($2) AND symbol = $3 AND entry_time > ${at('$4')} AND entry_time <= ${at('$5')}
     ORDER BY entry_time, position_id`,
    [runId, strategyIds, symbol, from, end],
  );
  return rows;
}
