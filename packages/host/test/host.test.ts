import { connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { testDatabase, type TestDatabase } from './postgres.js';
import { startHost, type RunningHost } from './running-host.js';

let database: TestDatabase;
let host: RunningHost;
let models: string;

beforeAll(async () => {
  database = await testDatabase();
  host = startHost(database.connection, ['--speed', '600']);
  models = (await host.urls)['models']!;
  await host.ready;
}, 240_000);

afterAll(async () => {
  host.child.kill('SIGKILL');
  await host.ended;
});

const get = async <T>(path: string): Promise<T> => (await (await fetch(models + path)).json()) as T;
const count = async (sql: string): Promise<number> =>
  (await database.pool.query<{ n: number }>(`SELECT count(*)::int AS n ${sql}`)).rows[0]!.n;

/** Facts of the strategies that are never switched off here, which would stand twice if a bar were taken twice, or lack if one were left out. */
async function gaps(): Promise<number> {
  return count(`FROM (
    SELECT strategy_id, bar_time - lag(bar_time) OVER (PARTITION BY strategy_id ORDER BY bar_time) AS step,
      (bar_time AT TIME ZONE 'America/Bogota')::date = (lag(bar_time) OVER (PARTITION BY strategy_id ORDER BY bar_time) AT TIME ZONE 'America/Bogota')::date AS same
    FROM dw.fact_equity_curve JOIN dw.dim_strategy USING (strategy_id) WHERE run_id = 'live' AND strategy_code <> 'RULE_BREAKOUT') s WHERE same AND step <> interval '5 minutes'`);
}

describe('the host of the demo world', () => {
  it('says that it is simulated, in health as in every row', async () => {
    expect(await get('/api/health')).toMatchObject({
      status: 'healthy',
      world: 'simulated',
      simulated: true,
      clock: { mode: 'replay', speed: 600 },
    });
    for (const table of ['fact_strategy_signals', 'fact_no_signal', 'fact_strategy_positions', 'fact_equity_curve'])
      expect(await count(`FROM dw.${table} WHERE NOT simulated`), table).toBe(0);
    expect(await count(`FROM usdcop_m5_ohlcv WHERE source <> 'simulated'`)).toBe(0);
  });

  it('ran sessions 61 to 100 through the pipeline, each with a position that opened and closed', async () => {
    const { rows } = await database.pool.query<{ day: string; bars: number; closed: number }>(`
      SELECT d.day, (SELECT count(DISTINCT e.bar_time)::int FROM dw.fact_equity_curve e WHERE (e.bar_time AT TIME ZONE 'America/Bogota')::date = d.day) AS bars,
        (SELECT count(*)::int FROM dw.fact_strategy_positions p WHERE p.status = 'closed' AND (p.entry_time AT TIME ZONE 'America/Bogota')::date = d.day) AS closed
      FROM (SELECT (time AT TIME ZONE 'America/Bogota')::date AS day FROM usdcop_m5_ohlcv GROUP BY 1 ORDER BY 1 OFFSET 60 LIMIT 40) d`);
    expect(rows).toHaveLength(40);
    for (const { day, bars, closed } of rows) {
      expect(bars, `bars of ${day}`).toBe(60);
      expect(closed, `positions of ${day}`).toBeGreaterThan(0);
    }
    expect(await count(`FROM dw.fact_strategy_signals WHERE mode = 'unwatched'`)).toBeGreaterThan(0);
  });

  it('runs the strategies of six packages, one of them a third party’s, one of them not configured', async () => {
    const { models: rows } = await get<{
      models: { strategy_code: string; package: string; state: string; reason: string | null }[];
    }>('/api/models');
    expect(rows.map((row) => [row.strategy_code, row.package])).toEqual([
      ['ENSEMBLE', '@signalbox/strategy-ensemble'],
      ['LLM_CLAUDE', '@signalbox/strategy-llm-claude'],
      ['ML_LGBM', '@signalbox/strategy-ml-lgbm'],
      ['ML_XGB', '@signalbox/strategy-ml-xgb'],
      ['RL_PPO', '@signalbox/strategy-rl-ppo'],
      ['RULE_BREAKOUT', 'signalbox-strategy-breakout'],
    ]);
    await expect
      .poll(async () => (await get<{ models: { state: string }[] }>('/api/models')).models.map((row) => row.state), {
        timeout: 10_000,
      })
      .toEqual(['RUNNING', 'DEGRADED', 'RUNNING', 'RUNNING', 'RUNNING', 'RUNNING']);
    expect(rows[1]!.reason).toMatch(/^not configured: no ANTHROPIC_API_KEY/);
    expect(
      await count(
        `FROM dw.fact_strategy_signals JOIN dw.dim_strategy USING (strategy_id) WHERE strategy_code = 'LLM_CLAUDE'`,
      ),
    ).toBe(0);
  });

  it('follows dim_strategy while it runs: off without a restart, on again with the next bar', async () => {
    const { pool } = database;
    const rows = async (): Promise<Record<string, number>> =>
      Object.fromEntries(
        (
          await pool.query(
            `SELECT strategy_code, count(*)::int AS n FROM dw.fact_equity_curve JOIN dw.dim_strategy USING (strategy_id) GROUP BY 1`,
          )
        ).rows.map((row) => [row.strategy_code, row.n]),
      );
    const state = async (): Promise<string | undefined> =>
      (await get<{ models: { strategy_code: string; state: string }[] }>('/api/models')).models.find(
        (row) => row.strategy_code === 'RULE_BREAKOUT',
      )?.state;
    await pool.query(`UPDATE dw.dim_strategy SET is_active = false WHERE strategy_code = 'RULE_BREAKOUT'`);
    await expect.poll(state, { timeout: 10_000 }).toBe('inactive');
    const off = await rows();
    await expect.poll(async () => (await rows())['ML_XGB']!, { timeout: 10_000 }).toBeGreaterThan(off['ML_XGB']! + 3);
    expect((await rows())['RULE_BREAKOUT']).toBe(off['RULE_BREAKOUT']);

    await pool.query(`UPDATE dw.dim_strategy SET is_active = true WHERE strategy_code = 'RULE_BREAKOUT'`);
    await expect.poll(state, { timeout: 10_000 }).toBe('RUNNING');
    const on = await rows();
    expect(on['ML_XGB']! - on['RULE_BREAKOUT']!, 'bars that it missed are not caught up').toBeGreaterThan(3);
  }, 60_000);

  it('pushes each bar’s signals with a seq that grows by one', async () => {
    const seqs: number[] = [];
    const types = new Set<string>();
    const socket = new WebSocket(`${models.replace('http', 'ws')}/ws/trading-signals`);
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('message', (data) => {
        const message = JSON.parse(String(data)) as { type: string; seq?: number };
        if (message.type === 'connection' || message.seq === undefined) return;
        types.add(message.type);
        seqs.push(message.seq);
        if (seqs.length >= 12) resolve();
      });
    });
    socket.close();
    expect(seqs).toEqual(seqs.map((_, i) => seqs[0]! + i));
    expect(types).toContain('signal_update');
    expect(types).toContain('price_update');
  });

  it('never lets market time pass wall time', async () => {
    const { clock } = await get<{ clock: { now: string } }>('/api/health');
    expect(Date.parse(clock.now)).toBeLessThanOrEqual(Date.now());
  });

  it('stands still when paused, and takes one bar at a step', async () => {
    const post = (body: object) =>
      fetch(`${models}/api/clock`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    expect((await post({ action: 'pause' })).status).toBe(200);
    const bars = () => count('FROM usdcop_m5_ohlcv');
    // what was due when it paused is still taken
    let before = -1;
    for (let now = await bars(); now !== before; now = await bars()) {
      before = now;
      await new Promise((resolve) => setTimeout(resolve, 700));
    }
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await bars()).toBe(before);
    await post({ action: 'step' });
    await expect.poll(bars, { timeout: 5_000 }).toBe(before + 1);
    await post({ action: 'resume' });
    await expect.poll(bars, { timeout: 5_000 }).toBeGreaterThan(before + 1);
  });

  it('goes on where it was after kill -9: no bar twice, none left out', async () => {
    const newest = async (): Promise<number> =>
      (await database.pool.query<{ t: number }>('SELECT max(bar_time) AS t FROM dw.strategy_state')).rows[0]!.t;
    for (let round = 0; round < 3; round++) {
      host.child.kill('SIGKILL');
      await host.ended;
      const before = await newest();
      host = startHost(database.connection, ['--speed', '600']);
      models = (await host.urls)['models']!;
      await host.ready;
      await expect.poll(newest, { timeout: 20_000 }).toBeGreaterThan(before);
      expect(await gaps()).toBe(0);
    }
    const facts = (await count('FROM dw.fact_strategy_signals')) + (await count('FROM dw.fact_no_signal'));
    expect(
      Math.abs(facts - (await count('FROM dw.fact_equity_curve'))),
      'a decision for each equity row',
    ).toBeLessThanOrEqual(6);
  }, 120_000);

  it('begins again as a new world with higher seq', async () => {
    type Health = { clock: { speed: number; now: string } };
    const { last_seq: before } = await get<{ last_seq: number }>('/api/events?since=0&limit=1');
    const { now: old } = (await get<Health>('/api/health')).clock;
    await fetch(`${models}/api/clock`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"action":"restart"}',
    });
    await expect
      .poll(
        async () =>
          (
            await fetch(`${models}/api/events?since=${before}&limit=1`).then(
              (r) => r.json() as Promise<{ events?: { seq: number }[] }>,
              () => null,
            )
          )?.events?.[0]?.seq,
        { timeout: 60_000 },
      )
      .toBeGreaterThan(before);
    // the new world's time begins where the old one's did, and runs once its past is through
    await expect
      .poll(
        async () => {
          const { speed, now } = (await get<Health>('/api/health').catch(() => undefined))?.clock ?? {};
          return speed === 600 && now! < old;
        },
        { timeout: 60_000 },
      )
      .toBe(true);
  }, 150_000);

  it('ends in order on SIGINT, with WebSockets open and one that was refused and keeps its side open', async () => {
    const { hostname, port } = new URL(models);
    const refused = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    refused.write(
      `GET /nowhere HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    );
    refused.on('error', () => {});
    await new Promise((resolve) => refused.once('data', resolve));
    const socket = new WebSocket(`${models.replace('http', 'ws')}/ws/trading-signals`);
    await new Promise((resolve) => socket.once('message', resolve));
    const goodbye = new Promise<number>((resolve) => socket.once('close', resolve));
    host.child.kill('SIGINT');
    expect(await host.ended, JSON.stringify(host.output()).slice(-2000)).toBe(0);
    expect(await goodbye).toBe(1001);
    refused.destroy();
  });
});

describe('a start that cannot be', () => {
  it('names a configured port that is taken, and leaves no world half made', async () => {
    const empty = await testDatabase();
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const refused = startHost(empty.connection, [], { SIGNALBOX_PORT_MODELS: String(port) });
    expect(await refused.ended).not.toBe(0);
    const { errors } = JSON.parse(refused.output().stdout) as {
      errors: { code: string; message: string; remedy: string }[];
    };
    expect(errors[0]).toMatchObject({
      code: 'PORT_TAKEN',
      message: expect.stringContaining(String(port)),
      remedy: expect.any(String),
    });
    const { rows } = await empty.pool.query<{ n: number }>('SELECT count(*)::int AS n FROM usdcop_m5_ohlcv');
    expect(rows[0]!.n).toBe(0);
    server.close();
  });
});
