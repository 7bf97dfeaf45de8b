import { afterEach, describe, expect, it } from 'vitest';
import type { FeedsConfig } from '../../src/config/feeds.js';
import { createBarFeed } from '../../src/ingest/feeds/bar-feed.js';
import { fetchMacro } from '../../src/ingest/feeds/macro-feeds.js';
import { barSource, macroSource, openVendors } from '../../src/ingest/feeds/sources.js';
import type { VendorError } from '../../src/ingest/vendors/vendor-error.js';
import { readFeedStates } from '../../src/stores/postgres/feed-state.js';
import type { SourcedBar } from '../../src/stores/postgres/bars.js';
import {
  calendar,
  history,
  live,
  marketDatabase,
  RULES,
  SLOT,
  startMarket,
  symbol,
  until,
  type Market,
} from '../cycles/market.js';
import { fakeVendor, fred, FRED_KEY, twelveData, TWELVEDATA_KEY, type FakeVendor, type PricedBar } from './vendors.js';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});
const vendorOf = async (...args: Parameters<typeof fakeVendor>): Promise<FakeVendor> => {
  const vendor = await fakeVendor(...args);
  open.push(() => vendor.close());
  return vendor;
};
const start = async (...args: Parameters<typeof startMarket>): Promise<Market> => {
  const market = await startMarket(...args);
  open.push(() => market.stop());
  return market;
};
const feedsOf = (twelvedata?: FakeVendor, others: Partial<FeedsConfig> = {}): FeedsConfig => ({
  series: {},
  twelvedata: twelvedata ? { key: TWELVEDATA_KEY, url: twelvedata.url, perMinute: 3_000 } : null,
  fred: null,
  dropFolder: null,
  ...others,
});
const all = [...history, ...live];

describe('a market host with a key of TwelveData', () => {
  it('repairs the gaps of the last sessions, takes each bar when it is final, and decides on it', async () => {
    const database = await marketDatabase();
    const lost = history.slice(-70, -10);
    await database.pool.query('DELETE FROM usdcop_m5_ohlcv WHERE time = ANY ($1::timestamptz[])', [
      lost.map(({ time }) => new Date(time).toISOString()),
    ]);
    let now = live[0]!.time;
    const served = (): PricedBar[] => all.filter(({ time }) => time + SLOT <= now);
    const vendor = await vendorOf(twelveData((id) => (id === symbol ? { bars: served() } : undefined)));
    const market = await start(database, { now, feeds: feedsOf(vendor), strategies: RULES });
    const storedOf = async (bars: readonly SourcedBar[]) =>
      (
        await database.pool.query<SourcedBar>(
          'SELECT time, open, high, low, close, source FROM usdcop_m5_ohlcv WHERE time = ANY ($1::timestamptz[]) ORDER BY time',
          [bars.map(({ time }) => new Date(time).toISOString())],
        )
      ).rows;
    await expect.poll(async () => (await storedOf(lost)).length, { timeout: 15_000 }).toBe(lost.length);

    for (const bar of live.slice(0, 4)) {
      now = bar.time + SLOT;
      market.set(now);
      await until(database, bar.time, 'done');
    }
    const round5 = ({ time, open, high, low, close }: SourcedBar) => [
      time,
      ...[open, high, low, close].map((price) => Number(price.toFixed(5))),
    ];
    expect((await storedOf([...lost, ...live.slice(0, 4)])).map(round5)).toEqual(
      [...lost, ...live.slice(0, 4)].map(round5),
    );
    expect((await storedOf(lost)).every(({ source }) => source === 'twelvedata')).toBe(true);
    const states = await readFeedStates(database.pool);
    expect(states.find(({ series }) => series === symbol)).toMatchObject({ feed: 'twelvedata', errorCode: null });
    // the vendor of this test has no macro series, which is told and harms nobody
    expect(states.find(({ series }) => series === 'brent')).toMatchObject({ errorCode: 'FEED_REFUSED' });
    expect(market.errors.every((error) => (error as VendorError).code === 'FEED_REFUSED')).toBe(true);
  }, 60_000);

  it.each([
    ["a company's share under the same ticker", { type: 'Common Stock', currency: 'USD' }, 1],
    ['prices that cannot be pesos', {}, 1 / 1000],
    ['prices that do not continue the stored ones', {}, 1.5],
  ])(
    'refuses %s: nothing is stored, and the state says why',
    async (_, meta, factor) => {
      const database = await marketDatabase();
      const other = all.map((bar): PricedBar => ({
        time: bar.time,
        open: bar.open * factor,
        high: bar.high * factor,
        low: bar.low * factor,
        close: bar.close * factor,
      }));
      const vendor = await vendorOf(twelveData(() => ({ bars: other, meta })));
      const before = (await database.pool.query('SELECT 1 FROM usdcop_m5_ohlcv')).rowCount;
      await start(database, { now: live[1]!.time + SLOT, feeds: feedsOf(vendor) });
      await expect
        .poll(async () => (await readFeedStates(database.pool))[0], { timeout: 15_000 })
        .toMatchObject({ series: symbol, errorCode: 'FEED_WRONG_INSTRUMENT', answeredAt: null });
      expect((await database.pool.query('SELECT 1 FROM usdcop_m5_ohlcv')).rowCount).toBe(before);
    },
    30_000,
  );
});

