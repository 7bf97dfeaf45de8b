import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { calendar, NOW, openStage, seed, SLOT, type Stage } from './stage.js';

let stage: Stage;
let bars: { time: number; open: number; high: number; low: number; close: number; volume: number }[];
beforeAll(async () => {
  stage = await openStage();
  await seed(stage.pool);
  bars = (await stage.pool.query('SELECT time, open, high, low, close, volume FROM usdcop_m5_ohlcv ORDER BY time'))
    .rows;
});
afterAll(() => stage.close());

const HOUR = 3_600_000;
const get = async (query: string, symbol = 'USDCOP') =>
  stage.get(`/api/candlesticks/${symbol}?${query}`, stage.trading);

/** Aggregated anew from the stored rows. `minutes` from 08:00 in Bogota, which is 13:00 UTC. */
function aggregate(minutes: number, from: number, to: number) {
  const groups = new Map<number, typeof bars>();
  for (const bar of bars) {
    const open = Date.parse(`${new Date(bar.time).toISOString().slice(0, 10)}T13:00:00Z`);
    const start = open + Math.floor((bar.time - open) / (minutes * 60_000)) * minutes * 60_000;
    groups.set(start, [...(groups.get(start) ?? []), bar]);
  }
  return [...groups]
    .filter(([time]) => time >= from && time <= to)
    .map(([time, group]) => ({
      time,
      open: group[0]!.open,
      high: Math.max(...group.map((bar) => bar.high)),
      low: Math.min(...group.map((bar) => bar.low)),
      close: group.at(-1)!.close,
      volume: group.reduce((sum, bar) => sum + bar.volume, 0),
    }));
}

