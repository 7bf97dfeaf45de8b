import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCalendar, USDCOP_CALENDAR } from '@signalbox/core';
import { createSimulator } from '@signalbox/core/testing';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openQueue, type JobQueue } from '../../src/jobs/queue.js';
import type { SweepReport } from '../../src/jobs/sweep.js';
import { startWorkers, type Workers, type WorkersOptions } from '../../src/jobs/workers.js';
import type { BacktestReport } from '../../src/inference/backtest.js';
import { storeBars } from '../../src/stores/postgres/bars.js';
import { listRuns, readRun } from '../../src/stores/postgres/runs.js';
import { openJobStage, type JobStage } from './stage.js';

const calendar = createCalendar(USDCOP_CALENDAR);
let stage: JobStage;
let queue: JobQueue;
let open: Workers[] = [];
/** What an undisturbed backtest of the whole window gives. */
let calm: { figures: unknown; rows: number };

const workers = (more: Partial<WorkersOptions> = {}): Workers => {
  const { pool } = stage.db;
  const started = startWorkers({
    pool,
    projectDir: stage.projectDir,
    world: 'simulated',
    concurrency: 1,
    sweepMs: 200,
    deadMs: 3_000,
    // other tests run beside this one, and do not give way
    niceness: 0,
    ...more,
  });
  open.push(started);
  return started;
};
afterEach(async () => {
  await Promise.all(open.map((one) => one.stop()));
  open = [];
});
const ended = (job: { state: string }): boolean => job.state !== 'queued' && job.state !== 'running';
const figures = (result: unknown): unknown => (result as BacktestReport).strategies;
/** A backtest that goes on slowly until its gate is opened. */
const gated = async () => {
  const { path, open: go } = stage.gate();
  return { go, ...(await queue.submit('backtest', { strategies: ['RULE'], parameters: { RULE: { gate: path } } })) };
};

beforeAll(async () => {
  stage = await openJobStage();
  queue = openQueue(() => stage.db.pool);
  const one = workers();
  const { id } = await queue.submit('backtest', { strategies: ['RULE'] });
  const job = await stage.until(id, ended);
  expect(job).toMatchObject({ state: 'done', progress: 1, attempt: 1, error: null });
  const facts = await stage.facts();
  expect(facts.map(({ run }) => run)).toEqual([job.runId]);
  calm = { figures: figures(job.result), rows: facts[0]!.rows };
  expect(calm.rows).toBeGreaterThan(2_400);
  await one.stop();
  open = [];
}, 120_000);

