import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SignalboxError } from '@signalbox/core';
import { problemOf } from '../../src/jobs/attend.js';
import { TRY_AGAIN } from '../../src/jobs/message.js';
import { openQueue, prepareEngine, type JobQueue } from '../../src/jobs/queue.js';
import { takeBack } from '../../src/jobs/take-back.js';
import { startWorkers, type Workers, type WorkersOptions } from '../../src/jobs/workers.js';
import {
  beat,
  beginJob,
  endJob,
  JOB_LOCK,
  lostJobs,
  noteParts,
  noteRun,
  requeueJob,
} from '../../src/stores/postgres/jobs.js';
import { openClient } from '../../src/stores/postgres/pool.js';
import { createRun, listRuns } from '../../src/stores/postgres/runs.js';
import { testDatabase, type TestDatabase } from '../postgres.js';

let db: TestDatabase;
let queue: JobQueue;
const folder = mkdtempSync(join(tmpdir(), 'jobs-'));
const open: Workers[] = [];

/** Workers whose jobs run a module of these lines in place of the real one. */
const workers = (name: string, lines: string, more: Partial<WorkersOptions> = {}): Workers => {
  const entry = join(folder, `${name}.mjs`);
  writeFileSync(entry, `import { writeFileSync } from 'node:fs';\n${lines}`);
  const options = { pool: db.pool, projectDir: folder, world: 'simulated', concurrency: 1, sweepMs: 100 } as const;
  const started = startWorkers({ ...options, entry, ...more });
  open.push(started);
  return started;
};
const BY = { worker: 'w', host: 'h' };
const ADRIFT = { deadMs: 1_000, stalledMs: 60_000, maxAttempts: 5, except: new Set<string>() };
const age = (id: string) =>
  db.pool.query(`UPDATE dw.jobs SET heartbeat_at = clock_timestamp() - interval '30 s' WHERE job_id = $1`, [id]);

beforeAll(async () => {
  db = await testDatabase({ world: 'simulated' });
  queue = openQueue(() => db.pool);
  await prepareEngine(db.pool);
});
afterAll(() => Promise.all(open.map((one) => one.stop())));

