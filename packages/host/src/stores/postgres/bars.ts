import type { Bar } from '@signalbox/core';
import type { Pool } from 'pg';
import { at, copyRows } from './copy.js';
import { withBulkTransaction, withTransaction, type Queryable, type TransactionOptions } from './pool.js';

/** A bar as it is stored: with its symbol and where it came from. */
export interface SourcedBar extends Bar {
  readonly symbol: string;
  readonly source: string;
}

/** What became of the rows of one load. */
export interface StoreCounts {
  readonly inserted: number;
  readonly unchanged: number;
  /** Overwritten; the old values went to `revisions`. */
  readonly revised: number;
}

/** Above it a load goes by COPY. */
const FEW = 50;
/** Held to the end of a load: two loads of the same bars never race. */
const LOCK = 7_446_002;

const MERGE = (incoming: string): readonly [update: string, insert: string] => [
  `UPDATE usdcop_m5_ohlcv b
   SET open = i.open, high = i.high, low = i.low, close = i.close, volume = i.volume, source = i.source, recorded_at = now()
   FROM ${incoming} i
   WHERE b.time = i.time AND b.symbol = i.symbol
     AND (b.open, b.high, b.low, b.close, b.volume) IS DISTINCT FROM (i.open, i.high, i.low, i.close, i.volume)`,
  `INSERT INTO usdcop_m5_ohlcv (time, symbol, open, high, low, close, volume, source)
   SELECT i.time, i.symbol, i.open, i.high, i.low, i.close, i.volume, i.source FROM ${incoming} i
   WHERE NOT EXISTS (SELECT 1 FROM usdcop_m5_ohlcv b WHERE b.time = i.time AND b.symbol = i.symbol)
   ORDER BY i.time`,
];

/**
 * Stores bars in one transaction: new ones are inserted, changed ones overwrite (after their revisions), equal ones stay
 * untouched. One price event, whatever the number of rows. A key stands once in `bars`.
 *
 * @throws SignalboxError WORLD_MISMATCH, STORE_DOWN
 */
export async function storeBars(
  pool: Pool,
  bars: readonly SourcedBar[],
  options: TransactionOptions = {},
): Promise<StoreCounts> {
  if (bars.length === 0) return { inserted: 0, unchanged: 0, revised: 0 };
  const merge = async (client: Queryable, incoming: string, values: unknown[]): Promise<StoreCounts> => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    const [update, insert] = MERGE(incoming);
    const revised = (await client.query(update, values)).rowCount ?? 0;
    const inserted = (await client.query(insert, values)).rowCount ?? 0;
    return { inserted, revised, unchanged: bars.length - inserted - revised };
  };
  if (bars.length <= FEW)
    return withTransaction(
      pool,
      (client) =>
        merge(
          client,
          `(SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::numeric(12,6)[], $4::numeric(12,6)[], $5::numeric(12,6)[],
              $6::numeric(12,6)[], $7::bigint[], $8::text[]) AS u(time, symbol, open, high, low, close, volume, source))`,
          [
            bars.map((bar) => at(bar.time)),
            bars.map((bar) => bar.symbol),
            bars.map((bar) => bar.open),
            bars.map((bar) => bar.high),
            bars.map((bar) => bar.low),
            bars.map((bar) => bar.close),
            bars.map((bar) => bar.volume),
            bars.map((bar) => bar.source),
          ],
        ),
      options,
    );
  return withBulkTransaction(
    pool,
    async (client) => {
      await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
      const load = (into: string): Promise<number> =>
        copyRows(
          client,
          `${into} (time, symbol, open, high, low, close, volume, source)`,
          (function* () {
            for (const b of bars) yield [at(b.time), b.symbol, b.open, b.high, b.low, b.close, b.volume, b.source];
          })(),
        );
      // nothing stored there yet: straight in, at half the cost
      if (await isEmpty(client, bars)) return { inserted: await load('usdcop_m5_ohlcv'), revised: 0, unchanged: 0 };
      await client.query(`CREATE TEMP TABLE incoming_bars (LIKE usdcop_m5_ohlcv) ON COMMIT DROP`);
      await client.query(`ALTER TABLE incoming_bars DROP COLUMN recorded_at, ADD PRIMARY KEY (time, symbol)`);
      await load('incoming_bars');
      await client.query('ANALYZE incoming_bars');
      return merge(client, 'incoming_bars', []);
    },
    options,
  );
}

