import { at } from './copy.js';
import { storeAlert } from './decisions.js';
import type { Queryable } from './pool.js';

/** Somebody wants a drawdown halt lifted. */
export interface RiskReset {
  readonly resetId: number;
  readonly code: string;
  readonly strategyId: number;
  readonly reason: string;
  readonly actor: string;
}

/** Asks for a reset; the desk that holds the book hears of it at once. */
export async function requestReset(
  db: Queryable,
  reset: Pick<RiskReset, 'strategyId' | 'reason' | 'actor'> & { readonly symbol: string },
): Promise<number> {
  const { rows } = await db.query<{ id: number }>(
    'INSERT INTO dw.risk_resets (strategy_id, symbol, reason, actor) VALUES ($1, $2, $3, $4) RETURNING reset_id AS id',
    [reset.strategyId, reset.symbol, reset.reason, reset.actor],
  );
  return rows[0]!.id;
}

export async function isApplied(db: Queryable, resetId: number): Promise<boolean> {
  const { rowCount } = await db.query('SELECT 1 FROM dw.risk_resets WHERE reset_id = $1 AND applied_at IS NOT NULL', [
    resetId,
  ]);
  return rowCount === 1;
}

export async function readResets(db: Queryable, symbol: string): Promise<RiskReset[]> {
  const { rows } = await db.query<RiskReset>(
    `SELECT r.reset_id AS "resetId", d.strategy_code AS code, r.strategy_id AS "strategyId", r.reason, r.actor
     FROM dw.risk_resets r JOIN dw.dim_strategy d USING (strategy_id)
     WHERE r.symbol = $1 AND r.applied_at IS NULL ORDER BY r.reset_id LIMIT 1000`,
    [symbol],
  );
  return rows;
}

/** Records what a reset did, and tells it. */
export async function storeReset(
  db: Queryable,
  reset: RiskReset,
  done: {
    readonly symbol: string;
    readonly wasHalted: boolean;
    readonly peakBefore: number;
    readonly peakAfter: number;
    /** Market time of the last mark. */
    readonly markTime: number;
  },
): Promise<void> {
  await db.query(
    `UPDATE dw.risk_resets SET applied_at = now(), mark_time = $2, was_halted = $3, peak_before = $4, peak_after = $5
     WHERE reset_id = $1`,
    [reset.resetId, at(done.markTime), done.wasHalted, done.peakBefore, done.peakAfter],
  );
  await storeAlert(db, {
    strategyId: reset.strategyId,
    symbol: done.symbol,
    code: 'RISK_RESET',
    severity: 'info',
    message: `${reset.code}: ${reset.actor} reset the drawdown limit (${reset.reason}); its peak restarts at ${done.peakAfter.toFixed(2)}, from ${done.peakBefore.toFixed(2)}`,
    time: done.markTime,
  });
}
