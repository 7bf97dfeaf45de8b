import type { MarketSnapshot } from '@signalbox/core';
import { at } from './copy.js';
import type { Queryable } from './pool.js';

/** Session ends that are kept; a repair further back than that costs a replay from the first bar. */
const KEPT = 40;

/** Where the past of these symbols stands: it grows with each repair of a bar that was processed. */
export async function repairsSeen(db: Queryable, symbols: readonly string[]): Promise<number> {
  const { rows } = await db.query<{ id: string }>(
    'SELECT coalesce(max(repair_id), 0)::text AS id FROM dw.bar_repairs WHERE symbol = ANY ($1)',
    [symbols],
  );
  return Number(rows[0]!.id);
}

/** The first bar, open time, that was repaired after `seen`; null when none was. */
export async function firstRepaired(db: Queryable, symbols: readonly string[], seen: number): Promise<number | null> {
  const { rows } = await db.query<{ first: number | null }>(
    'SELECT min(first_bar) AS first FROM dw.bar_repairs WHERE symbol = ANY ($1) AND repair_id > $2',
    [symbols, seen],
  );
  return rows[0]!.first;
}

/**
 * Keeps a snapshot unless its past was repaired after `seen`: the repair has dropped those that rest on it, and this one
 * must not come after. Older ones than the newest 40 go.
 */
export async function storeSnapshot(
  db: Queryable,
  symbol: string,
  symbols: readonly string[],
  { fingerprint, lastBar, numbers }: MarketSnapshot,
  seen: number,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `INSERT INTO dw.market_snapshots (symbol, fingerprint, last_bar, symbols, numbers)
     SELECT $1, $2, $3, $4, $5
     WHERE NOT EXISTS (SELECT 1 FROM dw.bar_repairs WHERE symbol = ANY ($4) AND repair_id > $6)
     ON CONFLICT (symbol, fingerprint, last_bar) DO UPDATE SET symbols = excluded.symbols, numbers = excluded.numbers, recorded_at = now()`,
    [
      symbol,
      fingerprint,
      at(lastBar),
      symbols,
      Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength),
      seen,
    ],
  );
  await db.query(
    `DELETE FROM dw.market_snapshots WHERE symbol = $1 AND fingerprint = $2 AND last_bar < (
       SELECT min(last_bar) FROM (SELECT last_bar FROM dw.market_snapshots
         WHERE symbol = $1 AND fingerprint = $2 ORDER BY last_bar DESC LIMIT ${KEPT}) newest)`,
    [symbol, fingerprint],
  );
  return rowCount === 1;
}

/** The newest snapshot of these features after which no bar is later than `through`. */
export async function readSnapshot(
  db: Queryable,
  symbol: string,
  fingerprint: string,
  through: number,
): Promise<MarketSnapshot | undefined> {
  const { rows } = await db.query<{ lastBar: number; numbers: Buffer }>(
    `SELECT last_bar AS "lastBar", numbers FROM dw.market_snapshots
     WHERE symbol = $1 AND fingerprint = $2 AND last_bar <= $3 ORDER BY last_bar DESC LIMIT 1`,
    [symbol, fingerprint, at(through)],
  );
  const found = rows[0];
  if (!found) return undefined;
  // a copy: a Buffer may begin anywhere, doubles may not
  const bytes = new Uint8Array(found.numbers);
  return { fingerprint, lastBar: found.lastBar, numbers: new Float64Array(bytes.buffer, 0, bytes.length >> 3) };
}
