import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { calendar, NOW, openStage, seed, SLOT, type Json, type Stage } from './stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ events: true, live: { heartbeat: 60_000 } });
  await seed(stage.pool);
});
afterAll(() => stage.close());
beforeEach(() => {
  stage.clock.time = NOW;
});
const get = (path: string) => stage.get(path, stage.trading);
const iso = (time: number): string => new Date(time).toISOString();
/** All stored bars that are complete at a time, oldest first. */
async function stored(until: number) {
  const { rows } = await stage.pool.query<Record<'time' | 'open' | 'high' | 'low' | 'close' | 'volume', number>>(
    `SELECT time, open, high, low, close, volume FROM usdcop_m5_ohlcv WHERE time <= $1 ORDER BY time`,
    [new Date(until - SLOT)],
  );
  return rows;
}

describe('/api/latest', () => {
  it('is the close of the newest complete bar with its open time, in the contract’s order of fields', async () => {
    const last = (await stored(NOW)).at(-1)!;
    for (const name of ['USDCOP', 'USD%2FCOP']) {
      const { status, body } = await get(`/api/latest/${name}`);
      expect(status).toBe(200);
      expect(Object.keys(body).slice(0, 8)).toEqual(
        'symbol price timestamp volume bid ask source market_status'.split(' '),
      );
      expect(body).toMatchObject({
        symbol: 'USD/COP',
        price: last.close,
        timestamp: iso(NOW - SLOT),
        volume: last.volume,
        bid: null,
        ask: null,
        source: 'manual',
        market_status: 'open',
      });
    }
  });

  it('answers outside the session too, and never shows a bar that is not complete', async () => {
    stage.clock.time = Date.parse('2025-03-09T15:00:00Z');
    const { body } = await get('/api/latest/USDCOP');
    expect(body).toMatchObject({ market_status: 'closed', timestamp: iso(NOW - SLOT) });
    stage.clock.time = NOW - 1;
    expect((await get('/api/latest/USDCOP')).body.timestamp).toBe(iso(NOW - 2 * SLOT));
  });

  it('404 for an unknown symbol, and 404 with its own code where nothing is stored', async () => {
    expect((await get('/api/latest/EURUSD')).body).toMatchObject({ status_code: 404, code: 'SYMBOL_UNKNOWN' });
    stage.clock.time = Date.parse('2020-01-02T15:00:00Z');
    for (const path of ['/api/latest/USDCOP', '/api/stats/USDCOP']) {
      expect((await get(path)).body).toMatchObject({ status_code: 404, code: 'NO_DATA' });
    }
  });
});

describe('/api/stats', () => {
  it.each([
    ['mid-session, part of the day before included', NOW],
    ['after a weekend', Date.parse('2025-03-03T13:05:00Z')],
  ])('every figure is that of the bars of the 24 hours that end with the newest: %s', async (_, now) => {
    stage.clock.time = now;
    const all = await stored(now);
    const newest = all.at(-1)!;
    const day = all.filter((bar) => bar.time > newest.time - 86_400_000);
    const { body } = await get('/api/stats/USDCOP');
    const change = newest.close - day[0]!.open;
    expect(body).toEqual({
      symbol: 'USD/COP',
      price: newest.close,
      open_24h: day[0]!.open,
      high_24h: day.reduce((high, bar) => (bar.high > high ? bar.high : high), 0),
      low_24h: day.reduce((low, bar) => (bar.low < low ? bar.low : low), Infinity),
      volume_24h: day.reduce((sum, bar) => sum + bar.volume, 0),
      change_24h: Number(change.toFixed(6)),
      change_percent_24h: expect.closeTo((change / day[0]!.open) * 100, 4),
      timestamp: iso(newest.time),
      data_range: { from: iso(day[0]!.time), to: iso(newest.time), data_points: day.length },
      source: 'manual',
      simulated: false,
    });
  });
});

describe('/api/market-status', () => {
  const on = async (time: string): Promise<Json> => {
    stage.clock.time = Date.parse(time);
    return (await get('/api/market-status')).body;
  };
  it('in the session: open, the next event is its end', async () => {
    expect(await on('2025-03-07T15:00:00.500Z')).toEqual({
      is_open: true,
      market_status: 'open',
      current_time: '2025-03-07T15:00:00.500Z',
      timezone: 'America/Bogota',
      trading_hours: '08:00-13:00',
      trading_days: 'Monday-Friday',
      next_event: '2025-03-07T18:00:00.000Z',
      next_event_type: 'market_close',
      time_to_next_event: 3 * 3600 - 1,
      simulated: false,
    });
  });
  it.each([
    ['2025-03-07T12:59:59Z', 'pre_market', '2025-03-07T13:00:00.000Z', 1],
    ['2025-03-07T18:00:00Z', 'closed', '2025-03-10T13:00:00.000Z', 67 * 3600],
    // Monday 24 March 2025 is Saint Joseph's Day
    ['2025-03-24T14:00:00Z', 'closed', '2025-03-25T13:00:00.000Z', 23 * 3600],
  ])('at %s: %s, the next event is the next open', async (time, status, next, seconds) => {
    expect(await on(time)).toMatchObject({
      is_open: false,
      market_status: status,
      next_event: next,
      next_event_type: 'market_open',
      time_to_next_event: seconds,
    });
  });
});

