import type { Pool } from 'pg';
import { storeAlert } from './decisions.js';
import { withTransaction, type Queryable } from './pool.js';

/** Why each suspended strategy is suspended, by code. */
export async function loadSuspensions(db: Queryable): Promise<Map<string, string>> {
  const { rows } = await db.query<{ code: string; reason: string }>(
    `SELECT d.strategy_code AS code, s.reason FROM dw.plugin_suspensions s JOIN dw.dim_strategy d USING (strategy_id) ORDER BY 1`,
  );
  return new Map(rows.map(({ code, reason }) => [code, reason]));
}

/** Wall times of the faults of the last `seconds` that still count, oldest first, by code. */
export async function loadRecentFaults(db: Queryable, seconds: number): Promise<Map<string, number[]>> {
  const { rows } = await db.query<{ code: string; at: number }>(
    `SELECT d.strategy_code AS code, f.recorded_at AS at FROM dw.plugin_faults f JOIN dw.dim_strategy d USING (strategy_id)
     WHERE f.counts AND f.recorded_at > now() - make_interval(secs => $1) ORDER BY f.recorded_at`,
    [seconds],
  );
  const byCode = new Map<string, number[]>();
  for (const { code, at } of rows) byCode.set(code, [...(byCode.get(code) ?? []), at]);
  return byCode;
}

/** Stores a fault; with `suspended` the suspension and its alert in the same transaction. */
export async function storeFault(
  pool: Pool,
  fault: { readonly code: string; readonly kind: string; readonly detail: string; readonly suspended: string | null },
  /** Market time of the alert, epoch milliseconds. */
  time: number,
): Promise<void> {
  await withTransaction(pool, async (client) => {
    await client.query(
      `INSERT INTO dw.plugin_faults (strategy_id, kind, detail)
       SELECT strategy_id, $2, $3 FROM dw.dim_strategy WHERE strategy_code = $1`,
      [fault.code, fault.kind, fault.detail],
    );
    if (fault.suspended !== null) await suspendStrategy(client, fault.code, fault.suspended, time);
  });
}

/** Suspends a strategy and tells it. @returns whether it was not suspended before */
export async function suspendStrategy(db: Queryable, code: string, reason: string, time: number): Promise<boolean> {
  const { rows } = await db.query<{ id: number }>(
    `INSERT INTO dw.plugin_suspensions (strategy_id, reason)
     SELECT strategy_id, $2 FROM dw.dim_strategy WHERE strategy_code = $1 ON CONFLICT DO NOTHING RETURNING strategy_id AS id`,
    [code, reason],
  );
  if (!rows[0]) return false;
  await storeAlert(db, {
    strategyId: rows[0].id,
    code: 'PLUGIN_SUSPENDED',
    severity: 'critical',
    message: `${code} is suspended: ${reason}. Resume it with: signalbox plugins resume ${code}`,
    time,
  });
  return true;
}

/** Lifts a suspension; faults up to now count no more. @returns whether there was one */
export async function resumeStrategy(db: Queryable, code: string): Promise<boolean> {
  await db.query(
    `UPDATE dw.plugin_faults SET counts = false
     WHERE counts AND strategy_id = (SELECT strategy_id FROM dw.dim_strategy WHERE strategy_code = $1)`,
    [code],
  );
  const { rowCount } = await db.query(
    `DELETE FROM dw.plugin_suspensions WHERE strategy_id = (SELECT strategy_id FROM dw.dim_strategy WHERE strategy_code = $1)`,
    [code],
  );
  return rowCount === 1;
}
