import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALL_ROUTES } from '../../src/services/document.js';
import { MODELS_ROUTES } from '../../src/services/models/index.js';
import { TRADING_ROUTES } from '../../src/services/trading/index.js';
import { openPool } from '../../src/stores/postgres/pool.js';
import { createReads } from '../../src/stores/postgres/reads/index.js';
import { openStage, seed, type Stage } from './stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ events: true, open: true, keep: {} });
  await seed(stage.pool);
});
afterAll(() => stage.close());
const text = async (path: string, on = stage.models) => {
  const response = await fetch(`${on.url}${path}`);
  return { status: response.status, headers: response.headers, body: await response.text() };
};

describe('/ready', () => {
  it('200 on every service while the database answers', async () => {
    for (const on of [stage.models, stage.trading, stage.analytics, stage.dashboard]) {
      expect((await stage.get('/ready', on)).body).toMatchObject({ status: 'ready', database: 'connected' });
    }
  });
  it('503 of the same shape when it does not', async () => {
    const pool = openPool({ host: '127.0.0.1', port: 1, user: 'nobody', database: 'nothing' });
    const dead = await openStage({ reads: createReads(pool) });
    const { status, body } = await dead.get('/ready');
    expect([status, body.status, body.database]).toEqual([503, 'not_ready', 'disconnected']);
    await dead.close();
    await pool.end();
  });
});

describe('/metrics', () => {
  const value = (body: string, name: string, labels = ''): number => {
    const line = body.split('\n').find((each) => each.startsWith(`${name}${labels}`));
    return Number(line?.split(' ').at(-1));
  };
  it('counts requests by service and route, kept or built, 304 and errors too', async () => {
    const before = (await text('/metrics')).body;
    const path = '/api/models/signals/latest';
    const { headers } = await text(path);
    for (let i = 0; i < 5; i++) await text(path);
    await fetch(`${stage.models.url}${path}`, { headers: { 'if-none-match': headers.get('etag')! } });
    await text('/api/models/NOBODY');
    const { status, headers: own, body } = await text('/metrics');
    expect([status, own.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    const of = (route: string, code: number): number =>
      value(
        body,
        'signalbox_http_request_duration_seconds_count',
        `{service="models",route="${route}",method="GET",status="${code}"}`,
      );
    expect(before).not.toContain(path);
    expect([of(path, 200), of(path, 304), of('/api/models/:code', 404)]).toEqual([6, 1, 1]);
  });
  it('shows bars, published events with their lag, WebSocket clients, and the process', async () => {
    const { rows } = await stage.pool.query('SELECT count(*) AS n FROM usdcop_m5_ohlcv');
    const heard = new Promise((resolve) => stage.dependencies.events.subscribe(resolve));
    await stage.pool.query(
      `INSERT INTO usdcop_m5_ohlcv (time, open, high, low, close) VALUES ('2025-03-07T17:00Z', 1, 1, 1, 1)`,
    );
    await heard;
    const { body } = await text('/metrics', stage.trading);
    expect(value(body, 'signalbox_bars', '{symbol="USD/COP"}')).toBe(rows[0].n + 1);
    const seq = await stage.dependencies.events.lastSeq();
    expect(value(body, 'signalbox_event_seq')).toBe(seq);
    expect(value(body, 'signalbox_event_relay_lag_seconds_count')).toBeGreaterThan(0);
    expect(value(body, 'signalbox_event_relay_lag_seconds_sum')).toBeLessThan(60);
    expect(value(body, 'signalbox_ws_clients', '{path="/ws/trading-signals"}')).toBe(0);
    expect(value(body, 'process_resident_memory_bytes')).toBeGreaterThan(1e6);
  });
});

describe('/docs', () => {
  it('is a page without script or foreign origin, under a policy that allows its own style and nothing else', async () => {
    for (const on of [stage.models, stage.trading, stage.analytics, stage.dashboard]) {
      const { status, headers, body } = await text('/docs', on);
      expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(body).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|\son\w+=/i);
      expect([...body.matchAll(/(?:href|src)="([^"]*)"/g)].every(([, url]) => /^[#/]/.test(url!))).toBe(true);
      const style = /<style>([\s\S]*)<\/style>/.exec(body)![1]!;
      const digest = createHash('sha256').update(style).digest('base64');
      expect(headers.get('content-security-policy')).toBe(
        `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      );
    }
  });
  it.each([
    ['models', MODELS_ROUTES],
    ['trading', TRADING_ROUTES],
    ['dashboard', ALL_ROUTES],
  ] as const)('%s: names every route with its parameters, and what each figure is', async (name, routes) => {
    const { body } = await text('/docs', stage[name]);
    const plain = body.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
    for (const { path, method, query, summary } of routes) {
      const at = plain.indexOf(
        `<section id="${method.toLowerCase()}${path.replace(/:(\w+)/g, '{$1}').replace(/[^A-Za-z0-9]+/g, '-')}">`,
      );
      expect(at, `${method} ${path}`).toBeGreaterThan(0);
      const section = plain.slice(at, plain.indexOf('</section>', at));
      expect(section).toContain(summary);
      expect(section).toMatch(/curl (-X \w+ )?"http:\/\/localhost/);
      for (const each of Object.keys(query.properties)) expect(section).toContain(`<code>${each}`);
    }
    if (name !== 'trading') expect(plain).toContain('mean / sd · √N of session returns, sd with n − 1');
  });
});