describe('a bar that is being built', () => {
  it('is given on while it goes on, and not when it may have become complete on the way', async () => {
    let now = live[5]!.time + 60_000;
    const vendor = await vendorOf((url, response, request) => {
      twelveData(() => ({ bars: all.filter(({ time }) => time <= now) }))(url, response, request);
      now += slow;
    });
    let slow = 0;
    const feeds = feedsOf(vendor);
    const feed = createBarFeed({
      vendor: openVendors(feeds).twelvedata!,
      source: barSource(symbol, 'COP', feeds),
      calendar,
      marks: async () => history.slice(-12),
      now: () => now,
      paceMs: 0,
    });
    const signal = new AbortController().signal;
    const ask = async () => (await feed.poll(symbol, live[4]!.time, signal)).map(({ time }) => time);
    expect(await ask()).toEqual([live[4]!.time, live[5]!.time]);
    slow = SLOT;
    expect(await ask()).toEqual([live[4]!.time]);
    slow = 0;
    expect(await ask()).toEqual([live[4]!.time, live[5]!.time, live[6]!.time]);
  });

  it('is asked for at the pace of the plan, however often the run polls', async () => {
    const vendor = await vendorOf(twelveData(() => ({ bars: all })));
    const feeds = feedsOf(vendor);
    const feed = createBarFeed({
      vendor: openVendors(feeds).twelvedata!,
      source: barSource(symbol, 'COP', feeds),
      calendar,
      marks: async () => [],
      now: () => live[5]!.time,
      paceMs: 60_000,
    });
    for (let i = 0; i < 20; i++) await feed.poll(symbol, live[4]!.time, new AbortController().signal);
    expect(vendor.requests).toHaveLength(1);
  });
});

