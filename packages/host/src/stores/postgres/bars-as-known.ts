import type { Bar } from '@signalbox/core';
import { at } from './copy.js';
import { readBars } from './bars.js';
import type { Queryable } from './pool.js';

const NUMBERS = ['open', 'high', 'low', 'close', 'volume'] as const;

interface Replaced {
  readonly time: number;
  readonly column: string;
  readonly value: string;
  /** Market time of the overwrite, epoch milliseconds. */
  readonly seen: number;
  readonly removed: boolean;
}

/**
 * The bars of a symbol up to the one that opened at `to` as they stood at market time `asOf`, both epoch milliseconds: what
 * came later is left out, what was overwritten or removed later stands as it was.
 */
export async function readBarsAsKnown(db: Queryable, symbol: string, to: number, asOf: number): Promise<Bar[]> {
  const bars = new Map((await readBars(db, { symbol, to })).map((bar) => [bar.time, bar as Bar]));
  const late = await db.query<{ time: number; seen: number }>(
    'SELECT time, min(seen_at) AS seen FROM dw.bar_first_seen WHERE symbol = $1 AND time <= $2 AND seen_at > $3 GROUP BY time',
    [symbol, at(to), at(asOf)],
  );
  const came = new Map(late.rows.map(({ time, seen }) => [time, seen]));
  // of several revisions after `asOf` the first replaced what was known then
  const { rows } = await db.query<Replaced>(
    `SELECT DISTINCT ON (row_key, column_name) (row_key ->> 'time')::timestamptz AS time, column_name AS "column",
       old_value AS value, seen_at AS seen, new_value IS NULL AS removed
     FROM revisions
     WHERE table_name = 'usdcop_m5_ohlcv' AND row_key ->> 'symbol' = $1 AND (row_key ->> 'time')::timestamptz <= $2 AND seen_at > $3
     ORDER BY row_key, column_name, revision_id`,
    [symbol, at(to), at(asOf)],
  );
  for (const { time, column, value, seen, removed } of rows) {
    if (!(NUMBERS as readonly string[]).includes(column)) continue;
    // one that went and came back was there before it came late
    const first = came.get(time);
    if (first !== undefined && (seen < first || (seen === first && removed))) came.delete(time);
    const bar = bars.get(time) ?? { time, open: NaN, high: NaN, low: NaN, close: NaN, volume: 0 };
    bars.set(time, { ...bar, [column]: Number(value) });
  }
  for (const time of came.keys()) bars.delete(time);
  return [...bars.values()].sort((a, b) => a.time - b.time);
}
