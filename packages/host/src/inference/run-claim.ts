import type { Pool } from 'pg';
import { connectionOf, openClient } from '../stores/postgres/pool.js';
import { discardRun, listRuns } from '../stores/postgres/runs.js';

/** First key of the advisory locks that say that a backtest's process lives. */
const CLAIM = 7_446_010;

/** While it is held, nobody takes the run for abandoned. The database lets go of it when the process is gone, however it went. */
export async function claimRun(pool: Pool, id: string): Promise<{ release(): Promise<void> }> {
  const client = await openClient(connectionOf(pool));
  await client.query('SELECT pg_advisory_lock($1, hashtext($2))', [CLAIM, id]);
  return { release: () => client.end() };
}

/** Discards backtests whose process is gone (killed, power cut): nothing half written stays. Returns how many there were. */
export async function discardAbandonedRuns(pool: Pool): Promise<number> {
  let discarded = 0;
  for (const run of await listRuns(pool)) {
    if (run.kind !== 'backtest' || run.state !== 'running') continue;
    const { rows } = await pool.query<{ held: boolean }>(
      `SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = $1
         AND objid = (hashtext($2)::bigint & 4294967295)::oid
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS held`,
      [CLAIM, run.id],
    );
    if (rows[0]!.held) continue;
    await discardRun(pool, run.id, 'failed', 'its process ended before it was done');
    discarded++;
  }
  return discarded;
}
