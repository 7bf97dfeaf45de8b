import type { Bar } from '@signalbox/core';
import { at } from './copy.js';
import type { Queryable } from './pool.js';

export interface TakeBars {
  /** The symbol that is traded. */
  readonly symbol: string;
  /** Those whose bars its features read; it may be among them. */
  readonly others: readonly string[];
  /** Open times, epoch milliseconds: the last bar that was taken, and the first and the last of those that are taken next. */
  readonly last: number;
  readonly first: number;
  readonly to: number;
  /** What `last` was taken with; null after a start: what the stored feature values take into account. */
  readonly seen: string | null;
}

/** The bars as they stand when the next ones are taken. */
export interface TakenBars {
  /** The database's snapshot that they are of: pass it on to the next one. */
  readonly seen: string;
  /** The first bar up to `last`, open time, that came, was overwritten or went without being in `seen`; null: none did. */
  readonly changed: number | null;
  /** Bars of the symbol after `last`, up to `first`. */
  readonly own: readonly Bar[];
  /** Bars of the others after `last`, up to `to`. */
  readonly others: readonly (Bar & { readonly symbol: string })[];
}

/**
 * Says that the bars up to `to` are being taken: what comes of them from now on, of the symbol or of the others, comes late.
 * Reads in the same instant what there is of them, and what of the past has changed.
 */
export async function takeBars(db: Queryable, { symbol, others, last, first, to, seen }: TakeBars): Promise<TakenBars> {
  type Row = Bar & { readonly symbol: string | null };
  const { rows } = await db.query<{ seen: string; changed: number | null } & Row>(
    `SELECT seen_now AS seen, changed, symbol, time, open, high, low, close, volume
     FROM dw.take_bars($1, $2, $3, $4, $5, $6)`,
    [symbol, others, at(last), at(first), at(to), seen],
  );
  const bars: (Bar & { symbol: string })[] = [];
  for (const { symbol: of, time, open, high, low, close, volume } of rows)
    if (of !== null) bars.push({ symbol: of, time, open, high, low, close, volume });
  return {
    seen: rows[0]!.seen,
    changed: rows[0]!.changed,
    own: bars.filter((bar) => bar.symbol === symbol && bar.time <= first),
    others: bars.filter((bar) => others.includes(bar.symbol)),
  };
}

/** The stored feature values take into account what this snapshot shows. */
export async function storeMended(db: Queryable, symbol: string, seen: string): Promise<void> {
  await db.query('UPDATE dw.market_progress SET mended = $2 WHERE symbol = $1', [symbol, seen]);
}

/** What a transaction that begins now would see; for {@link registerReader}. */
export async function currentSnapshot(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ seen: string }>('SELECT pg_current_snapshot()::text AS seen');
  return rows[0]!.seen;
}

/** Says whose bars the features of `symbol` read, of which there are values up to the bar `to` that take `seen` into account. */
export async function registerReader(
  db: Queryable,
  symbol: string,
  others: readonly string[],
  to: number,
  seen: string,
): Promise<void> {
  await db.query(
    `INSERT INTO dw.market_progress AS p (symbol, reads, taken_to, mended) VALUES ($1, $2, $3, $4)
     ON CONFLICT (symbol) DO UPDATE SET reads = excluded.reads, taken_to = greatest(p.taken_to, excluded.taken_to)`,
    [symbol, others, at(to), seen],
  );
}
