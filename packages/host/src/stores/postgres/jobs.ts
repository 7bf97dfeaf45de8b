import type { Pool } from 'pg';
import type { Queryable } from './pool.js';

export const JOB_KINDS = ['backtest', 'sweep', 'features', 'train'] as const;
export type JobKind = (typeof JOB_KINDS)[number];
export const JOB_STATES = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;
export type JobState = (typeof JOB_STATES)[number];

export interface JobProblem {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** A row of `dw.jobs`. Times are epoch milliseconds, wall time. */
export interface JobRecord {
  readonly id: string;
  readonly kind: JobKind;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly state: JobState;
  /** 0–1. */
  readonly progress: number;
  /** What it is at, in words. */
  readonly note: string | null;
  /** How often it was started. */
  readonly attempt: number;
  /** Of these starts, those that do not count against it: its host ended, the database was away. */
  readonly forgiven: number;
  readonly cancelRequested: boolean;
  readonly host: string | null;
  readonly pid: number | null;
  readonly runId: string | null;
  readonly finishedParts: unknown;
  readonly result: Readonly<Record<string, unknown>> | null;
  readonly error: JobProblem | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
}

const COLUMNS = `job_id AS id, kind, parameters, state, progress, note, attempt, forgiven, cancel_requested AS "cancelRequested", host, pid,
  run_id AS "runId", finished_parts AS "finishedParts", result, error, created_at AS "createdAt", started_at AS "startedAt",
  finished_at AS "finishedAt"`;

/** @returns undefined when the same job is queued or runs already, and is not told to end */
export async function insertJob(
  db: Queryable,
  job: { readonly id: string; readonly kind: JobKind; readonly key: string; readonly parameters: object },
): Promise<JobRecord | undefined> {
  const { rows } = await db.query<JobRecord>(
    `INSERT INTO dw.jobs (job_id, kind, natural_key, parameters) VALUES ($1, $2, $3, $4)
     ON CONFLICT (natural_key) WHERE state IN ('queued', 'running') AND NOT cancel_requested DO NOTHING RETURNING ${COLUMNS}`,
    [job.id, job.kind, job.key, JSON.stringify(job.parameters)],
  );
  return rows[0];
}

export async function findUnderway(db: Queryable, key: string): Promise<JobRecord | undefined> {
  const { rows } = await db.query<JobRecord>(
    `SELECT ${COLUMNS} FROM dw.jobs WHERE natural_key = $1 AND state IN ('queued', 'running') AND NOT cancel_requested`,
    [key],
  );
  return rows[0];
}

export async function readJob(db: Queryable, id: string): Promise<JobRecord | undefined> {
  return (await db.query<JobRecord>(`SELECT ${COLUMNS} FROM dw.jobs WHERE job_id = $1`, [id])).rows[0];
}

export interface JobFilter {
  readonly kind?: JobKind | undefined;
  readonly state?: JobState | undefined;
  readonly limit: number;
}

/** A result of more bytes than this is left out of lists: that of a sweep over hundreds of trials is asked for by itself. */
const LISTED_RESULT = 16_384;
const LISTED = COLUMNS.replace('finished_parts AS', 'NULL AS').replace(
  ' result,',
  ` CASE WHEN octet_length(result::text) <= ${LISTED_RESULT} THEN result END AS result,`,
);

/** Newest first; without finished parts, and without large results. */
export async function listJobs(db: Queryable, { kind, state, limit }: JobFilter): Promise<JobRecord[]> {
  const { rows } = await db.query<JobRecord>(
    `SELECT ${LISTED} FROM dw.jobs WHERE ($1::text IS NULL OR kind = $1) AND ($2::text IS NULL OR state = $2)
     ORDER BY created_at DESC, job_id LIMIT $3`,
    [kind ?? null, state ?? null, limit],
  );
  return rows;
}

/** A queued job begins. @returns undefined when it is not queued: another one has it, or it has ended */
export async function beginJob(
  db: Queryable,
  id: string,
  by: { readonly worker: string; readonly host: string },
): Promise<JobRecord | undefined> {
  const { rows } = await db.query<JobRecord>(
    `UPDATE dw.jobs SET state = 'running', attempt = attempt + 1, worker = $2, host = $3, pid = NULL, progress = 0, note = NULL,
       started_at = clock_timestamp(), heartbeat_at = clock_timestamp()
     WHERE job_id = $1 AND state = 'queued' RETURNING ${COLUMNS}`,
    [id, by.worker, by.host],
  );
  return rows[0];
}

/** The attempt of a job: what it writes counts only while it is the last one. */
export interface Attempt {
  readonly id: string;
  readonly attempt: number;
}
const MINE = `job_id = $1 AND attempt = $2 AND state = 'running'`;

/** Says that it lives and how far it is. @returns undefined when this attempt no longer counts */
export async function beat(
  db: Queryable,
  { id, attempt }: Attempt,
  { progress, note, pid }: { readonly progress: number; readonly note: string | null; readonly pid: number },
): Promise<{ readonly cancelRequested: boolean } | undefined> {
  const { rows } = await db.query<{ cancelRequested: boolean }>(
    `UPDATE dw.jobs SET heartbeat_at = clock_timestamp(), progress = greatest(progress, $3), note = $4, pid = $5
     WHERE ${MINE} RETURNING cancel_requested AS "cancelRequested"`,
    [id, attempt, Math.min(1, Math.max(0, progress)), note, pid],
  );
  return rows[0];
}

/** A job's host looks after it: until its process speaks for itself, which under load takes a while, the host does. */
export async function superviseJob(
  db: Queryable,
  { id, attempt }: Attempt,
): Promise<{ readonly cancelRequested: boolean } | undefined> {
  const { rows } = await db.query<{ cancelRequested: boolean }>(
    `UPDATE dw.jobs SET heartbeat_at = CASE WHEN pid IS NULL THEN clock_timestamp() ELSE heartbeat_at END
     WHERE ${MINE} RETURNING cancel_requested AS "cancelRequested"`,
    [id, attempt],
  );
  return rows[0];
}

/** Which run it writes into. @returns false when this attempt no longer counts */
export async function noteRun(db: Queryable, { id, attempt }: Attempt, runId: string): Promise<boolean> {
  return (await db.query(`UPDATE dw.jobs SET run_id = $3 WHERE ${MINE}`, [id, attempt, runId])).rowCount === 1;
}

/** What it has finished. The run of the last part is no longer one that it writes into: both at once, or a kept one is taken for half written. */
export async function noteParts(db: Queryable, { id, attempt }: Attempt, parts: unknown): Promise<boolean> {
  const { rowCount } = await db.query(`UPDATE dw.jobs SET finished_parts = $3, run_id = NULL WHERE ${MINE}`, [
    id,
    attempt,
    JSON.stringify(parts),
  ]);
  return rowCount === 1;
}

export type Ending =
  | { readonly state: 'done'; readonly result: object }
  | { readonly state: 'failed'; readonly error: JobProblem }
  | { readonly state: 'cancelled' };

/** Of finished parts nothing stays but the runs that they have kept. @returns false when this attempt no longer counts */
export async function endJob(db: Queryable, { id, attempt }: Attempt, ending: Ending): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE dw.jobs SET state = $3, result = $4, error = $5, note = NULL, finished_at = clock_timestamp(),
       progress = CASE $3 WHEN 'done' THEN 1 ELSE progress END,
       finished_parts = (SELECT jsonb_agg(jsonb_build_object('run_id', r))
         FROM jsonb_path_query(finished_parts, '$[*].run_id ? (@.type() == "string")') r)
     WHERE ${MINE}`,
    [
      id,
      attempt,
      ending.state,
      ending.state === 'done' ? JSON.stringify(ending.result) : null,
      ending.state === 'failed' ? JSON.stringify(ending.error) : null,
    ],
  );
  return rowCount === 1;
}

/** Back into the queue, to be begun anew. `innocent`: the start does not count. @returns false when this attempt no longer counts */
export async function requeueJob(db: Queryable, { id, attempt }: Attempt, innocent: boolean): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE dw.jobs SET state = 'queued', note = NULL, worker = NULL, pid = NULL, forgiven = forgiven + $3::int WHERE ${MINE}`,
    [id, attempt, innocent ? 1 : 0],
  );
  return rowCount === 1;
}

