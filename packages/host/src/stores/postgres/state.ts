import type { Book } from '@signalbox/core';
import { at } from './copy.js';
import type { Queryable } from './pool.js';

/** Where one strategy stands in one symbol after a bar. */
export interface StrategyState {
  readonly strategyId: number;
  readonly code: string;
  /** The bar after which it stands so, epoch milliseconds. */
  readonly barTime: number;
  readonly book: Book;
  /** What the plugin saved; null when it saves nothing. */
  readonly plugin: unknown;
}

/** The state of each strategy that has one, by code: what a restart goes on from. */
export async function loadStates(db: Queryable, runId: string, symbol: string): Promise<Map<string, StrategyState>> {
  const { rows } = await db.query<StrategyState>(
    `SELECT s.strategy_id AS "strategyId", d.strategy_code AS code, s.bar_time AS "barTime", s.book, s.plugin
     FROM dw.strategy_state s JOIN dw.dim_strategy d USING (strategy_id) WHERE s.run_id = $1 AND s.symbol = $2`,
    [runId, symbol],
  );
  return new Map(rows.map((row) => [row.code, row]));
}

/**
 * Sets where a strategy starts: its first bar is the one after `barTime` (the newest bar at its activation). Does nothing
 * when it has a state already. @returns whether it was set
 */
export async function seedState(
  db: Queryable,
  start: {
    readonly runId: string;
    readonly strategyId: number;
    readonly symbol: string;
    readonly barTime: number;
    readonly book: Book;
  },
): Promise<boolean> {
  const { rowCount } = await db.query(
    `INSERT INTO dw.strategy_state (run_id, strategy_id, symbol, bar_time, book) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
    [start.runId, start.strategyId, start.symbol, at(start.barTime), JSON.stringify(start.book)],
  );
  return rowCount === 1;
}
