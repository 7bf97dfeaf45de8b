import type { Book } from '@signalbox/core';
import type { Database } from './database.js';

/** The book of each strategy as it was committed last, by strategy id. */
export async function riskBooks(
  db: Database,
  runId: string,
  strategyIds: readonly number[],
  symbol: string,
): Promise<Map<number, Book>> {
  const { rows } = await db.query<{ id: number; book: Book }>(
    `SELECT strategy_id AS id, book FROM dw.strategy_state WHERE run_id = $1 AND strategy_id = ANY ($2) AND symbol = $3`,
    [runId, strategyIds, symbol],
  );
  return new Map(rows.map(({ id, book }) => [id, book]));
}
