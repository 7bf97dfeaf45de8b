// Reads over HTTP beside bare servers that ask the same database the same question, in one run; and equity curves of a
// 24×7 instrument. Servers run in this process, the load comes from another.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify from 'fastify';
import Koa from 'koa';
import { createCalendar, USD_COP, USDCOP_CALENDAR } from '@signalbox/core';
import { createServices, listen } from '../src/services/index.js';
import { startPostgres } from '../src/stores/postgres/embedded.js';
import { openWorld } from '../src/stores/postgres/world.js';
import { openStore } from '../src/stores/store.js';

const CONNECTIONS = 50;
const SECONDS = Number(process.env['SIGNALBOX_BENCH_SECONDS'] ?? 4);
const STRATEGIES = ['RL_PPO', 'ML_XGB', 'ML_LGBM', 'LLM_CLAUDE', 'ENSEMBLE'];
const POINTS = 8640;
const END = Date.parse('2025-03-07T15:00:00Z');

const projectDir = mkdtempSync(join(tmpdir(), 'signalbox-bench-http-'));
const server = await startPostgres({ projectDir, env: {} });
const rows: { name: string; value: number; unit: string; note?: string }[] = [];
const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** Requests a second that one server answers, and its p99 in ms. */
function load(url: string): Promise<{ rate: number; p99: number }> {
  const cli = createRequire(import.meta.url).resolve('autocannon/autocannon.js');
  const child = spawn(process.execPath, [cli, '-j', '-c', String(CONNECTIONS), '-d', String(SECONDS), url], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  return new Promise((resolve, reject) =>
    child.on('close', () => {
      const { requests, latency, non2xx, errors } = JSON.parse(text);
      if (non2xx + errors > 0) return reject(new Error(`${url}: ${non2xx} refused, ${errors} errors`));
      resolve({ rate: requests.average, p99: latency.p99 });
    }),
  );
}

try {
  const opened = await openWorld(server, 'usdcop_bench', { kind: 'market' });
  const store = await openStore(opened, () => {});
  const { pool } = store;
  // a calendar of 24 hours a day, every day
  const calendar = createCalendar({
    ...USDCOP_CALENDAR,
    id: 'always',
    zone: 'UTC',
    open: '00:00',
    close: '24:00',
    days: [1, 2, 3, 4, 5, 6, 7],
    holidays: [],
  });
  await pool.query(
    `INSERT INTO dw.dim_strategy (strategy_code, strategy_name, strategy_type)
     SELECT code, code, 'ML' FROM unnest($1::text[]) AS code`,
    [STRATEGIES],
  );
  await pool.query(
    `INSERT INTO dw.fact_equity_curve (strategy_id, timestamp_utc, bar_time, equity_value, current_drawdown_pct)
     SELECT strategy_id, t + interval '5 min', t, 10000 + round((1000 * sin(n / 500.0 + strategy_id))::numeric, 2),
       round((10 + 10 * sin(n / 300.0))::numeric, 4)
     FROM dw.dim_strategy, generate_series(1, $1::int) n, LATERAL (SELECT $2::timestamptz - n * interval '5 min' AS t) b`,
    [POINTS, new Date(END)],
  );
  await pool.query(
    `INSERT INTO usdcop_m5_ohlcv (time, open, high, low, close, volume)
     SELECT $2::timestamptz - n * interval '5 min', 4200, 4201, 4199, 4200.5, 10 FROM generate_series(1, $1::int) n`,
    [POINTS, new Date(END)],
  );
  await pool.query(
    `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal, side, confidence, size, entry_price, stop_loss,
       take_profit, risk_usd, reasoning)
     SELECT strategy_id, $1, 'long', 'buy', .71, .2, 4200.5, 4190, 4230, 50, 'p(long) .71, p(flat) .2, p(short) .09'
     FROM dw.dim_strategy`,
    [new Date(END)],
  );
  await pool.query('ANALYZE');

  const services = createServices(
    {
      reads: store.reads,
      clock: { mode: 'wall', speed: 1, now: () => END },
      world: 'market',
      calendar,
      instruments: [USD_COP],
      strategies: () => [],
      events: store.events,
      version: '0',
    },
    { open: true },
  );
  const ours = await listen(services.models, { port: 0 });

  const answer = async (): Promise<unknown> => {
    const { rows: signals } = await pool.query(
      `SELECT DISTINCT ON (strategy_code) strategy_code, strategy_name, signal, side, confidence, size, entry_price, stop_loss,
         take_profit, risk_usd, reasoning, timestamp_utc
       FROM dw.fact_strategy_signals JOIN dw.dim_strategy USING (strategy_id) ORDER BY strategy_code, timestamp_utc DESC`,
    );
    return { timestamp: new Date().toISOString(), signals };
  };
  const koa = new Koa().use(async (ctx) => {
    ctx.body = await answer();
  });
  const fast = fastify();
  fast.get('/api/models/signals/latest', answer);
  await fast.listen({ port: 0, host: '127.0.0.1' });
  const bare: Server[] = [
    koa.listen(0, '127.0.0.1'),
    createServer((_, response) => {
      void answer().then((body) =>
        response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body)),
      );
    }).listen(0, '127.0.0.1'),
  ];
  await Promise.all(bare.map((each) => (each.listening ? undefined : once(each, 'listening'))));
  const at = (port: number): string => `http://127.0.0.1:${port}/api/models/signals/latest`;
  const servers: [string, string][] = [
    ['signals/latest, Signalbox', at(ours.port)],
    ['signals/latest, Koa + pg', at((bare[0]!.address() as AddressInfo).port)],
    ['signals/latest, Fastify + pg', at((fast.server.address() as AddressInfo).port)],
    ['signals/latest, node:http + pg', at((bare[1]!.address() as AddressInfo).port)],
  ];
  // twice round, so that no server has the quiet machine to itself
  const measured = new Map<string, { rate: number; p99: number }[]>();
  for (let round = 0; round < 2; round++) {
    for (const [name, url] of servers) measured.set(name, [...(measured.get(name) ?? []), await load(url)]);
  }
  const rate = (name: string): number => Math.max(...measured.get(name)!.map((each) => each.rate));
  for (const [name] of servers) {
    const p99 = Math.min(...measured.get(name)!.map((each) => each.p99));
    rows.push({
      name,
      value: Math.round(rate(name)),
      unit: 'req/s',
      note: `${CONNECTIONS} connections, p99 ${p99} ms`,
    });
  }
  const fastest = Math.max(...servers.slice(1).map(([name]) => rate(name)));
  rows.push({
    name: 'signals/latest, against the fastest peer',
    value: Math.round((rate(servers[0]![0]) / fastest) * 100) / 100,
    unit: '×',
  });

  const curves = `${ours.url}/api/models/equity-curves?hours=720`;
  const ask = async (): Promise<number> => {
    const began = performance.now();
    const response = await fetch(curves, { headers: { 'accept-encoding': 'identity' } });
    const { byteLength } = await response.arrayBuffer();
    if (byteLength < 1e6) throw new Error(`short answer: ${byteLength}`);
    return performance.now() - began;
  };
  await ask();
  const uncached: number[] = [];
  const repeated: number[] = [];
  const revalidated: number[] = [];
  for (let i = 0; i < 9; i++) {
    await new Promise((resolve) => setTimeout(resolve, 1050));
    uncached.push(await ask());
    repeated.push(await ask(), await ask());
    const { headers } = await fetch(curves, { method: 'GET' }).then(async (r) => (await r.arrayBuffer(), r));
    const began = performance.now();
    await fetch(curves, { headers: { 'if-none-match': headers.get('etag')! } }).then((r) => r.arrayBuffer());
    revalidated.push(performance.now() - began);
  }
  const round = (value: number): number => Math.round(value * 10) / 10;
  const what = `${STRATEGIES.length} × ${POINTS} points`;
  rows.push({ name: 'equity curves, built', value: round(median(uncached)), unit: 'ms', note: what });
  rows.push({ name: 'equity curves, repeated', value: round(median(repeated)), unit: 'ms', note: 'the whole body' });
  rows.push({ name: 'equity curves, repeated with ETag', value: round(median(revalidated)), unit: 'ms', note: '304' });

  await Promise.all([ours.close(), fast.close()]);
  for (const each of bare) (each.close(), each.closeAllConnections());
  services.close();
  await store.close();
} finally {
  await server.stop();
  rmSync(projectDir, { recursive: true, force: true });
}
console.log(JSON.stringify({ bench: 'http', rows }));
