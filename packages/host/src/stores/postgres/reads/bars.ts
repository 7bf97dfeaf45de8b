import type { Bar } from '@signalbox/core';
import { at, ms, num, type Database } from './database.js';

const FIELDS = `${ms('time', 'time')}, ${num('open', 'open')}, ${num('high', 'high')}, ${num('low', 'low')},
  ${num('close', 'close')}, ${num('volume', 'volume')}`;

/** The newest bar that is complete at `end`. */
export async function lastBar(
  db: Database,
  symbol: string,
  end: number,
  slotMs: number,
): Promise<(Bar & { readonly source: string }) | undefined> {
  const { rows } = await db.query<Bar & { readonly source: string }>(
    `SELECT ${FIELDS}, source FROM usdcop_m5_ohlcv WHERE symbol = $1 AND time <= ${at('$2')} ORDER BY usdcop_m5_ohlcv.time DESC LIMIT 1`,
    [symbol, end - slotMs],
  );
  return rows[0];
}

/** Bars with an open time in [from, to], oldest first; of more than `limit`, the newest. */
export async function bars(db: Database, symbol: string, from: number, to: number, limit: number): Promise<Bar[]> {
  const { rows } = await db.query<Bar>(
    `SELECT * FROM (
       SELECT ${FIELDS} FROM usdcop_m5_ohlcv
       WHERE symbol = $1 AND time >= ${at('$2')} AND time <= ${at('$3')} ORDER BY usdcop_m5_ohlcv.time DESC LIMIT $4
     ) newest ORDER BY time`,
    [symbol, from, to, limit],
  );
  return rows;
}

/** Stored bars of each symbol. */
export async function barCounts(db: Database): Promise<Record<string, number>> {
  const { rows } = await db.query<{ symbol: string; n: number }>(
    'SELECT symbol, count(*)::int AS n FROM usdcop_m5_ohlcv GROUP BY symbol',
  );
  return Object.fromEntries(rows.map(({ symbol, n }) => [symbol, n]));
}
