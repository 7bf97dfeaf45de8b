import { at, ms, num, type Database } from './database.js';

export interface EquityRow {
  /** Completion of the bar. */
  readonly timestamp: number;
  readonly barTime: number;
  readonly equity: number;
  /** From the all-time peak, positive percent. */
  readonly drawdownPct: number;
}

/** Whose equity: one strategy in one symbol of one run. */
export interface Account {
  readonly runId: string;
  readonly strategyId: number;
  readonly symbol: string;
}

// a row that others wrote may lack the drawdown: then it is what the rows up to it say
const DRAWDOWN = `coalesce(e.current_drawdown_pct, (
    SELECT (1 - e.equity_value / greatest(max(p.equity_value), d.initial_equity)) * 100
    FROM dw.fact_equity_curve p JOIN dw.dim_strategy d USING (strategy_id)
    WHERE p.run_id = e.run_id AND p.strategy_id = e.strategy_id AND p.symbol = e.symbol AND p.bar_time <= e.bar_time
    GROUP BY d.initial_equity
  ))::float8 AS "drawdownPct"`;
const FIELDS = `${ms('e.timestamp_utc', 'timestamp')}, ${ms('e.bar_time', 'barTime')}, ${num('e.equity_value', 'equity')}, ${DRAWDOWN}`;
const MINE = 'e.run_id = $1 AND e.strategy_id = $2 AND e.symbol = $3';

/** Rows as columns, oldest first: of a window that has thousands. */
export interface EquityColumns {
  readonly length: number;
  readonly timestamp: Float64Array;
  readonly barTime: Float64Array;
  readonly equity: Float64Array;
  readonly drawdownPct: Float64Array;
}

/** 2000-01-01, from which PostgreSQL counts microseconds. */
const EPOCH = 946_684_800_000;
const ROW_BYTES = 32;

/** Rows of the window (from, end], in one value: the driver would make an object and eight strings of each row. */
export async function equityColumns(db: Database, account: Account, from: number, end: number): Promise<EquityColumns> {
  const { rows } = await db.query<{ packed: Buffer | null }>(
    `SELECT string_agg(timestamptz_send(stamp) || timestamptz_send(bar) || float8send("equity")
       || float8send("drawdownPct"), '') AS packed
     FROM (
       SELECT e.timestamp_utc AS stamp, e.bar_time AS bar, ${num('e.equity_value', 'equity')}, ${DRAWDOWN} FROM dw.fact_equity_curve e
       WHERE ${MINE} AND e.timestamp_utc > ${at('$4')} AND e.timestamp_utc <= ${at('$5')} ORDER BY e.bar_time
     ) r`,
    [account.runId, account.strategyId, account.symbol, from, end],
  );
  const packed = rows[0]?.packed ?? Buffer.alloc(0);
  const length = packed.length / ROW_BYTES;
  const columns = {
    length,
    timestamp: new Float64Array(length),
    barTime: new Float64Array(length),
    equity: new Float64Array(length),
    drawdownPct: new Float64Array(length),
  };
  for (let i = 0, o = 0; i < length; i++, o += ROW_BYTES) {
    columns.timestamp[i] = momentAt(packed, o);
    columns.barTime[i] = momentAt(packed, o + 8);
    columns.equity[i] = packed.readDoubleBE(o + 16);
    columns.drawdownPct[i] = packed.readDoubleBE(o + 24);
  }
  return columns;
}

/** Microseconds in 64 bits, as whole milliseconds since 1970. */
const momentAt = (bytes: Buffer, offset: number): number =>
  Math.round((bytes.readInt32BE(offset) * 2 ** 32 + bytes.readUInt32BE(offset + 4)) / 1000) + EPOCH;

/** The values of the window (from, end] alone, oldest first: of a long backtest, its rows would be too many. */
export async function equityValues(db: Database, account: Account, from: number, end: number): Promise<number[]> {
  const { rows } = await db.query<{ values: number[] | null }>(
    `SELECT array_agg(e.equity_value::float8 ORDER BY e.bar_time) AS values FROM dw.fact_equity_curve e
     WHERE ${MINE} AND e.timestamp_utc > ${at('$4')} AND e.timestamp_utc <= ${at('$5')}`,
    [account.runId, account.strategyId, account.symbol, from, end],
  );
  return rows[0]?.values ?? [];
}

/** The newest row at or before `end`. */
export async function lastEquity(db: Database, account: Account, end: number): Promise<EquityRow | undefined> {
  const { rows } = await db.query<EquityRow>(
    `SELECT ${FIELDS} FROM dw.fact_equity_curve e
     WHERE ${MINE} AND e.timestamp_utc <= ${at('$4')} ORDER BY e.bar_time DESC LIMIT 1`,
    [account.runId, account.strategyId, account.symbol, end],
  );
  return rows[0];
}

/** Open time of the first bar that has an equity row in a run. */
export async function firstEquityBar(db: Database, runId: string, symbol: string): Promise<number | null> {
  // one step into the index for each strategy, instead of a walk over all rows
  const { rows } = await db.query<{ first: number | null }>(
    `SELECT ${ms('min(e.bar_time)', 'first')} FROM dw.dim_strategy d
     CROSS JOIN LATERAL (
       SELECT bar_time FROM dw.fact_equity_curve
       WHERE run_id = $1 AND strategy_id = d.strategy_id AND symbol = $2 ORDER BY bar_time LIMIT 1
     ) e`,
    [runId, symbol],
  );
  return rows[0]?.first ?? null;
}

export interface SessionClose {
  /** End of the session. */
  readonly close: number;
  readonly equity: number;
}

/** The last equity of each of the sessions, oldest first; a session without rows is left out. */
export async function sessionCloses(
  db: Database,
  account: Account,
  sessions: readonly { readonly open: number; readonly close: number }[],
): Promise<SessionClose[]> {
  const { rows } = await db.query<SessionClose>(
    `SELECT s.close, ${num('e.equity_value', 'equity')}
     FROM unnest($4::float8[], $5::float8[]) AS s (open, close)
     CROSS JOIN LATERAL (
       SELECT equity_value FROM dw.fact_equity_curve e
       WHERE ${MINE} AND e.bar_time >= ${at('s.open')} AND e.bar_time < ${at('s.close')}
       ORDER BY e.bar_time DESC LIMIT 1
     ) e
     ORDER BY s.close`,
    [account.runId, account.strategyId, account.symbol, sessions.map((s) => s.open), sessions.map((s) => s.close)],
  );
  return rows;
}