describe('jobs that are begun again', () => {
  it('one that is told to end does not swallow the same one queued anew', async () => {
    const first = await queue.submit('backtest', { name: 'anew' });
    await beginJob(db.pool, first.id, BY);
    expect((await queue.cancel(first.id)).state, 'it runs, and has not heard of it').toBe('running');
    const second = await queue.submit('backtest', { name: 'anew' });
    expect(second.id).not.toBe(first.id);
    expect((await queue.submit('backtest', { name: 'anew' })).id, 'and that one stands once').toBe(second.id);
    await queue.cancel(second.id);
    await age(first.id);
    await takeBack(
      db.pool,
      (await lostJobs(db.pool, 1_000, 60_000)).find(({ id }) => id === first.id)!,
      ADRIFT,
    );
    expect((await queue.read(first.id)).state).toBe('cancelled');
  });

  it('a part of a sweep is noted with the end of its run: one that is kept outlives a kill right after', async () => {
    const { id } = await queue.submit('sweep', { strategy: 'RULE', grid: { low: [0.2, 0.4] }, keep: true });
    const mine = (await beginJob(db.pool, id, BY))!;
    await createRun(db.pool, { id: 'kept', symbol: 'USD/COP', from: 0, to: 1, strategies: ['RULE'] });
    await noteRun(db.pool, mine, 'kept');
    await noteParts(db.pool, mine, [{ run_id: 'kept' }]);
    expect((await queue.read(id)).runId).toBeNull();
    await queue.cancel(id);
    await age(id);
    await takeBack(
      db.pool,
      (await lostJobs(db.pool, 1_000, 60_000)).find((one) => one.id === id)!,
      ADRIFT,
    );
    expect((await listRuns(db.pool)).map((run) => run.id)).toContain('kept');
    await queue.remove(id);
    expect(
      (await listRuns(db.pool)).map((run) => run.id),
      'it goes with its sweep',
    ).not.toContain('kept');
  });

  it('a list carries no finished parts and no large result; an ended job keeps of its parts the kept runs alone', async () => {
    const { id } = await queue.submit('sweep', { strategy: 'RULE', grid: { low: [0.1, 0.3] } });
    const mine = (await beginJob(db.pool, id, BY))!;
    await noteParts(db.pool, mine, [
      { run_id: null, returns: Array(1_000).fill(0.1) },
      { run_id: 'one', returns: [] },
    ]);
    const listed = async () => (await queue.list({ kind: 'sweep', limit: 1 }))[0]!;
    expect(await listed()).toMatchObject({ id, finishedParts: null });
    expect((await queue.read(id)).finishedParts).toHaveLength(2);
    const result = { trials: Array.from({ length: 400 }, () => ({ run_id: null, parameters: { low: 0.123456789 } })) };
    await endJob(db.pool, mine, { state: 'done', result });
    expect(await listed()).toMatchObject({ id, state: 'done', result: null });
    expect(await queue.read(id)).toMatchObject({ result, finishedParts: [{ run_id: 'one' }] });
  });

  it('of an error that is not ours no word is stored, of one that is ours no secret', () => {
    const secrets = ['hunter2secret'];
    const strange = problemOf(new Error('connect to postgres://u:hunter2secret@db failed'), secrets);
    expect(strange).toMatchObject({ code: 'INTERNAL', message: expect.not.stringContaining('postgres') });
    const ours = problemOf(new SignalboxError('INPUT_NOT_FOUND', 'no file hunter2secret', 'Look'), secrets);
    expect(ours).toEqual({ code: 'INPUT_NOT_FOUND', message: 'no file ***', remedy: 'Look' });
  });

  it('who comes too late to take a job back leaves its next attempt alone', async () => {
    const { id } = await queue.submit('backtest', { name: 'late' });
    const first = (await beginJob(db.pool, id, BY))!;
    await age(id);
    const lost = (await lostJobs(db.pool, 1_000, 60_000)).find((one) => one.id === id)!;
    await requeueJob(db.pool, first, true);
    const second = (await beginJob(db.pool, id, BY))!;
    expect(second.attempt, 'two attempts never share a number').toBe(first.attempt + 1);
    const holder = await openClient(db.connection);
    await holder.query(`SET application_name = 'the next attempt'`);
    await holder.query('SELECT pg_advisory_lock($1, hashtext($2))', [JOB_LOCK, id]);
    holder.on('error', () => {});
    await takeBack(db.pool, lost, ADRIFT);
    expect((await holder.query('SELECT 1')).rowCount).toBe(1);
    expect(await queue.read(id)).toMatchObject({ state: 'running', attempt: 2 });
    await age(id);
    await takeBack(db.pool, { ...lost, attempt: 2 }, ADRIFT);
    await expect(holder.query('SELECT 1'), 'the lost one itself is cut off').rejects.toThrow();
    expect((await queue.read(id)).state).toBe('queued');
    await queue.cancel(id);
  });

  it('a process that ends because the database was away costs the job no start, any other end does', async () => {
    const { id } = await queue.submit('backtest', { name: 'away' });
    const away = workers('away', `process.on('message', () => process.exit(${TRY_AGAIN}));`, { maxAttempts: 1 });
    await expect.poll(async () => (await queue.read(id)).forgiven, { timeout: 10_000 }).toBe(1);
    expect((await queue.read(id)).state).not.toBe('failed');
    await away.stop();
    await queue.cancel(id);
    const other = await queue.submit('backtest', { name: 'dies' });
    const heard: string[] = [];
    workers('dies', `process.on('message', () => { console.error('token=abc'); process.exit(3); });`, {
      maxAttempts: 1,
      onWords: (job, words) => heard.push(job, words),
    });
    await expect.poll(async () => (await queue.read(other.id)).state, { timeout: 10_000 }).toBe('failed');
    const { error } = await queue.read(other.id);
    expect(error).toMatchObject({ code: 'JOB_DIED', message: expect.stringContaining('exit 3') });
    expect(error!.message, 'its last words go to the log alone').not.toContain('token');
    expect(heard).toEqual([other.id, 'token=abc']);
    await open.pop()!.stop();
  });

  it('one that hangs in a loop is ended once its job was taken from it, and the queue goes on', async () => {
    const { id } = await queue.submit('backtest', { name: 'hangs' });
    const at = join(folder, 'pid');
    workers('hangs', `process.on('message', () => { writeFileSync('pid', String(process.pid)); for (;;); });`, {
      maxAttempts: 1,
      deadMs: 1_000,
    });
    await expect.poll(() => existsSync(at) && readFileSync(at, 'utf8'), { timeout: 10_000 }).toMatch(/\d/);
    const pid = Number(readFileSync(at, 'utf8'));
    const job = await queue.read(id);
    // the last that is heard of it
    await beat(db.pool, job, { progress: 0, note: null, pid });
    await expect.poll(async () => (await queue.read(id)).state, { timeout: 10_000 }).toBe('failed');
    await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 5_000 }).toBe(false);
    await open.pop()!.stop();
  });
}, 30_000);
