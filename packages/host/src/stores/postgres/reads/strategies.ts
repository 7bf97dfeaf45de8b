import type { Database } from './database.js';
import { num } from './database.js';
import type { Run } from './run.js';

export interface StrategyRow {
  readonly id: number;
  readonly code: string;
  readonly name: string;
  readonly type: string;
  readonly isActive: boolean;
  readonly initialEquity: number;
  readonly package: string | null;
}

const SELECT = `SELECT strategy_id AS id, strategy_code AS code, strategy_name AS name, strategy_type AS type,
  is_active AS "isActive", ${num('initial_equity', 'initialEquity')}, package FROM dw.dim_strategy`;

/** All strategies in order of their codes, by code point: the order must not depend on the locale of the database. */
export async function strategies(db: Database): Promise<StrategyRow[]> {
  const { rows } = await db.query<StrategyRow>(`${SELECT} ORDER BY strategy_code COLLATE "C"`);
  return rows;
}

/** Those of a run: the active ones of the live run, the participants of a backtest. */
export async function strategiesOf(db: Database, run: Run): Promise<StrategyRow[]> {
  const { rows } = await db.query<StrategyRow>(
    `${SELECT} WHERE CASE WHEN $1::text[] IS NULL THEN is_active ELSE strategy_code = ANY ($1) END
     ORDER BY strategy_code COLLATE "C"`,
    [run.strategies],
  );
  return rows;
}
