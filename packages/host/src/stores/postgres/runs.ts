import { SignalboxError } from '@signalbox/core';
import type { Pool } from 'pg';
import { withBulkTransaction, type Queryable } from './pool.js';

export type RunState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

/** A row of `dw.runs`. Times are epoch milliseconds. */
export interface RunRecord {
  readonly id: string;
  readonly kind: 'live' | 'backtest';
  readonly state: RunState;
  readonly symbol: string;
  readonly from: number | null;
  readonly to: number | null;
  readonly strategies: readonly string[];
  readonly config: Readonly<Record<string, unknown>>;
  /** 0–1. */
  readonly progress: number;
  readonly result: Readonly<Record<string, unknown>> | null;
  readonly createdAt: number;
  readonly finishedAt: number | null;
}

export interface NewRun {
  readonly id: string;
  readonly symbol: string;
  /** Open times of the first and last bar, epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly strategies: readonly string[];
  readonly config?: Readonly<Record<string, unknown>>;
}

const COLUMNS = `run_id AS id, kind, state, symbol, from_time AS "from", to_time AS "to", strategies, config, progress, result,
  created_at AS "createdAt", finished_at AS "finishedAt"`;

/** Opens a backtest's run in state `running`. */
export async function createRun(db: Queryable, run: NewRun): Promise<RunRecord> {
  const { rows } = await db.query<RunRecord>(
    `INSERT INTO dw.runs (run_id, kind, state, symbol, from_time, to_time, strategies, config)
     VALUES ($1, 'backtest', 'running', $2, $3, $4, $5, $6) RETURNING ${COLUMNS}`,
    [run.id, run.symbol, new Date(run.from), new Date(run.to), run.strategies, JSON.stringify(run.config ?? {})],
  );
  return rows[0]!;
}

export async function setRunProgress(db: Queryable, id: string, progress: number): Promise<void> {
  await db.query('UPDATE dw.runs SET progress = $2 WHERE run_id = $1', [id, Math.min(1, Math.max(0, progress))]);
}

/** @returns false when the run has ended before: another process took it for abandoned and discarded it */
export async function finishRun(
  db: Queryable,
  id: string,
  state: 'done' | 'failed' | 'cancelled',
  result: Readonly<Record<string, unknown>> | null,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE dw.runs SET state = $2, result = $3, finished_at = now(), progress = CASE $2 WHEN 'done' THEN 1 ELSE progress END
     WHERE run_id = $1 AND state IN ('queued', 'running')`,
    [id, state, result === null ? null : JSON.stringify(result)],
  );
  return rowCount === 1;
}

/**
 * Holds a run open to the end of the transaction. Whoever discards it waits for that, and afterwards nothing more is written.
 * @throws RUN_UNKNOWN when it has ended
 */
export async function holdRun(db: Queryable, id: string): Promise<void> {
  const { rowCount } = await db.query(`SELECT 1 FROM dw.runs WHERE run_id = $1 AND state = 'running' FOR SHARE`, [id]);
  if (rowCount === 1) return;
  throw new SignalboxError(
    'RUN_UNKNOWN',
    `the run ${id} was discarded while it was written`,
    'Nothing of it was kept; start it again if nobody else did.',
  );
}

export async function readRun(db: Queryable, id: string): Promise<RunRecord | undefined> {
  return (await db.query<RunRecord>(`SELECT ${COLUMNS} FROM dw.runs WHERE run_id = $1`, [id])).rows[0];
}

/** Newest first. */
export async function listRuns(db: Queryable): Promise<RunRecord[]> {
  return (await db.query<RunRecord>(`SELECT ${COLUMNS} FROM dw.runs ORDER BY created_at DESC, run_id`)).rows;
}

/** Removes a backtest with all that it wrote. The live run cannot be removed. @returns false when there is none */
export async function deleteRun(pool: Pool, id: string): Promise<boolean> {
  return withBulkTransaction(pool, async (client) => {
    const { rowCount } = await client.query(`DELETE FROM dw.runs WHERE run_id = $1 AND kind = 'backtest'`, [id]);
    if (rowCount === 0) return false;
    for (const table of FACTS) await client.query(`DELETE FROM dw.${table} WHERE run_id = $1`, [id]);
    return true;
  });
}

const FACTS = [
  'fact_strategy_signals',
  'fact_no_signal',
  'fact_strategy_positions',
  'fact_equity_curve',
  'fact_strategy_performance',
  'strategy_state',
  'alerts',
] as const;

/** Ends a backtest that failed or was cancelled: its row stays and says so, all that it wrote is removed, in one transaction. */
export async function discardRun(pool: Pool, id: string, state: 'failed' | 'cancelled', reason: string): Promise<void> {
  await withBulkTransaction(pool, async (client) => {
    // first the state: a batch that is being written holds it, a later one is refused by it
    await finishRun(client, id, state, { reason });
    for (const table of FACTS) await client.query(`DELETE FROM dw.${table} WHERE run_id = $1`, [id]);
  });
}