describe('macro values from vendors', () => {
  const now = Date.parse('2025-03-20T15:00:00Z');
  const signal = new AbortController().signal;
  const values = async (database: Awaited<ReturnType<typeof marketDatabase>>, series: string) =>
    (
      await database.pool.query(
        `SELECT date, ${series} AS value FROM macro_indicators_daily WHERE ${series} IS NOT NULL ORDER BY date DESC LIMIT 2`,
      )
    ).rows;

  it('FRED: new values are stored, a revised one goes to the revisions, a date without value stays empty', async () => {
    const database = await marketDatabase();
    const [{ value: last, date: lastDate }] = await values(database, 'ust10y');
    const series = {
      DGS10: [
        { date: lastDate as string, value: (Number(last) + 0.01).toFixed(2) },
        { date: '2025-03-18', value: '.' },
        { date: '2025-03-19', value: (Number(last) + 0.05).toFixed(2) },
      ],
    };
    const vendor = await vendorOf(fred(series));
    const feeds = feedsOf(undefined, { fred: { key: FRED_KEY, url: vendor.url } });
    const source = macroSource('ust10y', feeds);
    expect(source).toMatchObject({ feed: 'fred', id: 'DGS10', problem: null });
    const first = await fetchMacro(source, openVendors(feeds), { pool: database.pool, now, signal });
    expect(first).toMatchObject({ received: 2, rejected: 0 });
    const again = await fetchMacro(source, openVendors(feeds), { pool: database.pool, now, signal });
    expect(again).toMatchObject({ inserted: 0, revised: 0 });
    expect((await values(database, 'ust10y'))[0]).toEqual({
      date: '2025-03-19',
      value: Number((Number(last) + 0.05).toFixed(2)),
    });
    const { rows } = await database.pool.query(`SELECT old_value FROM revisions WHERE column_name = 'ust10y'`);
    expect(rows.map(({ old_value: old }) => Number(old))).toEqual([Number(last)]);
  }, 30_000);

  it('TwelveData: daily closes without the day that goes on; an oil company is no oil', async () => {
    const database = await marketDatabase();
    const [{ value: last }] = await values(database, 'brent');
    const day = (date: string, price: number): PricedBar => ({
      time: Date.parse(date),
      open: price,
      high: price,
      low: price,
      close: price,
    });
    const oil = [
      day('2025-03-18', Number(last) + 0.5),
      day('2025-03-19', Number(last) + 1),
      day('2025-03-20', Number(last) + 2),
    ];
    let meta: Record<string, string> = { type: 'Commodity', currency_quote: 'US Dollar' };
    let bars = oil;
    const vendor = await vendorOf(twelveData(() => ({ bars, meta })));
    const feeds = feedsOf(vendor);
    const source = macroSource('brent', feeds);
    expect(await fetchMacro(source, openVendors(feeds), { pool: database.pool, now, signal })).toMatchObject({
      received: 2,
    });
    expect((await values(database, 'brent'))[0]).toEqual({
      date: '2025-03-19',
      value: Number((Number(last) + 1).toFixed(4)),
    });

    const wrong = { code: 'FEED_WRONG_INSTRUMENT' };
    const other = macroSource('brent', { ...feeds, series: { brent: { feed: 'twelvedata', id: 'BNO' } } });
    meta = { type: 'ETF', currency: 'USD' };
    await expect(fetchMacro(other, openVendors(feeds), { pool: database.pool, now, signal })).rejects.toMatchObject(
      wrong,
    );
    // labelled as if it were right, in range, and no continuation
    meta = { type: 'Commodity' };
    bars = oil.map(({ time }) => day(new Date(time).toISOString().slice(0, 10), 24.5));
    await expect(fetchMacro(other, openVendors(feeds), { pool: database.pool, now, signal })).rejects.toMatchObject(
      wrong,
    );
    expect((await values(database, 'brent'))[0]).toMatchObject({ date: '2025-03-19' });
  }, 30_000);

  it('has no feed where a vendor only has something similar, and says which key or entry is missing', () => {
    const feeds = feedsOf(undefined, {
      series: { dxy: { feed: 'fred' }, vix: { feed: 'fred' }, embi: { feed: 'files' } },
    });
    expect(macroSource('dxy', feeds).problem).toBe('fred has no id for it');
    expect(macroSource('vix', feeds).problem).toBe('FRED_API_KEY is not set');
    expect(macroSource('embi', feeds)).toMatchObject({ feed: 'files', problem: null });
    expect(macroSource('col10y', feeds)).toMatchObject({ feed: null, problem: 'it has no feed' });
  });
});
