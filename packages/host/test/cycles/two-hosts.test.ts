import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { storeBars, type SourcedBar } from '../../src/stores/postgres/bars.js';
import { databaseUrl } from '../running-host.js';
import type { TestDatabase } from '../postgres.js';
import { live, marketDatabase, SLOT } from './market.js';

const repository = join(import.meta.dirname, '../../../..');
/** Market seconds per wall second: a bar each 600 ms. */
const SPEED = 500;

const script = join(import.meta.dirname, 'market-host.mjs');

interface Host {
  readonly child: ChildProcess;
  readonly said: Record<string, unknown>[];
  readonly ended: Promise<void>;
  url(): Promise<string>;
}
const hosts: Host[] = [];
afterAll(async () => {
  for (const { child, ended } of hosts) {
    child.kill('SIGKILL');
    await ended;
  }
});

/** One clock for hosts and bars: it stands a minute before the session until it is told to run. */
function createClock() {
  const start = live[0]!.time - 60_000;
  const file = join(mkdtempSync(join(tmpdir(), 'signalbox-clock-')), 'at');
  let at: number | undefined;
  return {
    start,
    file,
    run() {
      at = Date.now();
      writeFileSync(`${file}.new`, String(at));
      renameSync(`${file}.new`, file);
    },
    now: () => (at === undefined ? start : start + (Date.now() - at) * SPEED),
  };
}

