import { describe, expect, it } from 'vitest';
import type { FeedsConfig } from '../../src/config/feeds.js';
import { checkFeeds, feedWarnings } from '../../src/ingest/feeds/check.js';
import { storeFeedState } from '../../src/stores/postgres/feed-state.js';
import { history, marketDatabase, plan, SLOT, symbol } from '../cycles/market.js';

const needs = [
  { strategy: 'ML_XGB', features: ['rsi_9', 'dxy_z', 'dxy_change_1d', 'rate_spread', 'position'] },
  { strategy: 'ML_LGBM', features: ['dxy_z', 'vix_z'] },
];
const feedsOf = (series: FeedsConfig['series'], keys: Partial<FeedsConfig> = {}): FeedsConfig => ({
  series,
  twelvedata: null,
  fred: null,
  dropFolder: null,
  ...keys,
});
const FILES = Object.fromEntries(
  [symbol, 'dxy', 'vix', 'col10y', 'ust10y'].map((name) => [name, { feed: 'files' as const }]),
);
const fresh = history.at(-1)!.time + SLOT;

describe('feeds that active strategies need', () => {
  it('all are ok where each has a feed and is fresh; series that nobody needs are not looked at', async () => {
    const { pool: db } = await marketDatabase();
    const findings = await checkFeeds({ db, plan, feeds: feedsOf(FILES), needs, now: fresh });
    expect(findings.map(({ series, state }) => [series, state])).toEqual([
      [symbol, 'ok'],
      ['col10y', 'ok'],
      ['dxy', 'ok'],
      ['ust10y', 'ok'],
      ['vix', 'ok'],
    ]);
    expect(findings[0]).toMatchObject({
      newest: new Date(fresh - SLOT).toISOString(),
      features: ['rsi_9'],
      strategies: ['ML_XGB'],
    });
    expect(feedWarnings(findings)).toEqual([]);
  });

  it('one that has none is told with its features, strategies and remedy', async () => {
    const { pool: db } = await marketDatabase();
    const findings = await checkFeeds({
      db,
      plan,
      feeds: feedsOf({ ...FILES, dxy: { feed: 'twelvedata', id: 'DXY' } }),
      needs,
      now: fresh,
    });
    expect(findings[0]).toMatchObject({ series: 'dxy', state: 'none', strategies: ['ML_LGBM', 'ML_XGB'] });
    expect(feedWarnings(findings)).toEqual([
      'dxy: TWELVEDATA_API_KEY is not set. Needed by dxy_change_1d, dxy_z of ML_LGBM, ML_XGB. Set TWELVEDATA_API_KEY in the environment.',
    ]);
    const bare = await checkFeeds({ db, plan, feeds: feedsOf({}), needs, now: fresh });
    expect(bare.map(({ state }) => state)).toEqual(Array(5).fill('none'));
  });

  it('one that is stale is told: bars more than three slots behind, a value older than its features allow', async () => {
    const { pool: db } = await marketDatabase();
    const at = async (now: number) =>
      (await checkFeeds({ db, plan, feeds: feedsOf(FILES), needs, now }))
        .filter(({ state }) => state !== 'ok')
        .map(({ series, state }) => [series, state]);
    const next = plan.calendar.nextOpen(fresh);
    expect(await at(next + 3 * SLOT)).toEqual([]);
    expect(await at(next + 4 * SLOT)).toEqual([[symbol, 'stale']]);
    const { rows } = await db.query<{ date: string }>(
      'SELECT max(date) FILTER (WHERE dxy IS NOT NULL) AS date FROM macro_indicators_daily',
    );
    const noon = Date.parse(`${rows[0]!.date}T17:00:00Z`);
    const macro = (found: unknown[][]) => found.map(([series]) => series).filter((series) => series !== symbol);
    expect(macro(await at(noon + 7 * 86_400_000))).toEqual([]);
    expect(macro(await at(noon + 8 * 86_400_000))).toEqual(['col10y', 'dxy', 'ust10y', 'vix']);
  });

  it('a vendor that was asked in vain is told by its code, until it answers or another feed takes over', async () => {
    const { pool: db } = await marketDatabase();
    const feeds = feedsOf({ ...FILES, vix: { feed: 'fred' } }, { fred: { key: 'k' } });
    const state = async () =>
      (await checkFeeds({ db, plan, feeds, needs, now: fresh })).find(({ series }) => series === 'vix')!;
    await storeFeedState(db, {
      series: 'vix',
      feed: 'fred',
      at: fresh,
      error: { code: 'FEED_REFUSED', message: 'FRED refuses VIXCLS' },
    });
    expect(await state()).toMatchObject({
      state: 'failing',
      message: expect.stringContaining('FEED_REFUSED FRED refuses VIXCLS'),
    });
    await storeFeedState(db, { series: 'vix', feed: 'fred', at: fresh + 1, error: null });
    expect(await state()).toMatchObject({ state: 'ok', message: null });
    await storeFeedState(db, {
      series: 'vix',
      feed: 'twelvedata',
      at: fresh + 2,
      error: { code: 'FEED_DOWN', message: 'x' },
    });
    expect(await state()).toMatchObject({ state: 'ok' });
  });

  it('a demo world has its simulator', async () => {
    const { pool: db } = await marketDatabase();
    const findings = await checkFeeds({ db, plan, feeds: feedsOf({}), needs, now: fresh, simulated: true });
    expect(findings.every(({ feed, state }) => feed === 'simulator' && state === 'ok')).toBe(true);
  });
});
