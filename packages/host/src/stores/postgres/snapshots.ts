import type { MarketSnapshot } from '@signalbox/core';
import { at } from './copy.js';
import type { Queryable } from './pool.js';

/** Session ends that are kept; a repair further back than that costs a replay from the first bar. */
const KEPT = 40;

/**
 * Keeps a snapshot of a state that rests on bars of `symbols` as the database stood at `seen`, unless they were changed since.
 * Older ones than the newest 40 go.
 */
export async function storeSnapshot(
  db: Queryable,
  symbol: string,
  symbols: readonly string[],
  { fingerprint, lastBar, numbers }: MarketSnapshot,
  seen: string,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `INSERT INTO dw.market_snapshots (symbol, fingerprint, last_bar, symbols, numbers, seen)
     SELECT $1, $2, $3, $4, $5, $6 WHERE dw.changed_since($6, $4, $3) IS NULL
     ON CONFLICT (symbol, fingerprint, last_bar) DO UPDATE
       SET symbols = excluded.symbols, numbers = excluded.numbers, seen = excluded.seen, recorded_at = now()`,
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

/**
 * The newest snapshot of these features after which no bar is later than `through`. One that was kept while a change of its
 * bars was under way, so that neither saw the other, does not count.
 */
export async function readSnapshot(
  db: Queryable,
  symbol: string,
  fingerprint: string,
  through: number,
): Promise<MarketSnapshot | undefined> {
  const { rows } = await db.query<{ lastBar: number; numbers: Buffer }>(
    `SELECT last_bar AS "lastBar", numbers FROM dw.market_snapshots s
     WHERE symbol = $1 AND fingerprint = $2 AND last_bar <= $3 AND dw.changed_since(s.seen, s.symbols, s.last_bar) IS NULL
     ORDER BY last_bar DESC LIMIT 1`,
    [symbol, fingerprint, at(through)],
  );
  const found = rows[0];
  if (!found) return undefined;
  // a copy: a Buffer may begin anywhere, doubles may not
  const bytes = new Uint8Array(found.numbers);
  return { fingerprint, lastBar: found.lastBar, numbers: new Float64Array(bytes.buffer, 0, bytes.length >> 3) };
}