function start(database: TestDatabase, clock: { readonly start: number; readonly file: string }): Host {
  const child = spawn(process.execPath, [script, String(clock.start), clock.file, String(SPEED)], {
    cwd: repository,
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl(database.connection),
      ANTHROPIC_API_KEY: '',
      SIGNALBOX_PORT_MODELS: '0',
      SIGNALBOX_PORT_TRADING: '0',
      SIGNALBOX_PORT_ANALYTICS: '0',
      SIGNALBOX_PORT_DASHBOARD: '0',
      SIGNALBOX_PLUGINS: 'signalbox-strategy-breakout',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: Record<string, unknown>[] = [];
  let text = '';
  let errors = '';
  child.stdout!.on('data', (chunk) => {
    text += String(chunk);
    const lines = text.split('\n');
    text = lines.pop()!;
    for (const line of lines) said.push(JSON.parse(line) as Record<string, unknown>);
  });
  child.stderr!.on('data', (chunk) => (errors += String(chunk)));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const host: Host = {
    child,
    said,
    ended,
    async url() {
      await expect
        .poll(() => said.some((one) => one['ready']) || child.exitCode !== null, { timeout: 30_000 })
        .toBe(true);
      if (child.exitCode !== null) throw new Error(`the host ended: ${errors}`);
      return (said.find((one) => one['services'])!['services'] as Record<string, string>)['models']!;
    },
  };
  hosts.push(host);
  return host;
}

const PYTHON = process.env['SIGNALBOX_PYTHON'] ?? 'python3';
const AIRFLOW = join(repository, 'examples/airflow');
/** What the functions of the Airflow example answer; undefined without Python. */
function airflow(code: string): unknown {
  const ran = spawnSync(PYTHON, ['-B', '-c', `import json, signalbox_cycle as s\nfrom datetime import *\n${code}`], {
    cwd: AIRFLOW,
    encoding: 'utf8',
  });
  if (ran.error) {
    if (process.env['SIGNALBOX_NO_SKIPS'] === '1') throw ran.error;
    console.warn(`SKIPPED: the Airflow example needs ${PYTHON}, which is not there`);
    return undefined;
  }
  if (ran.status !== 0) throw new Error(ran.stderr);
  return JSON.parse(ran.stdout);
}

interface Leader {
  readonly epoch: number;
  readonly pid: number;
}
const leaderOf = async ({ pool }: TestDatabase): Promise<Leader | undefined> =>
  (await pool.query<Leader>('SELECT epoch, pid FROM dw.leaders JOIN dw.hosts USING (host_id)')).rows[0];

/** Resolves when a host leads and listens. */
async function ledBy(database: TestDatabase): Promise<Leader> {
  await expect
    .poll(async () => (await database.pool.query('SELECT 1 FROM dw.world WHERE first_cycle_at IS NOT NULL')).rowCount)
    .toBe(1);
  return (await leaderOf(database))!;
}

describe('two hosts on one database', () => {
  it.each(['SIGKILL', 'SIGSTOP'] as const)(
    'when the leader gets %s the other takes over within seconds; no bar is lost, doubled or written by who woke',
    async (signal) => {
      const database = await marketDatabase();
      const { pool } = database;
      const clock = createClock();
      const market = clock.now;
      const [a, b] = [start(database, clock), start(database, clock)];
      await Promise.all([a.url(), b.url()]);
      await ledBy(database);
      clock.run();

      let going = true;
      const bars: SourcedBar[] = [];
      const delivering = (async () => {
        for (const bar of live.slice(0, 60)) {
          while (going && market() < bar.time + SLOT) await sleep(5);
          if (!going) return;
          await storeBars(pool, [bar]);
          bars.push(bar);
        }
      })();
      await expect
        .poll(async () => (await pool.query('SELECT 1 FROM dw.cycles WHERE status = $1', ['done'])).rowCount, {
          timeout: 15_000,
        })
        .toBeGreaterThan(3);

      const first = (await leaderOf(database))!;
      const leader = [a, b].find(({ child }) => child.pid === first.pid)!;
      const other = leader === a ? b : a;
      const struck = performance.now();
      leader.child.kill(signal);
      await expect
        .poll(async () => (await leaderOf(database))?.epoch, { interval: 25, timeout: 15_000 })
        .toBeGreaterThan(first.epoch);
      const tookOver = performance.now() - struck;
      expect((await leaderOf(database))!.pid).toBe(other.child.pid);
      expect(tookOver).toBeLessThan(signal === 'SIGKILL' ? 3_000 : 6_000);
      console.log(`take-over after ${signal}: ${Math.round(tookOver)} ms`);
      const done = async (): Promise<number> =>
        (await pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM dw.cycles WHERE status = 'done'`)).rows[0]!.n;
      const before = await done();
      await expect.poll(done, { timeout: 15_000 }).toBeGreaterThan(before + 3);

      if (signal === 'SIGSTOP') {
        leader.child.kill('SIGCONT');
        // awake again: it serves, and stands by
        await expect
          .poll(async () => (await fetch(`${await leader.url()}/api/health`)).status, { timeout: 15_000 })
          .toBe(200);
        const awake = await done();
        await expect.poll(done, { timeout: 15_000 }).toBeGreaterThan(awake + 3);
        expect((await leaderOf(database))!.pid).toBe(other.child.pid);
      }
      going = false;
      await delivering;
      await expect.poll(done, { timeout: 15_000 }).toBeGreaterThanOrEqual(bars.length);

      const { rows: written } = await pool.query<{ t: number; n: number }>(
        `SELECT bar_time AS t, count(*)::int AS n FROM dw.fact_equity_curve GROUP BY 1 ORDER BY 1`,
      );
      expect(written).toEqual(bars.map(({ time }) => ({ t: time, n: 1 })));
      const { rows: decided } = await pool.query<{ t: number }>(
        `SELECT bar_time AS t FROM dw.fact_strategy_signals UNION ALL SELECT bar_time FROM dw.fact_no_signal ORDER BY 1`,
      );
      expect(decided.map((row) => row.t)).toEqual(bars.map(({ time }) => time));
      const { rows: zombie } = await pool.query(
        `SELECT bar_time FROM dw.cycles c JOIN dw.leaders l USING (symbol) WHERE c.epoch < l.epoch AND c.recorded_at > l.taken_at`,
      );
      expect(zombie, 'nothing of an earlier epoch after the take-over').toEqual([]);
      // events go on, numbered without a gap
      await expect
        .poll(async () => (await pool.query('SELECT 1 FROM dw.events WHERE seq IS NULL')).rowCount, { timeout: 5_000 })
        .toBe(0);
      for (const { child } of [a, b]) child.kill('SIGTERM');
      await other.ended;
      leader.child.kill('SIGKILL');
      await leader.ended;
    },
    120_000,
  );

  it('any host triggers a cycle, the leader does it: once, by HTTP and by the Airflow example', async () => {
    const database = await marketDatabase();
    const clock = createClock();
    const market = clock.now;
    const [a, b] = [start(database, clock), start(database, clock)];
    await Promise.all([a.url(), b.url()]);
    const { pid } = await ledBy(database);
    clock.run();
    const standby = await (a.child.pid === pid ? b : a).url();
    const post = async (body: object): Promise<{ status: number; body: Record<string, unknown> }> => {
      const answer = await fetch(`${standby}/api/cycles`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    };
    const at = live.find((bar) => bar.time + SLOT > market() + 2_000 * SPEED)!;
    const bar_time = new Date(at.time).toISOString();
    expect(await post({ symbol: 'USD/COP', bar_time })).toMatchObject({
      status: 409,
      body: { code: 'BAR_NOT_COMPLETE' },
    });
    expect((await post({ symbol: 'USD/COP', bar_time: new Date(at.time + 1_000).toISOString() })).status).toBe(422);
    expect((await post({ symbol: 'EUR/USD', bar_time })).status).toBe(404);
    while (market() < at.time + SLOT) await sleep(10);
    await storeBars(database.pool, [at]);
    const answers = await Promise.all([post({ bar_time }), post({ bar_time })]);
    for (const { status, body } of answers) {
      expect(status).toBe(200);
      expect(body).toMatchObject({ symbol: 'USD/COP', bar_time, status: expect.stringMatching(/done$/) as string });
    }
    expect((await post({ bar_time })).body['status']).toBe('already_done');
    const said = airflow(
      `print(json.dumps(s.run_cycle(datetime.fromisoformat("${bar_time.replace('Z', '+00:00')}"), "${standby}")))`,
    );
    if (said !== undefined) expect(said).toMatchObject({ symbol: 'USD/COP', bar_time, status: 'already_done' });
    const { rows } = await database.pool.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM dw.fact_equity_curve WHERE bar_time = $1',
      [bar_time],
    );
    expect(rows[0]!.n).toBe(1);
    for (const { child } of [a, b]) child.kill('SIGTERM');
    await Promise.all([a.ended, b.ended]);
  }, 120_000);
});

describe('the Airflow example', () => {
  it('asks for sixty bars a day, the first due 08:05 and the last 13:00 in Bogota', () => {
    const due = airflow(
      `day = [datetime(2026, 3, 2, tzinfo=s.MARKET) + timedelta(minutes=5 * i, seconds=3) for i in range(288)]
asked = [(t, s.bar_of(t)) for t in day if s.bar_of(t)]
print(json.dumps([len(asked), asked[0][0].strftime("%H:%M"), asked[-1][0].strftime("%H:%M"), asked[0][1].isoformat(), asked[-1][1].isoformat()]))`,
    );
    if (due === undefined) return;
    expect(due).toEqual([60, '08:05', '13:00', '2026-03-02T13:00:00+00:00', '2026-03-02T17:55:00+00:00']);
  });
});
