// Reads over HTTP beside bare servers that ask the same database the same question, in one run; and equity curves of a
// 24×7 instrument. Servers run in this process, the load comes from another. Each takes its turn many times, and its best one
// counts: what else the machine does takes from a turn and gives to none. CPU is what this process spent on a request, the
// database's own work not counted.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer, get, type OutgoingHttpHeaders, type Server } from 'node:http';
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
const SECONDS = Number(process.env['SIGNALBOX_BENCH_SECONDS'] ?? 2);
const ROUNDS = Number(process.env['SIGNALBOX_BENCH_ROUNDS'] ?? 4);
const STRATEGIES = ['RL_PPO', 'ML_XGB', 'ML_LGBM', 'LLM_CLAUDE', 'ENSEMBLE'];
const POINTS = 8640;
const END = Date.parse('2025-03-07T15:00:00Z');

const projectDir = mkdtempSync(join(tmpdir(), 'signalbox-bench-http-'));
const server = await startPostgres({ projectDir, env: {} });
const rows: { name: string; value: number; unit: string; note?: string }[] = [];
const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

const unasked = <T extends object>(name: string): T =>
  new Proxy({} as T, {
    get: () => {
      throw new Error(`${name} is not there`);
    },
  });

interface Turn {
  /** Requests a second. */
  readonly rate: number;
  readonly p99: number;
  /** Microseconds of CPU of this process a request. */
  readonly cpu: number;
}

