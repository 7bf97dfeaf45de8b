import { isSignalboxError } from '@signalbox/core';
import type { Client } from 'pg';
import { redactor, secretsOf } from '../observe/redact.js';
import { beat, endJob, JOB_LOCK, readJob, requeueJob, type Attempt, type JobProblem } from '../stores/postgres/jobs.js';
import type { ConnectionOptions } from '../stores/postgres/connection.js';
import { openClient, openPool, storeError } from '../stores/postgres/pool.js';
import { deleteRun } from '../stores/postgres/runs.js';
import { TRY_AGAIN, type ToChild } from './message.js';
import { work, type Standing } from './work.js';

const BEAT_MS = 1_000;

/**
 * Does one job in this process: holds its lock, says that it lives, hears of its cancellation, and writes down how it ended.
 * @returns the exit code
 */
export async function attend(order: Extract<ToChild, { type: 'work' }>, stop: AbortSignal): Promise<number> {
  const mine: Attempt = { id: order.job, attempt: order.attempt };
  const pool = openPool(order.connection, { max: 4, statementTimeoutMs: 600_000 });
  const cancel = new AbortController();
  const standing: Standing = { progress: 0, note: null };
  let timer: NodeJS.Timeout | undefined;
  let lock: Client | undefined;
  try {
    const job = await readJob(pool, order.job);
    if (!job || job.attempt !== order.attempt || job.state !== 'running') return 0;
    lock = await openClient(order.connection);
    // taken over: nothing may be written any more
    lock.once('end', () => process.exit(TRY_AGAIN));
    const { rows } = await lock.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1, hashtext($2)) AS held', [
      JOB_LOCK,
      order.job,
    ]);
    if (!rows[0]!.held) return TRY_AGAIN;
    const tick = async (): Promise<void> => {
      const told = await beat(pool, mine, { ...standing, pid: process.pid });
      if (!told) process.exit(0);
      if (told.cancelRequested) cancel.abort();
    };
    await tick();
    // a beat that fails is made up for by the next
    timer = setInterval(() => void tick().catch(() => {}), BEAT_MS);
    // what an earlier attempt has left
    if (job.runId !== null) await deleteRun(pool, job.runId);
    const signal = AbortSignal.any([stop, cancel.signal]);
    const result = await work({ ...order, pool, mine, job, signal, standing });
    clearInterval(timer);
    await endJob(pool, mine, { state: 'done', result });
    return 0;
  } catch (error) {
    clearInterval(timer);
    return await fallen(error).catch(() => TRY_AGAIN);
  } finally {
    lock?.removeAllListeners('end');
    await lock?.end().catch(() => {});
    await pool.end().catch(() => {});
  }

  async function fallen(error: unknown): Promise<number> {
    if (cancel.signal.aborted) await endJob(pool, mine, { state: 'cancelled' });
    else if (stop.aborted) await requeueJob(pool, mine, true);
    else {
      const known = storeError(error);
      // the database or the store of models is away: later it may go well
      if (isSignalboxError(known) && /^(STORE_DOWN|STORE_DISK_FULL|ARTIFACT_STORE_DOWN)$/.test(known.code)) throw known;
      const problem = problemOf(known, secretsOf({ ...process.env, ...addressOf(order.connection) }));
      // the host reads what is said here last, and puts it into its log
      if (problem.code === 'INTERNAL') console.error(known);
      await endJob(pool, mine, { state: 'failed', error: problem });
    }
    return 0;
  }
}

/** What everybody may read of it: no secret, and of an error that is not ours no word; that one goes to the log of the host. */
export function problemOf(error: unknown, secrets: readonly string[]): JobProblem {
  const clean = redactor(secrets);
  if (isSignalboxError(error) && error.code !== 'INTERNAL')
    return { code: error.code, message: clean(error.message), remedy: clean(error.remedy) };
  return {
    code: 'INTERNAL',
    message: 'the job ended with an error that Signalbox does not know',
    remedy:
      'Its text is in the log of the host that worked on it. It is a fault of Signalbox or of a plugin: report it.',
  };
}

/** A connection as an environment would give it: its password is a secret, too. */
const addressOf = (to: ConnectionOptions): Record<string, string | undefined> =>
  'connectionString' in to ? { DATABASE_URL: to.connectionString } : { PGPASSWORD: to.password };