/** Ends a queued job; tells a running one to end. @returns undefined when it has ended before, or is unknown */
export async function cancelJob(db: Queryable, id: string): Promise<JobRecord | undefined> {
  const { rows } = await db.query<JobRecord>(
    `UPDATE dw.jobs SET cancel_requested = true, state = CASE state WHEN 'queued' THEN 'cancelled' ELSE state END,
       finished_at = CASE state WHEN 'queued' THEN clock_timestamp() END
     WHERE job_id = $1 AND state IN ('queued', 'running') RETURNING ${COLUMNS}`,
    [id],
  );
  return rows[0];
}

/** The runs of a row of `dw.jobs`, one each: the one it writes into or wrote, and those that a sweep has kept. */
const RUNS_OF = `SELECT j.run_id WHERE j.run_id IS NOT NULL
  UNION SELECT r #>> '{}' FROM jsonb_path_query(j.finished_parts, '$[*].run_id ? (@.type() == "string")') r
  UNION SELECT r #>> '{}' FROM jsonb_path_query(j.result, '$.trials[*].run_id ? (@.type() == "string")') r`;

/** What was written for a job and is kept. */
export async function runsOfJob(db: Queryable, id: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `SELECT o.id FROM dw.jobs j, LATERAL (${RUNS_OF}) o(id) WHERE j.job_id = $1`,
    [id],
  );
  return rows.map((row) => row.id);
}

