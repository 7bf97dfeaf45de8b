import type { Queryable } from './pool.js';

/** A row of `dw.dim_strategy`. */
export interface StrategyRecord {
  readonly id: number;
  readonly code: string;
  readonly name: string;
  readonly type: 'RL' | 'ML' | 'LLM' | 'ENSEMBLE';
  readonly active: boolean;
  readonly description: string | null;
  /** USD. */
  readonly initialEquity: number;
  /** npm package that serves it; null: its signals come from outside. */
  readonly package: string | null;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Wall time. */
  readonly createdAt: number;
}

export interface NewStrategy {
  readonly code: string;
  readonly name: string;
  readonly type: StrategyRecord['type'];
  readonly description?: string;
  readonly initialEquity?: number;
  readonly package?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
}

const COLUMNS = `strategy_id AS id, strategy_code AS code, strategy_name AS name, strategy_type AS type, is_active AS active,
  description, initial_equity AS "initialEquity", package, parameters, created_at AS "createdAt"`;

/** All strategies, ordered by code. */
export async function listStrategies(db: Queryable): Promise<StrategyRecord[]> {
  return (await db.query<StrategyRecord>(`SELECT ${COLUMNS} FROM dw.dim_strategy ORDER BY strategy_code`)).rows;
}

/**
 * Adds a strategy, or brings name, type and package of an existing one up to date. What an operator has set (active,
 * initial equity, parameters, description) is left alone.
 */
export async function registerStrategy(db: Queryable, strategy: NewStrategy): Promise<StrategyRecord> {
  const { rows } = await db.query<StrategyRecord>(
    `INSERT INTO dw.dim_strategy (strategy_code, strategy_name, strategy_type, description, initial_equity, package, parameters)
     VALUES ($1, $2, $3, $4, coalesce($5, 10000), $6, coalesce($7::jsonb, '{}'))
     ON CONFLICT (strategy_code) DO UPDATE SET strategy_name = excluded.strategy_name, strategy_type = excluded.strategy_type,
       package = coalesce(excluded.package, dim_strategy.package)
     RETURNING ${COLUMNS}`,
    [
      strategy.code,
      strategy.name,
      strategy.type,
      strategy.description ?? null,
      strategy.initialEquity ?? null,
      strategy.package ?? null,
      strategy.parameters ? JSON.stringify(strategy.parameters) : null,
    ],
  );
  return rows[0]!;
}

/** @returns false when there is no such strategy */
export async function setStrategyActive(db: Queryable, code: string, active: boolean): Promise<boolean> {
  const { rowCount } = await db.query('UPDATE dw.dim_strategy SET is_active = $2 WHERE strategy_code = $1', [
    code,
    active,
  ]);
  return rowCount === 1;
}
