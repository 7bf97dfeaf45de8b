import type { Pool } from 'pg';
import { cutOffHolder, endJob, holdLost, lostJobs, requeueJob, type LostJob } from '../stores/postgres/jobs.js';
import { withTransaction } from '../stores/postgres/pool.js';
import { discardRun } from '../stores/postgres/runs.js';
import { died, givenUp } from './ending.js';
import { deliver } from './queue.js';

export interface TakeBackOptions {
  readonly deadMs: number;
  readonly stalledMs: number;
  readonly maxAttempts: number;
  /** Jobs whose own host is about to say how they ended. */
  readonly except: ReadonlySet<string>;
}

/** Jobs whose worker is lost go back into the queue, whichever host had them. */
export async function takeBackLost(pool: Pool, options: TakeBackOptions): Promise<void> {
  for (const job of await lostJobs(pool, options.deadMs, options.stalledMs))
    if (!options.except.has(job.id)) await takeBack(pool, job, options);
}

export async function takeBack(pool: Pool, job: LostJob, { deadMs, maxAttempts }: TakeBackOptions): Promise<void> {
  await withTransaction(pool, async (client) => {
    if (job.state === 'running') {
      // held first: another host may have taken it back meanwhile, and whoever holds it now is to be left alone
      if (!(await holdLost(client, job, deadMs))) return;
      await cutOffHolder(client, job.id);
      const how = 'its worker was lost';
      if (job.runId !== null) await discardRun(pool, job.runId, job.cancelRequested ? 'cancelled' : 'failed', how);
      if (job.cancelRequested) return void (await endJob(client, job, { state: 'cancelled' }));
      if (!job.innocent && givenUp(job, maxAttempts))
        return void (await endJob(client, job, { state: 'failed', error: died(job.attempt, how) }));
      await requeueJob(client, job, job.innocent);
    }
    // the engine keeps a job for its worker for hours; one that lives all the same finds the job begun by another
    if (job.worker) await client.query('SELECT graphile_worker.force_unlock_workers($1)', [[job.worker]]);
    await deliver(client, job.id);
  });
}