describe('candlesticks', () => {
  it.each([
    ['5m', 5],
    ['15m', 15],
    ['30m', 30],
    ['1h', 60],
    ['4h', 240],
    ['1d', 1440],
  ])('%s are really aggregated, counted from the open of the session', async (timeframe, minutes) => {
    const { status, body } = await get(
      `timeframe=${timeframe}&start_date=2025-02-03&end_date=2025-02-14&limit=10000&include_indicators=false`,
    );
    expect(status).toBe(200);
    const expected = aggregate(minutes, Date.parse('2025-02-03T05:00:00Z'), Date.parse('2025-02-15T05:00:00Z') - 1);
    expect(body.data.map(({ partial: _, ...candle }: { partial?: boolean }) => candle)).toEqual(expected);
    expect(body).toMatchObject({ symbol: 'USD/COP', timeframe, count: expected.length });
    expect(Object.keys(body).slice(0, 6)).toEqual(['symbol', 'timeframe', 'start_date', 'end_date', 'count', 'data']);
  });

  it('a bucket that the end of the session or now cuts short is partial, and no other', async () => {
    const four = (await get('timeframe=4h&start_date=2025-03-05&include_indicators=false')).body.data;
    // 08–12 and 12–13 on two full days, then 08– until now, 10:00
    expect(four.map((candle: { partial?: boolean }) => candle.partial ?? false)).toEqual([
      false,
      true,
      false,
      true,
      true,
    ]);
    const day = (await get('timeframe=1d&start_date=2025-03-05&include_indicators=false')).body.data;
    expect(day.map((candle: { partial?: boolean }) => candle.partial ?? false)).toEqual([false, false, true]);
    expect(day[0].time).toBe(Date.parse('2025-03-05T13:00:00Z'));
  });

  it('by default the newest 7 days in 5 minutes, with indicators; a bar that is not complete is not shown', async () => {
    const { body } = await get('');
    expect(body.data.at(-1).time).toBe(NOW - SLOT);
    expect(Date.parse(body.end_date) - Date.parse(body.start_date)).toBe(7 * 24 * HOUR);
    expect(body.data[0].time).toBeGreaterThanOrEqual(NOW - SLOT - 7 * 24 * HOUR);
    expect(body.data.at(-1)).toHaveProperty('ema_50');
  });

  it('limit keeps the newest', async () => {
    const all = (await get('limit=10000&include_indicators=false')).body.data;
    expect((await get('limit=3&include_indicators=false')).body.data).toEqual(all.slice(-3));
  });

  it('both ends are inclusive', async () => {
    const { body } = await get('start_date=2025-02-03T13:05:00Z&end_date=2025-02-03T13:15:00Z');
    expect(body.data.map((candle: { time: number }) => new Date(candle.time).toISOString().slice(11, 16))).toEqual([
      '13:05',
      '13:10',
      '13:15',
    ]);
    const zoned = await get('start_date=2025-02-03T08:05:00-05:00&end_date=2025-02-03T08:15:00-05:00');
    expect(zoned.body.data).toEqual(body.data);
  });

  it('indicators again from the closes, warmed up by what lies before the window', async () => {
    const { body } = await get('limit=2&end_date=2025-02-20');
    const closes = bars.filter((bar) => bar.time <= body.data[1].time).map((bar) => bar.close);
    const last = closes.slice(-20);
    const mean = last.reduce((a, b) => a + b, 0) / 20;
    const sd = Math.sqrt(last.reduce((a, b) => a + b * b, 0) / 20 - mean * mean);
    expect(body.data[1].bb_middle).toBeCloseTo(mean, 6);
    expect(body.data[1].bb_upper).toBeCloseTo(mean + 2 * sd, 4);
    expect(body.data[1].bb_lower).toBeCloseTo(mean - 2 * sd, 4);
    for (const n of [20, 50]) {
      // the weights of an exponential mean, from the newest back
      let sum = 0;
      let weights = 0;
      closes.toReversed().forEach((close, i) => {
        sum += close * (1 - 2 / (n + 1)) ** i;
        weights += (1 - 2 / (n + 1)) ** i;
      });
      expect(body.data[1][`ema_${n}`]).toBeCloseTo(sum / weights, 4);
    }
    let up = 0;
    let down = 0;
    closes.slice(1).forEach((close, i) => {
      up = (up * 13 + Math.max(close - closes[i]!, 0)) / 14;
      down = (down * 13 + Math.max(closes[i]! - close, 0)) / 14;
    });
    expect(body.data[1].rsi).toBeCloseTo(100 - 100 / (1 + up / down), 4);
  });

  it('indicators are null until there is enough', async () => {
    const { data } = (await get('start_date=2025-01-08&end_date=2025-01-08')).body;
    expect(data[18].bb_middle).toBeNull();
    expect(data[19].bb_middle).not.toBeNull();
    expect(data[48].ema_50).toBeNull();
    expect(data[49].ema_50).not.toBeNull();
    expect(data[13].rsi).toBeNull();
    expect(data[14].rsi).not.toBeNull();
  });

  it('USD%2FCOP is USDCOP', async () => {
    expect((await get('limit=2', 'USD%2FCOP')).body).toEqual((await get('limit=2')).body);
  });

  it.each([
    ['timeframe=1m', 422, 'timeframe'],
    ['timeframe=2h', 422, 'timeframe'],
    ['limit=0', 422, 'limit'],
    ['limit=10001', 422, 'limit'],
    ['start_date=2025-02-30', 422, 'start_date'],
    ['start_date=tomorrow', 422, 'start_date'],
    ['end_date=2025-13-01T00:00:00Z', 422, 'end_date'],
    ['start_date=2024-01-01&end_date=2025-02-01', 422, 'start_date'],
    ['start_date=2025-02-02&end_date=2025-02-01', 422, 'start_date'],
    ['include_indicators=yes', 422, 'include_indicators'],
  ])('%s → %d naming it', async (query, status, named) => {
    const { body, ...answer } = await get(query);
    expect(answer.status).toBe(status);
    expect(body.detail).toContain(named);
  });

  it('an unknown symbol is 404, an empty window 200', async () => {
    expect((await get('', 'EURUSD')).status).toBe(404);
    expect((await get('start_date=2025-02-01&end_date=2025-02-02')).body).toMatchObject({ count: 0, data: [] });
  });

  it('the sessions of the test have 60 slots', () => expect(calendar.slotsPerSession).toBe(60));
});
