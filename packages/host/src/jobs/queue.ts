import { randomBytes } from 'node:crypto';
import { SignalboxError } from '@signalbox/core';
import pg, { type Pool } from 'pg';
import {
  cancelJob,
  deleteJob,
  findUnderway,
  insertJob,
  listJobs,
  readJob,
  runsOfJob,
  type JobFilter,
  type JobKind,
  type JobRecord,
} from '../stores/postgres/jobs.js';
import { applicationName, PROCESS_ID, type ConnectionOptions } from '../stores/postgres/connection.js';
import { connectionOf, withTransaction, type Queryable } from '../stores/postgres/pool.js';
import { deleteRun } from '../stores/postgres/runs.js';
import { checkParameters, naturalKey } from './parameters.js';

/** The engine's name for our jobs: one queue for all kinds, first come first served. */
export const TASK = 'signalbox';

/** What becomes of a job, for API and command line. */
export interface JobQueue {
  /**
   * Queues a job; the same one that is queued or runs already is answered with itself. @throws PARAMETER_INVALID
   */
  submit(kind: JobKind, parameters: unknown): Promise<JobRecord>;
  /** Newest first. */
  list(filter: JobFilter): Promise<JobRecord[]>;
  /** @throws JOB_UNKNOWN */
  read(id: string): Promise<JobRecord>;
  /** A queued job ends, a running one is told to end within a second or so. @throws JOB_UNKNOWN, JOB_ENDED */
  cancel(id: string): Promise<JobRecord>;
  /** Takes an ended job out of the history, with the runs that it wrote. @throws JOB_UNKNOWN, JOB_UNDERWAY */
  remove(id: string): Promise<JobRecord>;
}

export function openQueue(pool: () => Pool): JobQueue {
  const unknown = (id: string): SignalboxError =>
    new SignalboxError('JOB_UNKNOWN', `there is no job ${id}`, 'signalbox jobs list, or GET /api/jobs, shows them');
  const read = async (id: string): Promise<JobRecord> => {
    const job = await readJob(pool(), id);
    if (!job) throw unknown(id);
    return job;
  };
  return {
    read,
    list: (filter) => listJobs(pool(), filter),
    async submit(kind, given) {
      const parameters = checkParameters(kind, given);
      const key = naturalKey(kind, parameters);
      await prepareEngine(pool());
      for (;;) {
        const made = await withTransaction(pool(), async (client) => {
          const job = await insertJob(client, { id: newJobId(), kind, key, parameters });
          if (job) await deliver(client, job.id);
          return job;
        });
        const job = made ?? (await findUnderway(pool(), key));
        // none: the one that stood in the way has ended meanwhile
        if (job) return job;
      }
    },
    async cancel(id) {
      const job = await cancelJob(pool(), id);
      if (job) return job;
      const { state } = await read(id);
      throw new SignalboxError('JOB_ENDED', `the job ${id} has ended: ${state}`, 'There is nothing left to cancel');
    },
    async remove(id) {
      const job = await read(id);
      if (job.state === 'queued' || job.state === 'running')
        throw new SignalboxError('JOB_UNDERWAY', `the job ${id} is ${job.state}`, 'Cancel it first');
      // its runs first: killed in between, the job is still there to be removed
      for (const run of await runsOfJob(pool(), id)) await deleteRun(pool(), run);
      await deleteJob(pool(), id);
      return job;
    },
  };
}

/** Hands a job to the engine, to be begun as soon as a worker is free; one that it has already is not doubled. */
export async function deliver(db: Queryable, id: string): Promise<void> {
  await db.query(
    `SELECT 1 FROM graphile_worker.add_job($1, json_build_object('id', $2::text), job_key => $2::text, max_attempts => 100)`,
    [TASK, id],
  );
}

const prepared = new WeakMap<Pool, Promise<void>>();

/** The engine's own tables are there afterwards. */
export function prepareEngine(pool: Pool): Promise<void> {
  let done = prepared.get(pool);
  if (!done) {
    done = (async () => {
      // a command that queues nothing starts without the engine
      const [{ runMigrations }, { quiet }] = await Promise.all([import('graphile-worker'), import('./quiet.js')]);
      const own = enginePool(connectionOf(pool), 1);
      await runMigrations({ pgPool: own, logger: quiet }).finally(() => own.end());
    })();
    prepared.set(pool, done);
    done.catch(() => prepared.delete(pool));
  }
  return done;
}

/** A pool with the driver's own types, as the engine expects them; ours gives numbers for timestamps. */
export function enginePool(connection: ConnectionOptions, max: number): Pool {
  const pool = new pg.Pool({
    ...connection,
    max,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    application_name: applicationName(PROCESS_ID),
  });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** `job-20260131-142500-9f3c1a`. */
function newJobId(): string {
  const stamp = new Date().toISOString().replace(/[-:]/g, '');
  return `job-${stamp.slice(0, 8)}-${stamp.slice(9, 15)}-${randomBytes(3).toString('hex')}`;
}