/**
 * Bars that were delivered again after their completion and did not change since are final from now on: an unfinished one
 * whose last trade had come already would wait for a change for ever.
 */
export async function confirmBars(
  db: Queryable,
  bars: readonly SourcedBar[],
  { slotMs, now }: { readonly slotMs: number; readonly now: number },
): Promise<void> {
  const complete = bars.filter((bar) => bar.time + slotMs <= now);
  if (complete.length === 0) return;
  await db.query(
    `UPDATE usdcop_m5_ohlcv b SET recorded_at = now() FROM unnest($1::text[], $2::timestamptz[]) AS i (symbol, time)
     WHERE b.symbol = i.symbol AND b.time = i.time AND b.recorded_at < b.time + $3 * interval '1 ms'`,
    [complete.map((bar) => bar.symbol), complete.map((bar) => at(bar.time)), slotMs],
  );
}

/** True when no bar of these symbols is stored between the first and the last of `bars`. */
async function isEmpty(db: Queryable, bars: readonly SourcedBar[]): Promise<boolean> {
  let [first, last] = [Infinity, -Infinity];
  const symbols = new Set<string>();
  for (const { time, symbol } of bars) {
    if (time < first) first = time;
    if (time > last) last = time;
    symbols.add(symbol);
  }
  const { rowCount } = await db.query(
    `SELECT 1 FROM usdcop_m5_ohlcv WHERE symbol = ANY ($1) AND time BETWEEN $2 AND $3 LIMIT 1`,
    [[...symbols], at(first), at(last)],
  );
  return rowCount === 0;
}

const PRICES = 'time, symbol, open, high, low, close, volume, source';

export interface BarWindow {
  readonly symbol: string;
  /** Open times, epoch milliseconds, both inclusive. */
  readonly from?: number;
  readonly to?: number;
  /** Rows read at once; 5,000 by default. */
  readonly batch?: number;
}

/** Stored bars in order of time, a batch at a time: a long history never stands in memory twice. */
export async function* readBarBatches(db: Queryable, window: BarWindow): AsyncGenerator<SourcedBar[]> {
  const { symbol, from = -Infinity, to = Infinity, batch = 5_000 } = window;
  const edge = (t: number): string => (Number.isFinite(t) ? at(t) : t > 0 ? 'infinity' : '-infinity');
  for (let after: string | null = null; ;) {
    const { rows }: { rows: SourcedBar[] } = await db.query<SourcedBar>(
      `SELECT ${PRICES} FROM usdcop_m5_ohlcv
       WHERE symbol = $1 AND time >= $2 AND time <= $3 AND ($4::timestamptz IS NULL OR time > $4) ORDER BY time LIMIT $5`,
      [symbol, edge(from), edge(to), after, batch],
    );
    if (rows.length) yield rows;
    if (rows.length < batch) return;
    after = at(rows.at(-1)!.time);
  }
}

/** All bars of a window at once. */
export async function readBars(db: Queryable, window: BarWindow): Promise<SourcedBar[]> {
  const all: SourcedBar[] = [];
  for await (const batch of readBarBatches(db, window)) all.push(...batch);
  return all;
}

export async function newestBar(db: Queryable, symbol: string): Promise<SourcedBar | undefined> {
  const { rows } = await db.query<SourcedBar>(
    `SELECT ${PRICES} FROM usdcop_m5_ohlcv WHERE symbol = $1 ORDER BY time DESC LIMIT 1`,
    [symbol],
  );
  return rows[0];
}

/** Closes of the twelve bars before `from`, and of the newest thousand from there to `to`, in order of time. */
export async function readMarks(
  db: Queryable,
  symbol: string,
  from: number,
  to: number,
): Promise<{ time: number; close: number }[]> {
  const { rows } = await db.query<{ time: number; close: number }>(
    `SELECT time, close FROM (
       (SELECT time, close FROM usdcop_m5_ohlcv WHERE symbol = $1 AND time < $2 ORDER BY time DESC LIMIT 12)
       UNION ALL
       (SELECT time, close FROM usdcop_m5_ohlcv WHERE symbol = $1 AND time BETWEEN $2 AND $3 ORDER BY time DESC LIMIT 1000)
     ) marks ORDER BY time`,
    [symbol, at(from), at(to)],
  );
  return rows;
}
