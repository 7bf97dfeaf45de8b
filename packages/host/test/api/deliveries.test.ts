import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBook } from '@signalbox/core';
import { NOW, openStage, seed, SLOT, type Json, type Stage } from './stage.js';

let stage: Stage;
let ids: Readonly<Record<string, number>>;
beforeAll(async () => {
  stage = await openStage();
  ({ ids } = await seed(stage.pool));
});
afterAll(() => stage.close());

const iso = (time: number): string => new Date(time).toISOString();
const bar = NOW - SLOT;
const delivery = {
  symbol: 'USDCOP',
  bar_time: iso(bar),
  signal: 'long',
  confidence: 0.7,
  reasoning: 'from outside',
};

async function post(path: string, body: unknown): Promise<{ status: number; body: Json }> {
  const response = await fetch(`${stage.models.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

describe('POST /api/models/{code}/signals', () => {
  it('answers 201 with the stored row, and a second one for the same bar 409', async () => {
    const first = await post('/api/models/QUIET/signals', { ...delivery, size: 0.12345, stop_loss: 4200.1234567 });
    expect(first).toMatchObject({
      status: 201,
      body: {
        strategy_code: 'QUIET',
        signal: 'long',
        side: 'buy',
        confidence: 0.7,
        size: 0.1234,
        stop_loss: 4200.123457,
        symbol: 'USD/COP',
        bar_time: iso(bar),
        timestamp: iso(NOW),
        origin: 'external',
        mode: 'live',
        reasoning: 'from outside',
      },
    });
    const latest = await stage.get('/api/models/signals/latest');
    expect(latest.body.signals.map((row: Json) => [row.strategy_code, row.origin])).toContainEqual([
      'QUIET',
      'external',
    ]);
    expect(await post('/api/models/QUIET/signals', delivery)).toMatchObject({
      status: 409,
      body: { code: 'SIGNAL_EXISTS' },
    });
    const { rows } = await stage.pool.query(
      'SELECT count(*)::int AS n FROM dw.fact_strategy_signals WHERE strategy_id = $1',
      [ids['QUIET']],
    );
    expect(rows[0]).toEqual({ n: 1 });
  });

  it.each([
    ['NOBODY', {}, 404, 'STRATEGY_UNKNOWN'],
    ['ALPHA', {}, 409, 'STRATEGY_HAS_PACKAGE'],
    ['QUIET', { bar_time: iso(NOW) }, 409, 'BAR_NOT_COMPLETE'],
    ['QUIET', { symbol: 'EUR/USD' }, 404, 'SYMBOL_UNKNOWN'],
    ['QUIET', { bar_time: iso(bar + 60_000) }, 422, 'PARAMETER_INVALID'],
    ['QUIET', { bar_time: '2025-03-08T15:00:00.000Z' }, 422, 'PARAMETER_INVALID'], // a Saturday
    ['QUIET', { signal: 'buy' }, 422, 'PARAMETER_INVALID'],
    ['QUIET', { confidence: 1.01 }, 422, 'PARAMETER_INVALID'],
    ['QUIET', { confidence: null }, 422, 'PARAMETER_INVALID'],
    ['QUIET', { stop_loss: -1 }, 422, 'PARAMETER_INVALID'],
    ['QUIET', { take_profit: 1e-9 }, 422, 'PARAMETER_INVALID'],
    ['QUIET', { signal: 'flat', size: 0.1 }, 422, 'PARAMETER_INVALID'],
    ['QUIET', { reasoning: 'a\u0000b' }, 422, 'PARAMETER_INVALID'],
    ['QUIET', { reasoning: undefined }, 422, 'PARAMETER_INVALID'],
    ['QUIET', { entry_price: 4000 }, 422, 'PARAMETER_INVALID'],
  ] as const)('refuses %s %j with %i', async (code, change, status, error) => {
    const { rows } = await stage.pool.query('SELECT count(*)::int AS n FROM dw.fact_strategy_signals');
    expect(await post(`/api/models/${code}/signals`, { ...delivery, ...change })).toMatchObject({
      status,
      body: { code: error },
    });
    expect((await stage.pool.query('SELECT count(*)::int AS n FROM dw.fact_strategy_signals')).rows).toEqual(rows);
  });
});

describe('origin', () => {
  it('stands in every answer about a strategy', async () => {
    const rows: readonly (readonly [string, (body: Json) => Json[]])[] = [
      ['/api/models', (body) => body.models],
      ['/api/models/performance/comparison', (body) => body.strategies],
      ['/api/models/equity-curves', (body) => body.curves],
      ['/api/models/pnl/summary', (body) => body.strategies],
      ['/api/risk/status', (body) => body.strategies],
    ];
    for (const [path, of] of rows) {
      const { body } = await stage.get(path);
      const origins = Object.fromEntries(of(body).map((row) => [row.strategy_code, row.origin]));
      expect(origins, path).toMatchObject({ ALPHA: 'plugin', QUIET: 'external' });
    }
    const { body } = await stage.get('/api/models/positions/current');
    expect(body.positions.map((row: Json) => row.origin)).toEqual(['plugin', 'plugin']);
  });
});

describe('risk', () => {
  const set = async (code: string, change: object): Promise<void> => {
    await stage.pool.query(
      `INSERT INTO dw.strategy_state (strategy_id, bar_time, book) VALUES ($1, $2, $3)
       ON CONFLICT (run_id, strategy_id, symbol) DO UPDATE SET book = excluded.book`,
      [ids[code], iso(bar), { ...openBook(10_000), session: '2025-03-07', ...change }],
    );
  };

  it('status has the specified fields in their order, and a fresh account no reason', async () => {
    const { status, body } = await stage.get('/api/risk/status');
    expect(status).toBe(200);
    const [row] = body.strategies;
    expect(Object.keys(row).slice(0, 10)).toEqual([
      'strategy_code',
      'state',
      'halted',
      'reasons',
      'drawdown_pct',
      'session_loss_pct',
      'entries_this_session',
      'losses_in_a_row',
      'pause_until',
      'limits',
    ]);
    expect(row).toMatchObject({ strategy_code: 'ALPHA', halted: false, reasons: [], drawdown_pct: 0 });
    expect(row.limits).toEqual({
      max_drawdown_pct: 15,
      max_session_loss_pct: 5,
      max_entries_per_session: 20,
      losses_before_pause: 3,
      pause_minutes: 30,
    });
  });

  it('status names each limit that refuses entries now, and forgets those of a session that is over', async () => {
    await set('ALPHA', {
      peak: 12_000,
      equity: 9_400,
      drawdownHalted: true,
      sessionHalted: true,
      entriesThisSession: 20,
      pauseUntil: NOW + 60_000,
      lossesInARow: 2,
    });
    const of = async () =>
      (await stage.get('/api/risk/status')).body.strategies.find((row: Json) => row.strategy_code === 'ALPHA');
    expect(await of()).toMatchObject({
      halted: true,
      reasons: ['drawdown', 'session_loss', 'max_trades', 'pause'],
      drawdown_pct: 21.6667,
      session_loss_pct: 6,
      entries_this_session: 20,
      losses_in_a_row: 2,
      pause_until: iso(NOW + 60_000),
    });
    stage.clock.time = Date.parse('2025-03-07T18:00:00Z');
    expect(await of()).toMatchObject({
      halted: true,
      reasons: ['drawdown'],
      session_loss_pct: 0,
      entries_this_session: 0,
      pause_until: null,
    });
    stage.clock.time = NOW;
  });

  it('reset needs a reason and a known strategy, and leaves a row that says who and why', async () => {
    expect(await post('/api/risk/ALPHA/reset', {})).toMatchObject({ status: 422 });
    expect(await post('/api/risk/ALPHA/reset', { reason: '  ' })).toMatchObject({ status: 422 });
    expect(await post('/api/risk/NOBODY/reset', { reason: 'x' })).toMatchObject({ status: 404 });
    // no desk runs here
    expect(await post('/api/risk/ALPHA/reset', { reason: 'checked' })).toMatchObject({
      status: 200,
      body: { strategy_code: 'ALPHA', status: 'pending', reasons: expect.arrayContaining(['drawdown']) },
    });
    const { rows } = await stage.pool.query('SELECT strategy_id, reason, actor, applied_at FROM dw.risk_resets');
    expect(rows).toEqual([{ strategy_id: ids['ALPHA'], reason: 'checked', actor: 'api', applied_at: null }]);
  });

  it('alerts come newest first, of one strategy when asked', async () => {
    for (const [code, minutes] of [
      ['RISK_PAUSE', 1],
      ['RISK_DRAWDOWN', 2],
    ] as const)
      await stage.pool.query(
        `INSERT INTO dw.alerts (strategy_id, symbol, code, severity, message, timestamp_utc) VALUES ($1, 'USD/COP', $2, 'critical', 'x', $3)`,
        [ids['BETA'], code, iso(NOW + minutes * 60_000)],
      );
    const codes = async (query: string) =>
      (await stage.get(`/api/alerts${query}`)).body.alerts.map((row: Json) => row.code);
    expect(await codes('')).toEqual(['RISK_DRAWDOWN', 'RISK_PAUSE']);
    expect(await codes(`?before=${iso(NOW + 120_000)}`)).toEqual(['RISK_PAUSE']);
    expect(await codes('?strategy=ALPHA')).toEqual([]);
  });
});