/** What one server does under load for a turn. */
async function load(url: string): Promise<Turn> {
  const cli = createRequire(import.meta.url).resolve('autocannon/autocannon.js');
  const before = process.cpuUsage();
  const child = spawn(process.execPath, [cli, '-j', '-c', String(CONNECTIONS), '-d', String(SECONDS), url], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  await once(child, 'close');
  const { user, system } = process.cpuUsage(before);
  const { requests, latency, non2xx, errors } = JSON.parse(text);
  if (non2xx + errors > 0) throw new Error(`${url}: ${non2xx} refused, ${errors} errors`);
  return { rate: requests.average, p99: latency.p99, cpu: (user + system) / requests.total };
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
/** Milliseconds until the whole answer is there, and its head. */
function timed(url: string, headers: OutgoingHttpHeaders = {}): Promise<{ ms: number; bytes: number; etag: string }> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    get(url, { agent, headers }, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => (bytes += chunk.length));
      response.on('end', () =>
        resolve({ ms: performance.now() - began, bytes, etag: String(response.headers['etag']) }),
      );
    }).on('error', reject);
  });
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
      // no request of this bench asks for these
      cycles: unasked('cycles'),
      explainer: unasked('explainer'),
      desk: unasked('desk'),
      ingest: unasked('ingest'),
      feeds: () => Promise.resolve([]),
      jobs: unasked('jobs'),
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
  /** The same curves as anybody would write them: rows to objects, objects to text. */
  const plainCurves = async (): Promise<string> => {
    const { rows: found } = await pool.query<{ code: string; at: Date; equity: number; drawdown: number }>(
      `SELECT strategy_code AS code, to_timestamp(extract(epoch FROM timestamp_utc)) AS at, equity_value::float8 AS equity,
         current_drawdown_pct::float8 AS drawdown
       FROM dw.fact_equity_curve JOIN dw.dim_strategy USING (strategy_id) ORDER BY strategy_code, timestamp_utc`,
    );
    const made = new Map<string, object[]>();
    for (const { code, at, equity, drawdown } of found) {
      const points = made.get(code) ?? [];
      made.set(code, points);
      points.push({
        timestamp: new Date(at).toISOString(),
        equity_value: equity,
        return_pct: Math.round((equity / 10_000 - 1) * 1e6) / 1e4,
        drawdown_pct: drawdown,
      });
    }
    return JSON.stringify({ curves: [...made].map(([strategy_code, data]) => ({ strategy_code, data })) });
  };
  const koa = new Koa().use(async (ctx) => {
    ctx.body = await answer();
  });
  const fast = fastify();
  fast.get('/api/models/signals/latest', answer);
  await fast.listen({ port: 0, host: '127.0.0.1' });
  const bare: Server[] = [
    koa.listen(0, '127.0.0.1'),
    createServer(({ url }, response) => {
      const text = url === '/curves' ? plainCurves() : answer().then((body) => JSON.stringify(body));
      void text.then((body) =>
        response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(body),
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
  const measured = new Map<string, Turn[]>(servers.map(([name]) => [name, []]));
  for (let round = 0; round <= ROUNDS; round++)
    for (const [name, url] of servers) {
      const turn = await load(url);
      if (round > 0) measured.get(name)!.push(turn); // the first one warms up
    }
  const rate = (name: string): number => Math.max(...measured.get(name)!.map((turn) => turn.rate));
  const cpu = (name: string): number => Math.min(...measured.get(name)!.map((turn) => turn.cpu));
  const two = (value: number): number => Math.round(value * 100) / 100;
  for (const [name] of servers) {
    const p99 = Math.min(...measured.get(name)!.map((turn) => turn.p99));
    const note = `${CONNECTIONS} connections, p99 ${p99} ms, ${cpu(name).toFixed(1)} µs of CPU a request`;
    rows.push({ name, value: Math.round(rate(name)), unit: 'req/s', note });
  }
  const [own, ...peers] = servers.map(([name]) => name);
  rows.push({
    name: 'signals/latest, against the fastest peer',
    value: two(rate(own!) / Math.max(...peers.map(rate))),
    unit: '×',
  });
  rows.push({
    name: 'signals/latest, CPU of the cheapest peer against ours',
    value: two(Math.min(...peers.map(cpu)) / cpu(own!)),
    unit: '×',
  });

  const curves = `${ours.url}/api/models/equity-curves?hours=720`;
  const ask = async (headers: OutgoingHttpHeaders = {}) => {
    const answer = await timed(curves, { 'accept-encoding': 'identity', ...headers });
    if (headers['if-none-match'] === undefined && answer.bytes < 4e6) throw new Error(`short answer: ${answer.bytes}`);
    return answer;
  };
  await ask();
  const plain = `http://127.0.0.1:${(bare[1]!.address() as AddressInfo).port}/curves`;
  const unkept: number[] = [];
  const built: number[] = [];
  const repeated: number[] = [];
  const zipped: number[] = [];
  const revalidated: number[] = [];
  for (let i = 0; i < 12; i++) {
    await new Promise((resolve) => setTimeout(resolve, 1050));
    built.push((await ask()).ms);
    const peer = await timed(plain);
    if (peer.bytes < 4e6) throw new Error(`the peer's answer is short: ${peer.bytes}`);
    unkept.push(peer.ms);
    const { etag } = await ask();
    for (let k = 0; k < 8; k++) {
      repeated.push((await ask()).ms);
      revalidated.push((await ask({ 'if-none-match': etag })).ms);
    }
    // the first one makes the compressed body
    await timed(curves, { 'accept-encoding': 'br' });
    for (let k = 0; k < 8; k++) zipped.push((await timed(curves, { 'accept-encoding': 'br' })).ms);
  }
  const what = `${STRATEGIES.length} × ${POINTS} points`;
  const least = (name: string, values: number[], note: string): void => {
    const middle = `median ${two(median(values))}`;
    rows.push({
      name,
      value: two(Math.min(...values)),
      unit: 'ms',
      note: `${note}; ${middle}, ${values.length} times`,
    });
  };
  least('equity curves, built', built, what);
  least('equity curves, node:http + pg', unkept, `${what}, rows to objects to text`);
  rows.push({
    name: 'equity curves, the peer against ours',
    value: two(Math.min(...unkept) / Math.min(...built)),
    unit: '×',
  });
  least('equity curves, repeated', repeated, 'the whole body as it is');
  least('equity curves, repeated, compressed', zipped, 'the whole body by br');
  least('equity curves, repeated with ETag', revalidated, '304');

  agent.destroy();
  await Promise.all([ours.close(), fast.close()]);
  for (const each of bare) {
    each.close();
    each.closeAllConnections();
  }
  services.close();
  await store.close();
} finally {
  await server.stop();
  rmSync(projectDir, { recursive: true, force: true });
}
console.log(JSON.stringify({ bench: 'reads over HTTP beside bare servers', rows }));
