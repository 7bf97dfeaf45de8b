import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { USD_COP, type Bar } from '@signalbox/core';
import { runBaselines } from '../../src/services/models/baselines.js';
import { calendar, dice, openStage, seed, SLOT, slotsOf, type Stage } from './stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
  await seed(stage.pool);
});
afterAll(() => stage.close());

/** A price that wanders; with `drift` it rises by so much a bar. */
function wander(sessions: readonly string[], drift = 0): Bar[] {
  const random = dice(3);
  let price = 4000;
  return sessions.flatMap(slotsOf).map((time) => {
    const open = price;
    price = Math.round((price + drift + (random() - 0.5) * 8) * 100) / 100;
    return { time, open, high: Math.max(open, price) + 0.5, low: Math.min(open, price) - 0.5, close: price, volume: 1 };
  });
}
const sessions = calendar.sessionsBetween('2024-09-02', '2025-01-31');
const from = calendar.sessionOpen(sessions[40]!)!;
const run = (bars: Bar[], turnover: number) =>
  runBaselines({ instrument: USD_COP, calendar, bars, from, initialEquity: 10_000, turnover });

describe('the three accounts', () => {
  it('begin with the window, and hold what the money says: equity = initial + Σ realised − Σ fees once all is closed', async () => {
    const bars = wander(sessions);
    for (const { marks, trades, open } of await run(bars, 60)) {
      expect(marks[0]!.barTime).toBe(from);
      expect(marks).toHaveLength(bars.filter((bar) => bar.time >= from).length);
      expect(open).toBe(0); // the last bar ends a session
      const cents = trades.reduce(
        (sum, trade) => sum + Math.round(trade.realizedPnl * 100) - Math.round(trade.fees * 100),
        0,
      );
      expect(marks.at(-1)!.equity).toBe((1_000_000 + cents) / 100);
    }
  });

  it('flat does nothing; hold long is in the market in every session, wins in a rising market and pays for each round trip', async () => {
    const [flat, long] = await run(wander(sessions, 0.5), 60);
    expect(flat!.trades).toEqual([]);
    expect(new Set(flat!.marks.map((mark) => mark.equity))).toEqual(new Set([10_000]));
    const entered = new Set(long!.trades.map((trade) => calendar.sessionDate(trade.entryTime)));
    expect(entered.size).toBe(sessions.length - 40);
    expect(long!.trades.reduce((sum, trade) => sum + trade.realizedPnl, 0)).toBeGreaterThan(0);
    for (const trade of long!.trades) {
      // two fills of 10 to 25.5 bp of at most a quarter of the account
      expect(trade.fees).toBeGreaterThan(0);
      expect(trade.fees).toBeLessThanOrEqual(2 * 0.00255 * 0.25 * 11_000);
    }
  });

  it('random enters as often as it was told, to a hundredth, both ways, and the same way each time', async () => {
    const bars = wander(sessions);
    for (const wanted of [20, 60, 120]) {
      const random = (await run(bars, wanted))[2]!;
      expect(Math.abs(random.trades.length - wanted)).toBeLessThanOrEqual(wanted * 0.01);
      expect((await run(bars, wanted))[2]).toEqual(random);
    }
    expect((await run(bars, 0))[2]!.trades).toEqual([]);
  });

  it('see nothing of what comes after a bar', async () => {
    const bars = wander(sessions);
    const half = bars.slice(0, bars.length - 600);
    const [, whole] = await run(bars, 0);
    const [, short] = await run(half, 0);
    expect(whole!.marks.slice(0, short!.marks.length)).toEqual(short!.marks);
  });
});

describe('?baselines=true', () => {
  it('adds rows of the same form, computed from the stored bars of the window', async () => {
    const path = '/api/models/performance/comparison?period=30d';
    const without = (await stage.get(path)).body;
    expect(without.baselines).toBeUndefined();
    const { status, body } = await stage.get(`${path}&baselines=true`);
    expect(status).toBe(200);
    expect(body.strategies).toEqual(without.strategies);
    expect(body.baselines.map((each: { strategy_code: string }) => each.strategy_code)).toEqual([
      'flat',
      'hold_long',
      'random',
    ]);
    const [flat, long, random] = body.baselines;
    expect(Object.keys(long)).toEqual(Object.keys(body.strategies[0]));
    expect(flat).toMatchObject({ total_return_pct: 0, total_trades: 0, max_drawdown_pct: 0, sharpe_ratio: null });
    expect(long.n).toBe(body.strategies[0].n);
    expect(long.total_trades).toBeGreaterThanOrEqual(long.n);
    const trades = body.strategies.map((each: { total_trades: number }) => each.total_trades);
    const mean = trades.reduce((sum: number, each: number) => sum + each, 0) / trades.length;
    expect(Math.abs(random.total_trades + random.open_positions - mean)).toBeLessThanOrEqual(Math.max(2, mean * 0.15));

    // hold long again, from the stored bars
    const start = Date.parse(body.start_date);
    const end = Date.parse(body.end_date);
    const { rows } = await stage.pool.query<Bar>(
      'SELECT time, open, high, low, close, volume FROM usdcop_m5_ohlcv ORDER BY time',
    );
    const bars = rows.filter((bar) => bar.time + SLOT <= end);
    const [, again] = await runBaselines({
      instrument: USD_COP,
      calendar,
      bars,
      from: start,
      initialEquity: 10_000,
      turnover: 0,
    });
    expect(long.current_equity).toBe(again!.marks.at(-1)!.equity);
  });
});

describe('/api/models/{code} and its metrics', () => {
  it('are the entries of the list and of the comparison', async () => {
    const { models } = (await stage.get('/api/models')).body;
    for (const each of models) {
      expect((await stage.get(`/api/models/${each.strategy_code}`)).body).toEqual(each);
    }
    for (const period of ['24h', '7d', '30d', 'all']) {
      const comparison = (await stage.get(`/api/models/performance/comparison?period=${period}`)).body;
      for (const row of comparison.strategies) {
        const { body } = await stage.get(`/api/models/${row.strategy_code}/metrics?period=${period}`);
        const { start_date, end_date } = comparison;
        expect(body).toEqual({ ...row, period, start_date, end_date, run_id: 'live', simulated: false });
      }
    }
    for (const path of ['/api/models/NOBODY', '/api/models/NOBODY/metrics']) {
      expect((await stage.get(path)).body).toMatchObject({ status_code: 404, code: 'STRATEGY_UNKNOWN' });
    }
  });
});
