import type { Pool } from 'pg';
import { endJob, readJob, requeueJob, type JobProblem, type JobRecord } from '../stores/postgres/jobs.js';
import { discardRun } from '../stores/postgres/runs.js';

/** How a job's process ended. */
export interface Exit {
  readonly words: string;
  /** For no fault of the job: the database was away, another process holds it still. */
  readonly innocent: boolean;
}

/** After the end of a job's process. @returns whether the job is to be begun again */
export async function settle(
  pool: Pool,
  job: JobRecord,
  { words, innocent }: Exit,
  stopping: boolean,
  maxAttempts: number,
): Promise<boolean> {
  const now = await readJob(pool, job.id);
  if (!now || now.attempt > job.attempt || (now.state !== 'running' && now.state !== 'queued')) return false;
  // it went back into the queue by itself, as the host ends, or was taken back
  if (now.state === 'queued') return true;
  if (now.runId !== null) await discardRun(pool, now.runId, now.cancelRequested ? 'cancelled' : 'failed', words);
  if (now.cancelRequested) {
    await endJob(pool, job, { state: 'cancelled' });
    return false;
  }
  if (!stopping && !innocent && givenUp(now, maxAttempts)) {
    await endJob(pool, job, { state: 'failed', error: died(job.attempt, words) });
    return false;
  }
  return requeueJob(pool, job, stopping || innocent);
}

/** Whether the start that has just failed is the last one that a job has. */
export const givenUp = (job: { readonly attempt: number; readonly forgiven: number }, maxAttempts: number): boolean =>
  job.attempt - job.forgiven >= maxAttempts;

export const died = (attempts: number, how: string): JobProblem => ({
  code: 'JOB_DIED',
  message: `it was begun ${attempts} times and never came to its end; last time ${how}`,
  remedy: 'Look for what ends its process: memory, a plugin that crashes; then queue it again.',
});