describe('/api/v1/trading-calendar/is-trading-day', () => {
  it.each([
    ['2025-03-07', { is_trading_day: true, reason: null, next_trading_day: '2025-03-10' }],
    ['2025-03-08', { is_trading_day: false, is_weekend: true, reason: 'weekend', next_trading_day: '2025-03-10' }],
    [
      '2025-03-24',
      {
        is_trading_day: false,
        is_weekend: false,
        is_colombian_holiday: true,
        reason: "holiday: Saint Joseph's Day",
        next_trading_day: '2025-03-25',
      },
    ],
    // Thanksgiving closes nothing here
    ['2025-11-27', { is_trading_day: true, is_us_holiday: true, is_colombian_holiday: false, reason: null }],
  ])('%s', async (date, expected) => {
    const { body } = await get(`/api/v1/trading-calendar/is-trading-day?date=${date}`);
    expect(body).toMatchObject({ date, ...expected });
    expect(Object.keys(body)).toEqual(
      'date is_trading_day is_weekend is_colombian_holiday is_us_holiday reason next_trading_day'.split(' '),
    );
  });
  it('without a date it is today in the zone of the market; what is no date is refused by name', async () => {
    stage.clock.time = Date.parse('2025-03-08T03:00:00Z');
    expect((await get('/api/v1/trading-calendar/is-trading-day')).body.date).toBe('2025-03-07');
    for (const date of ['2025-02-30', 'today', '2041-01-01']) {
      const { status, body } = await get(`/api/v1/trading-calendar/is-trading-day?date=${date}`);
      expect([status, body.code]).toEqual([422, 'PARAMETER_INVALID']);
      expect(body.detail).toMatch(/^date/);
    }
  });
});

describe('WebSocket /ws', () => {
  const opened: WebSocket[] = [];
  afterEach(() => opened.splice(0).forEach((socket) => socket.terminate()));
  function client(query = '') {
    const socket = new WebSocket(`ws://127.0.0.1:${stage.trading.port}/ws${query}`);
    opened.push(socket);
    const messages: Json[] = [];
    socket.on('message', (data) => messages.push(JSON.parse(String(data))));
    const until = async (done: () => boolean): Promise<Json[]> => {
      for (const deadline = Date.now() + 10_000; !done();) {
        if (Date.now() > deadline) throw new Error(`waited in vain; got ${JSON.stringify(messages)}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return messages;
    };
    return { socket, messages, until };
  }
  const insertBar = (time: number) =>
    stage.pool.query(
      `INSERT INTO usdcop_m5_ohlcv (time, open, high, low, close, volume) VALUES ($1, 4200, 4211, 4199, 4210, 7)`,
      [new Date(time)],
    );

  it('carries prices only, with seq; ping is answered; since resumes', async () => {
    const { socket, messages, until } = client();
    await until(() => messages.length === 1);
    expect(messages[0]).toMatchObject({ type: 'connection', seq: expect.any(Number) });
    const before = (await stored(NOW)).at(-1)!;
    await stage.pool.query(
      `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal) SELECT strategy_id, $1, 'flat' FROM dw.dim_strategy`,
      [new Date(NOW + SLOT)],
    );
    await insertBar(NOW);
    await until(() => messages.length === 2);
    expect(messages[1]).toMatchObject({
      type: 'price_update',
      symbol: 'USD/COP',
      price: 4210,
      timestamp: iso(NOW),
      volume: 7,
      change: Number((4210 - before.close).toFixed(6)),
      change_percent: expect.closeTo((4210 / before.close - 1) * 100, 4),
      source: 'manual',
      seq: expect.any(Number),
    });
    socket.send('ping');
    await until(() => messages.length === 3);
    expect(messages[2]).toEqual({ type: 'pong', timestamp: iso(NOW) });

    const again = client(`?since=${messages[1].seq - 1}`);
    await again.until(() => again.messages.length === 2);
    expect(again.messages[1]).toEqual(messages[1]);
  });

  it('says market_closed on connecting outside the session, and once when the session ends', async () => {
    stage.clock.time = calendar.sessionClose('2025-03-07')! - 1000;
    const during = client();
    await during.until(() => during.messages.length === 1);
    stage.clock.time += 2000;
    await during.until(() => during.messages.length === 2);
    const closed = {
      type: 'market_closed',
      timestamp: iso(stage.clock.time),
      market_status: 'closed',
      next_open: '2025-03-10T13:00:00.000Z',
    };
    expect(during.messages[1]).toEqual(closed);
    const after = client();
    await after.until(() => after.messages.length === 2);
    expect(after.messages[1]).toEqual(closed);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(during.messages).toHaveLength(2);
  });

  it.each(['/ws/trading-signals', '/ws?strategies=ALPHA', '/ws?since=999999'])('%s is refused here', async (path) => {
    const socket = new WebSocket(`ws://127.0.0.1:${stage.trading.port}${path}`);
    socket.on('error', () => {});
    const [, response] = await once(socket, 'unexpected-response');
    expect([400, 404]).toContain(response.statusCode);
    socket.terminate();
  });
});
