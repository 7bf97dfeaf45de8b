import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openStage, slotsOf, SLOT, NOW, type Json, type Stage } from './stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());
beforeEach(() => stage.pool.query('DELETE FROM usdcop_m5_ohlcv; DELETE FROM macro_indicators_daily'));

async function post(path: string, body: unknown, on = stage): Promise<{ status: number; body: Json }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(`${on.models.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: text,
  });
  return { status: response.status, body: await response.json() };
}
const bars = slotsOf('2025-03-06').map((time, i) => ({
  symbol: 'USD/COP',
  time: new Date(time).toISOString(),
  open: 4100 + i,
  high: 4102 + i,
  low: 4099 + i,
  close: 4101.25 + i,
  volume: 0,
  source: 'desk',
}));

describe('POST /api/ingest/bars', () => {
  it('stores a session once; the same again is unchanged, another close revises one', async () => {
    const zero = { unchanged: 0, revised: 0, rejected: [] };
    expect(await post('/api/ingest/bars', { bars })).toEqual({
      status: 200,
      body: { received: 60, accepted: 60, ...zero },
    });
    expect((await post('/api/ingest/bars', { bars })).body).toEqual({
      received: 60,
      accepted: 60,
      ...zero,
      unchanged: 60,
    });
    const revised = bars.map((bar, i) => (i === 7 ? { ...bar, symbol: 'USDCOP', close: 4107.5 } : bar));
    expect((await post('/api/ingest/bars', { bars: revised })).body).toMatchObject({
      accepted: 60,
      unchanged: 59,
      revised: 1,
    });
    const { rows } = await stage.pool.query(
      `SELECT old_value, new_value, source FROM revisions WHERE column_name = 'close'`,
    );
    expect(rows).toEqual([{ old_value: '4108.250000', new_value: '4107.500000', source: 'desk' }]);
    const { body } = await stage.get('/api/candlesticks/USDCOP?include_indicators=false', stage.trading);
    expect([body.count, body.data[7].close]).toEqual([60, 4107.5]);
  });

  it('names each row that is not taken by its index and reason, and takes the others', async () => {
    const odd = (change: object) => ({ ...bars[5]!, ...change });
    const sent = [
      bars[0],
      odd({ high: 1 }),
      odd({ time: '2025-03-01T15:00:00Z' }),
      odd({ time: '2025-03-24T15:00:00Z' }),
      odd({ time: '2025-03-06T19:00:00Z' }),
      odd({ time: '2025-03-06T15:02:00Z' }),
      odd({ symbol: 'XAU/USD' }),
      odd({ open: -1 }),
      odd({ time: new Date(NOW + SLOT).toISOString() }),
      odd({ time: '2025-03-06T08:10:00-05:00', close: 4106 }),
      bars[2],
    ];
    const { status, body } = await post('/api/ingest/bars', { bars: sent });
    expect([status, body.received, body.accepted]).toEqual([200, 11, 2]);
    expect(body.rejected.map(({ index, reason }: Json) => [index, reason])).toEqual([
      [1, 'ohlc_inconsistent'],
      [2, 'weekend'],
      [3, 'out_of_range'],
      [4, 'outside_session'],
      [5, 'off_slot'],
      [6, 'unknown_symbol'],
      [7, 'out_of_range'],
      [8, 'out_of_range'],
      // of two for one bar the later counts
      [9, 'duplicate'],
    ]);
  });

  it('takes the bar that is being built, updates it, and has it final when it comes again after its completion', async () => {
    const time = slotsOf('2025-03-07').find((slot) => slot === NOW)!;
    const bar = { time: new Date(time).toISOString(), open: 4100, high: 4100, low: 4100, close: 4100 };
    await post('/api/ingest/bars', { bars: [bar] });
    const { body } = await post('/api/ingest/bars', { bars: [{ ...bar, high: 4105, close: 4104 }] });
    expect(body).toMatchObject({ accepted: 1, revised: 1 });
    const final = async () =>
      (await stage.pool.query(`SELECT recorded_at >= time + interval '5 min' AS final FROM usdcop_m5_ohlcv`)).rows[0]
        .final;
    // as it is when wall and market time are one
    await stage.pool.query(`UPDATE usdcop_m5_ohlcv SET recorded_at = time`);
    expect(await final()).toBe(false);
    stage.clock.time = NOW + SLOT;
    expect((await post('/api/ingest/bars', { bars: [{ ...bar, high: 4105, close: 4104 }] })).body).toMatchObject({
      unchanged: 1,
    });
    expect(await final()).toBe(true);
    stage.clock.time = NOW;
  });

  it.each([
    [
      'most rows in Bogota time labelled UTC',
      {
        bars: bars.map((bar) => ({
          ...bar,
          time: bar.time.replace(/T(\d\d)/, (_, h) => `T${String(Number(h) - 5).padStart(2, '0')}`),
        })),
      },
      422,
      'INPUT_TIMEZONE',
    ],
    ['a time without zone', { bars: [{ ...bars[0], time: '2025-03-06T13:00:00' }] }, 422, 'PARAMETER_INVALID'],
    ['a price as text', { bars: [{ ...bars[0], open: '4100' }] }, 422, 'PARAMETER_INVALID'],
    ['a missing price', { bars: [{ time: bars[0]!.time }] }, 422, 'PARAMETER_INVALID'],
    ['an unknown key', { bars: [], more: 1 }, 422, 'PARAMETER_INVALID'],
    ['a simulated row', { bars: [{ ...bars[0], source: 'simulated' }] }, 409, 'WORLD_MISMATCH'],
    ['too many bytes', `{"bars":[${' '.repeat(1_100_000)}]}`, 413, 'BODY_TOO_LARGE'],
    ['no JSON', '{', 400, 'REQUEST_MALFORMED'],
  ])('%s: nothing is stored', async (_, body, status, code) => {
    const answer = await post('/api/ingest/bars', body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect((await stage.pool.query('SELECT 1 FROM usdcop_m5_ohlcv')).rowCount).toBe(0);
  });

  it('a simulated world takes none', async () => {
    const demo = await openStage({ world: 'simulated' });
    try {
      for (const path of ['bars', 'macro'])
        expect((await post(`/api/ingest/${path}`, path === 'bars' ? { bars } : { rows: [] }, demo)).body).toMatchObject(
          {
            status_code: 409,
            code: 'WORLD_MISMATCH',
          },
        );
    } finally {
      await demo.close();
    }
  });
});

describe('POST /api/ingest/macro', () => {
  it('takes both names of a series, never erases, revises, and names what it does not know', async () => {
    const first = {
      rows: [
        { date: '2025-03-05', dxy: 104.12345, volt_vix_usa_d_vix: 21.5 },
        { date: '2025-03-06', dxy: 104.5 },
      ],
    };
    expect((await post('/api/ingest/macro', first)).body).toMatchObject({
      received: 2,
      accepted: 2,
      unchanged: 0,
      revised: 0,
      rejected: [],
    });
    expect((await post('/api/ingest/macro', first)).body).toMatchObject({ unchanged: 2 });
    const second = {
      rows: [
        { date: '2025-03-05', dxy: 1 },
        { date: '2025-03-05', dxy: null, vix: 22, moon: 1, itcr_usa: 150 },
        { date: '2025-03-09', dxy: 1 },
      ],
    };
    expect((await post('/api/ingest/macro', second)).body).toMatchObject({
      received: 3,
      accepted: 1,
      revised: 1,
      rejected: [
        { index: 0, reason: 'duplicate' },
        { index: 2, reason: 'out_of_range' },
      ],
      unknown_columns: ['moon'],
      unstored_columns: ['itcr_usa'],
    });
    const { rows } = await stage.pool.query('SELECT date, dxy, vix, source FROM macro_indicators_daily ORDER BY date');
    expect(rows).toEqual([
      { date: '2025-03-05', dxy: 104.1234, vix: 22, source: 'api' },
      { date: '2025-03-06', dxy: 104.5, vix: null, source: 'api' },
    ]);
  });

  it('a date that is none is 422 and names the row', async () => {
    const { status, body } = await post('/api/ingest/macro', { rows: [{ date: '2025-02-30', dxy: 1 }] });
    expect([status, body.detail]).toEqual([422, 'rows.0.date: is no date. Write dates as YYYY-MM-DD.']);
  });
});
