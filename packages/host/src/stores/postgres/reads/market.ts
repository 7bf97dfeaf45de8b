import { at, ms, num, type Database } from './database.js';

/** What the bars of one session say. */
export interface SessionPrices {
  /** End of the session. */
  readonly close: number;
  readonly firstOpen: number;
  readonly lastClose: number;
  readonly bars: number;
  readonly volume: number;
  /** Open time of the session's last stored bar. */
  readonly lastBar: number;
}

/** Of each session that has stored bars complete at `end`, oldest first. */
export async function sessionPrices(
  db: Database,
  symbol: string,
  sessions: readonly { readonly open: number; readonly close: number }[],
  end: number,
  slotMs: number,
): Promise<SessionPrices[]> {
  const { rows } = await db.query<SessionPrices>(
    `SELECT s.close, ${num('p.opens[1]', 'firstOpen')}, ${num('p.closes[1]', 'lastClose')}, p.bars::float8 AS bars,
       ${num('p.volume', 'volume')}, ${ms('p.last', 'lastBar')}
     FROM unnest($2::float8[], $3::float8[]) AS s (open, close)
     CROSS JOIN LATERAL (
       SELECT array_agg(b.open ORDER BY b.time) AS opens, array_agg(b.close ORDER BY b.time DESC) AS closes,
         count(*) AS bars, sum(b.volume) AS volume, max(b.time) AS last
       FROM usdcop_m5_ohlcv b
       WHERE b.symbol = $1 AND b.time >= ${at('s.open')} AND b.time < ${at('s.close')} AND b.time <= ${at('$4')}
     ) p
     WHERE p.bars > 0 ORDER BY s.close`,
    [symbol, sessions.map((s) => s.open), sessions.map((s) => s.close), end - slotMs],
  );
  return rows;
}

/** Highest close of the bars that open at or before `to`; null without bars. */
export async function highestClose(db: Database, symbol: string, to: number): Promise<number | null> {
  const { rows } = await db.query<{ peak: number | null }>(
    `SELECT ${num('max(close)', 'peak')} FROM usdcop_m5_ohlcv WHERE symbol = $1 AND time <= ${at('$2')}`,
    [symbol, to],
  );
  return rows[0]?.peak ?? null;
}

/** Volume of the bars that open in [`from`, `to`], and their average price by it: typical price, (high + low + close) / 3. */
export async function volumePrice(
  db: Database,
  symbol: string,
  from: number,
  to: number,
): Promise<{ readonly bars: number; readonly volume: number; readonly vwap: number | null }> {
  const { rows } = await db.query<{ bars: number; volume: number; vwap: number | null }>(
    `SELECT count(*)::float8 AS bars, coalesce(sum(volume), 0)::float8 AS volume,
       (sum((high + low + close) / 3 * volume) / nullif(sum(volume), 0))::float8 AS vwap
     FROM usdcop_m5_ohlcv WHERE symbol = $1 AND time >= ${at('$2')} AND time <= ${at('$3')}`,
    [symbol, from, to],
  );
  return rows[0]!;
}

/** One stored value of a macro series. */
export interface MacroPoint {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly value: number;
}

/** Stored, non-empty values of one series with a date in [`from`, `to`], oldest first, and the last one before `from`. */
export async function macroPoints(db: Database, series: string, from: string, to: string): Promise<MacroPoint[]> {
  if (!/^[a-z][a-z0-9_]*$/.test(series)) throw new RangeError(`not a macro column: ${series}`);
  const { rows } = await db.query<MacroPoint>(
    `SELECT to_char(date, 'YYYY-MM-DD') AS date, ${num(series, 'value')} FROM macro_indicators_daily
     WHERE ${series} IS NOT NULL AND date <= $2::date AND date >= coalesce(
       (SELECT max(date) FROM macro_indicators_daily WHERE ${series} IS NOT NULL AND date < $1::date), $1::date)
     ORDER BY macro_indicators_daily.date`,
    [from, to],
  );
  return rows;
}