describe('jobs', { timeout: 200_000 }, () => {
  it('the same job while it is queued is one job, whatever the order of its parameters; afterwards it is another', async () => {
    const a = await queue.submit('backtest', { from: '2024-01-10', to: '2024-01-20' });
    const b = await queue.submit('backtest', { to: '2024-01-20', from: '2024-01-10' });
    const c = await queue.submit('backtest', { from: '2024-01-10', to: '2024-01-19' });
    expect(b.id).toBe(a.id);
    expect(c.id).not.toBe(a.id);
    expect((await queue.cancel(a.id)).state).toBe('cancelled');
    const d = await queue.submit('backtest', { from: '2024-01-10', to: '2024-01-20' });
    expect(d.id).not.toBe(a.id);
    await queue.cancel(c.id);
    await queue.cancel(d.id);
    await expect(queue.cancel(d.id)).rejects.toThrowError(expect.objectContaining({ code: 'JOB_ENDED' }));
    // one worker, first come first served: whatever was queued before this one has been handed out
    workers();
    const after = await queue.submit('backtest', { strategies: ['NOPE'], name: 'after them' });
    expect((await stage.until(after.id, ended)).attempt).toBe(1);
    for (const { id } of [a, c, d]) expect((await queue.read(id)).attempt, 'a cancelled one is never begun').toBe(0);
  });

  it('parameters are checked before anything is queued', async () => {
    for (const [kind, given] of [
      ['backtest', { strategy: 'RULE' }],
      ['backtest', { from: '2024-02-01', to: '2024-01-01' }],
      ['sweep', { strategy: 'RULE', grid: {} }],
      ['sweep', { strategy: 'RULE', grid: { a: Array(30).fill(1), b: Array(30).fill(1) } }],
      ['train', {}],
    ] as const) {
      await expect(queue.submit(kind, given)).rejects.toThrowError(
        expect.objectContaining({ code: 'PARAMETER_INVALID' }),
      );
    }
  });

  it('progress grows while it runs; cancelled, its rows are gone and job and run say so', async () => {
    workers();
    const { id } = await gated();
    const first = await stage.until(id, (job) => job.progress > 0 && job.runId !== null);
    const later = await stage.until(id, (job) => job.progress > first.progress);
    expect(later.progress).toBeLessThan(1);
    expect(later.pid).not.toBe(process.pid);
    await queue.cancel(id);
    const job = await stage.until(id, ended, 15);
    expect(job).toMatchObject({ state: 'cancelled', result: null });
    expect((await readRun(stage.db.pool, job.runId!))!.state).toBe('cancelled');
    expect((await stage.facts()).map(({ run }) => run)).not.toContain(job.runId);
  });

  it('one that hangs inside a strategy is cancelled all the same: its process is ended, its rows are gone', async () => {
    workers();
    const { path } = stage.gate();
    const asked = { strategies: ['RULE'], parameters: { RULE: { hang_at: 5, gate: path } } };
    const { id } = await queue.submit('backtest', asked);
    const { pid } = await stage.until(id, (job) => job.pid !== null && existsSync(path));
    await queue.cancel(id);
    const job = await stage.until(id, ended, 30);
    expect(job).toMatchObject({ state: 'cancelled', attempt: 1 });
    expect(existsSync(`/proc/${pid}`), 'by force').toBe(false);
    expect((await readRun(stage.db.pool, job.runId!))!.state).toBe('cancelled');
    expect((await stage.facts()).map(({ run }) => run)).not.toContain(job.runId);
  });

  it('one that is refused fails at once with code, message and remedy', async () => {
    workers();
    const { id } = await queue.submit('backtest', { strategies: ['NOPE'] });
    expect(await stage.until(id, ended)).toMatchObject({
      state: 'failed',
      attempt: 1,
      error: {
        code: 'STRATEGY_UNKNOWN',
        message: expect.stringContaining('NOPE'),
        remedy: expect.stringMatching(/\w/),
      },
    });
  });

  it('one whose process dies each time is given up, and leaves no rows', async () => {
    workers({ maxAttempts: 2 });
    const { id } = await queue.submit('backtest', { strategies: ['RULE'], parameters: { RULE: { kill_at: 900 } } });
    const job = await stage.until(id, ended);
    expect(job).toMatchObject({ state: 'failed', attempt: 2, error: { code: 'JOB_DIED' } });
    expect(job.error!.message).toContain('SIGKILL');
    expect((await stage.facts()).map(({ run }) => run)).not.toContain(job.runId);
  });

  it('a host that ends puts its job back, which does not count as a failed start', async () => {
    const first = workers();
    const { id, go } = await gated();
    await stage.until(id, (job) => job.progress > 0);
    await first.stop();
    expect(await queue.read(id)).toMatchObject({ state: 'queued', attempt: 1, forgiven: 1 });
    go();
    workers();
    expect(await stage.until(id, ended)).toMatchObject({ state: 'done', attempt: 2, forgiven: 1 });
  });

  it('two hosts share the queue; one is killed, the other finishes its job, no row is doubled or left', async () => {
    const before = (await stage.facts()).length;
    const hosts = [stage.worker(), stage.worker()];
    try {
      const { id, go } = await gated();
      const other = await gated();
      const [first, second] = await Promise.all(
        [id, other.id].map((one) => stage.until(one, (job) => job.progress > 0 && job.runId !== null)),
      );
      expect(first!.pid, 'both work at the same time').not.toBe(second!.pid);
      const host = hosts.find((one) => one.pid === parentOf(first!.pid!))!;
      process.kill(host.pid!, 'SIGKILL');
      const killed = Date.now();
      other.go();
      await stage.until(id, (job) => job.attempt === 2, 40);
      const taken = Date.now() - killed;
      go();
      const done = await Promise.all([id, other.id].map((one) => stage.until(one, ended, 120)));
      console.log(`taken over after ${taken} ms, the other host being busy meanwhile`);
      expect(done.map(({ state }) => state)).toEqual(['done', 'done']);
      expect(done.map(({ attempt }) => attempt)).toEqual([2, 1]);
      const facts = await stage.facts();
      expect(facts.length, 'one run for each job, nothing of the lost attempt').toBe(before + 2);
      for (const { runId, result } of done) {
        expect(facts.find(({ run }) => run === runId)!.rows).toBe(calm.rows);
        expect(figures(result)).toEqual(calm.figures);
      }
      expect((await listRuns(stage.db.pool)).some((run) => run.id === first!.runId)).toBe(false);
    } finally {
      for (const host of hosts) host.kill('SIGKILL');
    }
  });

  it('one that stands still is taken over; when it wakes it writes nothing', async () => {
    const host = stage.worker();
    const { id, go } = await gated();
    const first = await stage.until(id, (job) => job.progress > 0 && job.pid !== null);
    // its host with it, which would end it otherwise
    for (const pid of [host.pid!, first.pid!]) process.kill(pid, 'SIGSTOP');
    workers({ stalledMs: 4_000 });
    go();
    try {
      await stage.until(id, (job) => job.attempt === 2 && job.pid !== null && job.pid !== first.pid);
    } finally {
      for (const pid of [first.pid!, host.pid!]) process.kill(pid, 'SIGCONT');
    }
    const job = await stage.until(id, ended);
    expect(job).toMatchObject({ state: 'done', attempt: 2 });
    expect(figures(job.result)).toEqual(calm.figures);
    const facts = await stage.facts();
    expect(facts.find(({ run }) => run === job.runId)!.rows).toBe(calm.rows);
    expect(facts.map(({ run }) => run)).not.toContain(first.runId);
    await expect.poll(() => existsSync(`/proc/${first.pid}`), { timeout: 10_000 }).toBe(false);
    host.kill('SIGKILL');
  });

  it('a sweep goes on from its last finished trial, and says how lucky its best may be', async () => {
    workers();
    const { path, open: go } = stage.gate();
    const { path: none, open: openNone } = stage.gate();
    openNone();
    // the first trial runs free, the second stands at the gate: jsonb has the shorter name first
    const { id } = await queue.submit('sweep', { strategy: 'RULE', grid: { gate: [none, path], low: [0.2, 0.4] } });
    const under = await stage.until(id, (job) => job.note === '2 of 4' && job.pid !== null);
    expect(under.finishedParts).toHaveLength(1);
    process.kill(under.pid!, 'SIGKILL');
    go();
    const job = await stage.until(id, ended);
    expect(job).toMatchObject({ state: 'done', attempt: 2, progress: 1 });
    const report = job.result as unknown as SweepReport;
    expect(report.trials.map(({ parameters }) => parameters['low']).sort()).toEqual([0.2, 0.2, 0.4, 0.4]);
    const sharpes = report.trials.map(({ result }) => result.sharpe_ratio ?? -Infinity);
    expect(sharpes).toEqual([...sharpes].sort((a, b) => b - a));
    const same = report.trials.find(({ parameters }) => parameters['low'] === 0.4)!;
    expect([same.result], 'the figures of a backtest with these parameters').toEqual(calm.figures);
    expect(report.deflated_sharpe!.trials).toBe(sharpes.filter(Number.isFinite).length);
    expect(report.warning).toContain('best of 4 trials');
    const kept = (await listRuns(stage.db.pool)).filter((run) => String(run.config['name']).startsWith('sweep'));
    expect(kept, 'rows of trials are not kept unless asked for').toEqual([]);
  });

  it('features are backfilled as a job, and a repeated one writes nothing', async () => {
    workers();
    const one = await stage.until((await queue.submit('features', {})).id, ended);
    expect(one.error).toBeNull();
    expect(one).toMatchObject({ state: 'done', result: { bars: 2_400, written: 2_400 } });
    const two = await stage.until((await queue.submit('features', {})).id, ended);
    expect(two).toMatchObject({ state: 'done', result: { written: 0 } });
  });

  it('a training killed half-way goes on from its checkpoint on the bars that it began with, and makes the version that an undisturbed one makes', async () => {
    const { bars } = createSimulator({ seed: 11, calendar, edge: 0.3, firstSession: '2024-01-02' }).sessions(41)[40]!;
    const store = (times: readonly number[]) =>
      storeBars(
        stage.db.pool,
        times.map((time, i) => ({ ...bars[i]!, time, symbol: 'USD/COP', source: 'simulated' })),
      );
    // a Saturday’s and one that is not complete: a training takes neither, as the command does not
    await store([Date.UTC(2024, 1, 3, 15), Date.UTC(2099, 0, 5, 15)]);
    workers();
    const asked = {
      strategy: 'RL_PPO',
      options: { iterations: 12, sessionsPerIteration: 3, epochs: 1, minibatch: 64, hidden: [4], validateEvery: 6 },
    };
    const calm = await stage.until((await queue.submit('train', asked)).id, ended);
    expect(calm).toMatchObject({ state: 'done', error: null, attempt: 1, result: { bars: 2_400, world: 'simulated' } });
    const { id } = await queue.submit('train', asked);
    const checkpoint = join(stage.projectDir, '.signalbox', 'jobs', id, 'checkpoint.json');
    const { pid, state, error } = await stage.until(id, (job) => existsSync(checkpoint) || ended(job));
    expect({ state, error }).toEqual({ state: 'running', error: null });
    // the market goes on while it trains
    await store(bars.map(({ time }) => time));
    process.kill(pid!, 'SIGKILL');
    const { version, metrics } = calm.result!;
    expect(await stage.until(id, ended)).toMatchObject({
      state: 'done',
      attempt: 2,
      result: { strategy: 'RL_PPO', bars: 2_400, version, metrics },
    });
    expect(existsSync(checkpoint)).toBe(false);
  });

  it('a checkpoint of another market, as one is once bars were revised, is no end of a training: it begins anew', async () => {
    const options = { iterations: 1, sessionsPerIteration: 2, epochs: 1, minibatch: 64, hidden: [4] };
    const { id } = await queue.submit('train', { strategy: 'RL_PPO', seed: 2, options });
    const folder = join(stage.projectDir, '.signalbox', 'jobs', id);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'checkpoint.json'), '{"last_bar":1706000000000}\n{"task":"another"}');
    workers();
    const { state, error, attempt } = await stage.until(id, ended);
    expect({ state, error, attempt }).toEqual({ state: 'done', error: null, attempt: 1 });
    expect(existsSync(folder)).toBe(false);
  });

  it('a queued job that the engine has lost, as after a restore, is delivered again', async () => {
    const { id } = await queue.submit('backtest', { strategies: ['RULE'], from: '2024-02-01' });
    await stage.db.pool.query('SELECT graphile_worker.remove_job($1)', [id]);
    await stage.db.pool.query(`UPDATE dw.jobs SET created_at = now() - interval '1 minute' WHERE job_id = $1`, [id]);
    workers();
    const { state, error } = await stage.until(id, ended);
    expect({ state, error }).toEqual({ state: 'done', error: null });
    const { runId } = await queue.remove(id);
    expect(await readRun(stage.db.pool, runId!), 'its run goes with it').toBeUndefined();
    await expect(queue.read(id)).rejects.toThrowError(expect.objectContaining({ code: 'JOB_UNKNOWN' }));
  });
});

function parentOf(pid: number): number {
  return Number(/\nPPid:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}