/** Takes an ended job out of the history. */
export async function deleteJob(db: Queryable, id: string): Promise<void> {
  await db.query(`DELETE FROM dw.jobs WHERE job_id = $1 AND state NOT IN ('queued', 'running')`, [id]);
}

/** First key of the advisory locks that the processes of jobs hold. */
export const JOB_LOCK = 7_446_011;
const HOLDERS = `SELECT l.pid FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
  AND l.classid = ${JOB_LOCK} AND l.objid = (hashtext(j.job_id)::bigint & 4294967295)::oid
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

export interface LostJob extends Attempt {
  readonly state: 'queued' | 'running';
  readonly forgiven: number;
  /** The database was begun anew since it was last heard of. */
  readonly innocent: boolean;
  readonly worker: string | null;
  readonly cancelRequested: boolean;
  readonly runId: string | null;
}

/**
 * Running jobs whose process is gone (its lock is free) or has not been heard of for `stalledMs`, and queued ones that the
 * engine does not know (a restored database).
 */
export async function lostJobs(pool: Pool, deadMs: number, stalledMs: number): Promise<LostJob[]> {
  const { rows } = await pool.query<LostJob>(
    `SELECT j.job_id AS id, j.attempt, j.state, j.forgiven, j.heartbeat_at < pg_postmaster_start_time() AS innocent, j.worker, j.cancel_requested AS "cancelRequested", j.run_id AS "runId"
     FROM dw.jobs j WHERE
       (j.state = 'running' AND (j.heartbeat_at < clock_timestamp() - $2 * interval '1 ms'
         OR (j.heartbeat_at < clock_timestamp() - $1 * interval '1 ms' AND NOT EXISTS (${HOLDERS}))))
       OR (j.state = 'queued' AND j.created_at < clock_timestamp() - $1 * interval '1 ms'
         AND NOT EXISTS (SELECT 1 FROM graphile_worker.jobs g WHERE g.key = j.job_id))`,
    [deadMs, stalledMs],
  );
  return rows;
}

/**
 * To the end of the transaction nobody begins or ends the job. @returns false when it is no longer the lost one: taken back by
 * another host, or heard of again
 */
export async function holdLost(db: Queryable, { id, attempt }: Attempt, deadMs: number): Promise<boolean> {
  const { rowCount } = await db.query(
    `SELECT 1 FROM dw.jobs WHERE ${MINE} AND heartbeat_at < clock_timestamp() - $3 * interval '1 ms' FOR UPDATE`,
    [id, attempt, deadMs],
  );
  return rowCount === 1;
}

/** Ends the database connections of a process that holds a job and stands still: it may not wake and write. */
export async function cutOffHolder(db: Queryable, id: string): Promise<void> {
  await db.query(
    `SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
       AND a.application_name IN (SELECT h.application_name FROM pg_stat_activity h, (SELECT $1::text AS job_id) j
         WHERE h.application_name <> '' AND h.pid IN (${HOLDERS}))`,
    [id],
  );
}
