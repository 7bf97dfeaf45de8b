import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { USD_COP } from '@signalbox/core';
import { afterEach, describe, expect, it } from 'vitest';
import { runBacktest } from '../../src/inference/backtest.js';
import type { Feed } from '../../src/inference/feed.js';
import { openPlan } from '../../src/inference/plan.js';
import { stateHash } from '../../src/inference/state-hash.js';
import { storeBars, type SourcedBar } from '../../src/stores/postgres/bars.js';
import { createReads } from '../../src/stores/postgres/reads/index.js';
import { loadStates } from '../../src/stores/postgres/state.js';
import {
  asked,
  calendar,
  cyclesOf,
  discoveredOf,
  facts,
  history,
  live,
  marketDatabase,
  plan,
  RULES,
  SLOT,
  startMarket,
  symbol,
  until,
  type Market,
} from './market.js';

const open: Market[] = [];
const start: typeof startMarket = async (...args) => {
  const market = await startMarket(...args);
  open.push(market);
  return market;
};
afterEach(async () => {
  for (const market of open.splice(0)) await market.stop();
});

const first = live[0]!;
const completion = (bar: SourcedBar): number => bar.time + SLOT;
const alerts = async ({ database }: Market): Promise<{ code: string; message: string }[]> =>
  (await database.pool.query('SELECT code, message FROM dw.alerts ORDER BY alert_id')).rows;

describe('one cycle per slot', () => {
  it('sixty a session, the first due 08:05 and the last 13:00 in Bogota, each when its bar is complete and stored', async () => {
    const database = await marketDatabase();
    const market = await start(database, { now: first.time });
    const session = live.slice(0, 60);
    for (const bar of session) {
      // stored a second before it is complete is not yet its bar
      market.set(completion(bar) - 1_000);
      market.set(completion(bar));
      await storeBars(database.pool, [bar]);
      await until(database, bar.time, 'done');
    }
    const rows = await cyclesOf(database);
    expect(rows).toHaveLength(60);
    expect(rows.every(({ status, mode }) => status === 'done' && mode === 'live')).toBe(true);
    const bogota = (time: number): string =>
      new Intl.DateTimeFormat('en-GB', { timeZone: 'America/Bogota', timeStyle: 'short' }).format(time);
    expect([bogota(rows[0]!.t + SLOT), bogota(rows.at(-1)!.t + SLOT)]).toEqual(['08:05', '13:00']);
    const { rows: twice } = await database.pool.query(
      `SELECT 1 FROM dw.fact_equity_curve GROUP BY strategy_id, bar_time HAVING count(*) <> 1`,
    );
    expect(twice).toEqual([]);
    expect(market.errors).toEqual([]);

    // the host has measured it
    await market.stop();
    open.splice(0);
    const [all, ...each] = await createReads(database.pool).cycleLatency(symbol, 0, Date.now() + 1_000);
    expect(all).toMatchObject({ code: null, decisions: 180 });
    expect(each.map((row) => [row.code, row.decisions])).toEqual([
      ['PAID', 60],
      ['QUICK', 60],
      ['SLOW', 60],
    ]);
    expect(all!.published).toBeGreaterThan(100);
    expect(all!.publishedP99!).toBeGreaterThan(all!.committedP50!);
    expect(all!.publishedP50!).toBeLessThan(1_000);
  }, 60_000);

  it('takes a bar that a bare INSERT brings', async () => {
    const database = await marketDatabase();
    const market = await start(database, { now: completion(first) });
    await database.pool.query(
      `INSERT INTO usdcop_m5_ohlcv (time, open, high, low, close) VALUES ($1, $2, $3, $4, $5)`,
      [new Date(first.time).toISOString(), first.open, first.high, first.low, first.close],
    );
    // complete when the host began: nothing to decide
    market.set(completion(live[1]!));
    await database.pool.query(
      `INSERT INTO usdcop_m5_ohlcv (time, open, high, low, close) VALUES ($1, $2, $3, $4, $5)`,
      [new Date(live[1]!.time).toISOString(), first.open, first.high, first.low, first.close],
    );
    await until(database, live[1]!.time, 'done');
    expect((await cyclesOf(database)).map((row) => row.t)).toEqual([live[1]!.time]);
  });

  it('asks the feed until the bar is final: one that was stored while it was built is not', async () => {
    const database = await marketDatabase();
    const wrong = { ...first, close: first.low };
    let final = false;
    let polls = 0;
    let now = first.time;
    const feed: Feed = {
      name: 'the test feed',
      poll: (_, from) => {
        polls++;
        if (now < completion(first)) return Promise.resolve([]);
        return final ? Promise.resolve([first].filter((bar) => bar.time >= from)) : Promise.reject(new Error('busy'));
      },
    };
    const market = await start(database, { now, feed });
    await storeBars(database.pool, [wrong]);
    await database.pool.query('UPDATE usdcop_m5_ohlcv SET recorded_at = $1 WHERE time = $2', [
      new Date(first.time + SLOT - 20_000).toISOString(),
      new Date(first.time).toISOString(),
    ]);
    now = completion(first);
    market.set(now);
    await expect.poll(() => polls, { timeout: 10_000 }).toBeGreaterThan(1);
    expect(await cyclesOf(database)).toEqual([]);
    final = true;
    await until(database, first.time, 'done');
    const { rows } = await database.pool.query<{ close: number }>('SELECT close FROM usdcop_m5_ohlcv WHERE time = $1', [
      new Date(first.time).toISOString(),
    ]);
    expect(rows[0]!.close).toBe(first.close);
  });

  it('a bar that has not come 90 s after its completion is missed: a row and one alert; the next one goes on', async () => {
    const database = await marketDatabase();
    const market = await start(database, { now: first.time });
    market.set(completion(first) + 90_000);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await cyclesOf(database)).toEqual([]);
    market.set(completion(first) + 90_001);
    await until(database, first.time, 'missed');
    expect(await alerts(market)).toEqual([
      { code: 'BAR_MISSED', message: expect.stringContaining(new Date(first.time).toISOString()) as string },
    ]);
    market.set(completion(live[1]!));
    await storeBars(database.pool, [live[1]!]);
    await until(database, live[1]!.time, 'done');

    // it comes after all, after a later one was decided upon: stored, features anew, nothing decided
    const before = await facts(database);
    const row = async () =>
      (
        await database.pool.query<{ v: number[] }>('SELECT values AS v FROM dw.feature_values WHERE time = $1', [
          new Date(live[1]!.time).toISOString(),
        ])
      ).rows[0]!.v;
    const features = await row();
    await storeBars(database.pool, [first]);
    await until(database, first.time, 'late');
    expect(await facts(database)).toEqual(before);
    await expect.poll(row).not.toEqual(features);
    expect(await alerts(market)).toHaveLength(1);
  });

  it('a bar of another symbol that features read and that comes late is in the stored features at once', async () => {
    const OTHER = 'USD/MXN';
    const file = join(mkdtempSync(join(tmpdir(), 'signalbox-features-')), 'features.json');
    const base = createRequire(import.meta.url).resolve('@signalbox/core/feature_config.json');
    const json = JSON.parse(readFileSync(base, 'utf8')) as { features: object[] };
    const source = { bar: 'close', symbol: OTHER };
    const transforms = [{ name: 'log_return', slots: 1 }];
    json.features.push({ name: 'mxn', source, transforms, normalisation: { kind: 'none' }, stable_after: 1 });
    writeFileSync(file, JSON.stringify(json));
    const withOther = openPlan(USD_COP, file);
    const database = await marketDatabase();
    const other = (i: number): SourcedBar => ({ ...live[i]!, symbol: OTHER });
    await storeBars(database.pool, [{ ...history.at(-1)!, symbol: OTHER }, other(0)]);
    const market = await start(database, { now: first.time, plan: withOther });
    for (const bar of live.slice(0, 2)) {
      market.set(completion(bar));
      await storeBars(database.pool, [bar]);
      await until(database, bar.time, 'done');
    }
    const shown = async () =>
      (await database.pool.query<{ mxn: number | null }>('SELECT mxn FROM inference_features_5m ORDER BY time')).rows;
    const [there, missing] = await shown();
    expect([there!.mxn === null, missing!.mxn]).toEqual([false, null]);
    const decided = await facts(database);
    await storeBars(database.pool, [other(1)]);
    await expect.poll(async () => (await shown())[1]!.mxn, { timeout: 10_000 }).not.toBeNull();
    expect((await shown())[1]!.mxn).toBeCloseTo(Math.log(live[1]!.close / live[0]!.close), 12);
    expect(await facts(database)).toEqual(decided);
    expect(market.errors).toEqual([]);
  });

  it('one that was given up and comes before the next is decided upon after all', async () => {
    const database = await marketDatabase();
    const market = await start(database, { now: first.time });
    market.set(completion(first) + 95_000);
    await until(database, first.time, 'missed');
    await storeBars(database.pool, [first]);
    await until(database, first.time, 'done');
    expect((await cyclesOf(database))[0]!.mode).toBe('live');
  });
});

describe('after a stop', () => {
  it('missed bars are taken in order as catch_up: no entry on them, stops settle, what costs is not asked', async () => {
    const database = await marketDatabase();
    const before = await start(database, { now: first.time });
    for (const bar of live.slice(0, 20)) {
      before.set(completion(bar));
      await storeBars(database.pool, [bar]);
      await until(database, bar.time, 'done');
    }
    await before.stop();
    open.splice(0);
    const paid = asked.get('PAID')!;
    // 25 bars come while nobody is there; one of them never
    const lost = live[30]!;
    await storeBars(
      database.pool,
      live.slice(20, 45).filter((bar) => bar !== lost),
    );
    await start(database, { now: completion(live[44]!) + 1_000 });
    await until(database, live[44]!.time, 'done');
    const rows = await cyclesOf(database);
    expect(rows.find((row) => row.t === lost.time)!.status).toBe('missed');
    expect(
      rows
        .slice(20, 44)
        .filter(({ mode }) => mode === 'live')
        .map((row) => row.t),
    ).toEqual([live[43]!.time].slice(1));
    expect(rows.at(-1)).toMatchObject({ t: live[44]!.time, mode: 'live' });
    // 44 is a moment old, 43 one bar and a moment: caught up
    expect(asked.get('PAID')! - paid).toBe(1);
    const { rows: late } = await database.pool.query(
      `SELECT DISTINCT not_traded FROM dw.fact_strategy_signals WHERE mode = 'catch_up' AND size > 0`,
    );
    expect(late.map((row) => row.not_traded)).toEqual(['too_old']);
    const { rows: entries } = await database.pool.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM dw.fact_strategy_positions WHERE signal_bar_time BETWEEN $1 AND $2`,
      [new Date(live[20]!.time).toISOString(), new Date(live[43]!.time).toISOString()],
    );
    expect(entries[0]!.n, 'no entry from a signal older than one bar').toBe(0);
    const { rows: unpaid } = await database.pool.query(
      `SELECT DISTINCT code, detail FROM dw.fact_no_signal JOIN dw.dim_strategy USING (strategy_id)
       WHERE strategy_code = 'PAID' AND mode = 'catch_up'`,
    );
    expect(unpaid).toEqual([{ code: 'unavailable', detail: 'not asked: the bar was caught up with after it was due' }]);
    // books stand where the bars led them: an equity row for each bar that there was
    const { rows: equity } = await database.pool.query(
      'SELECT strategy_id, count(*)::int AS n FROM dw.fact_equity_curve GROUP BY 1',
    );
    expect(equity.map((row) => row.n)).toEqual([44, 44, 44]);
  }, 60_000);

  it('a host that died between the last commit of a bar and its mark: the next one marks it done, and decides nothing again', async () => {
    const database = await marketDatabase();
    const { pool } = database;
    const market = await start(database, { now: first.time });
    for (const bar of live.slice(0, 2)) {
      market.set(completion(bar));
      await storeBars(pool, [bar]);
      await until(database, bar.time, 'done');
    }
    await market.stop();
    open.splice(0);
    const before = await facts(database);
    const { rows } = await pool.query(
      'DELETE FROM dw.cycles WHERE bar_time = (SELECT max(bar_time) FROM dw.cycles) RETURNING mode, decisions',
    );
    await start(database, { now: completion(live[1]!) });
    await until(database, live[1]!.time, 'done');
    const { rows: again } = await pool.query('SELECT mode, decisions FROM dw.cycles ORDER BY bar_time DESC LIMIT 1');
    expect(again).toEqual(rows);
    expect(await facts(database)).toEqual(before);
  });

  it('a bar that nobody has decided upon is not marked done', async () => {
    const database = await marketDatabase();
    await start(database, { now: first.time });
    await expect.poll(async () => (await database.pool.query('SELECT 1 FROM dw.strategy_state')).rowCount).toBe(3);
    expect(await cyclesOf(database)).toEqual([]);
  });

  it('history that is loaded later is no catch-up for strategies that began after it', async () => {
    const database = await marketDatabase();
    const market = await start(database, { now: completion(live[59]!) + 3_600_000 });
    await storeBars(database.pool, live.slice(0, 60));
    market.set(completion(live[60]!));
    await storeBars(database.pool, [live[60]!]);
    await until(database, live[60]!.time, 'done');
    expect((await cyclesOf(database)).map((row) => row.t)).toEqual([live[60]!.time]);
    expect((await facts(database))['equity']).toHaveLength(3);
  });
});

describe('missed, suspect and stale bars', () => {
  it('act the same live and in a backtest of the same bars', async () => {
    const database = await marketDatabase();
    const market = await start(database, { now: first.time });
    const up = (price: number): number => Math.round(price * 1.03 * 100) / 100;
    // one absent, a spike that reverts after two bars, then a frozen quote
    const bars = live.slice(0, 60).flatMap((bar, i): SourcedBar[] => {
      if (i === 7) return [];
      if (i === 15) {
        const close = up(bar.close);
        return [{ ...bar, close, high: Math.max(bar.high, close) }];
      }
      if (i === 16) return [{ ...bar, open: up(bar.open), high: up(bar.high), low: up(bar.low), close: up(bar.close) }];
      if (i < 30 || i > 43) return [bar];
      const at = live[30]!.close;
      return [{ ...bar, open: at, high: at, low: at, close: at }];
    });
    for (const bar of bars) {
      if (calendar.slot(bar.time)!.index === 8) {
        market.set(completion(bar) - 1);
        await until(database, live[7]!.time, 'missed');
      }
      market.set(completion(bar));
      await storeBars(database.pool, [bar]);
      await until(database, bar.time, 'done');
    }
    const report = await runBacktest({
      pool: database.pool,
      world: 'market',
      plan,
      discovered: discoveredOf(RULES),
      beginnings: {},
      allowSimulatedModels: false,
      from: calendar.slot(first.time)!.session,
      strategies: ['QUICK', 'SLOW'],
      now: Date.now(),
    });
    const both = `strategy_code <> 'PAID'`;
    const lived = await facts(database, `run_id = 'live' AND ${both}`);
    expect(await facts(database, `run_id = '${report.runId}'`)).toEqual(lived);
    const reasons = new Set(lived['signals']!.map((row) => (row as { not_traded: string | null }).not_traded));
    expect(reasons.has('suspect_price')).toBe(true);
    const silences = new Set(lived['none']!.map((row) => (row as { code: string }).code));
    expect(silences.has('stale')).toBe(true);
    const ticks = await createReads(database.pool).badTicks(symbol, 0, Date.now());
    expect(ticks).toEqual([
      { barTime: live[15]!.time, move: expect.any(Number) as number, revertedAt: live[17]!.time },
    ]);
  }, 60_000);
});

describe('what a signal keeps', () => {
  it('the hash of book and plugin state before its bar: that of the state stored after the bar before', async () => {
    const database = await marketDatabase();
    const market = await start(database, { now: first.time });
    for (const [i, bar] of live.slice(0, 6).entries()) {
      const states = await loadStates(database.pool, 'live', symbol);
      market.set(completion(bar));
      await storeBars(database.pool, [bar]);
      await until(database, bar.time, 'done');
      const { rows } = await database.pool.query<{ code: string; hash: string }>(
        `SELECT strategy_code AS code, state_hash AS hash FROM dw.fact_strategy_signals JOIN dw.dim_strategy USING (strategy_id)
         WHERE bar_time = $1`,
        [new Date(bar.time).toISOString()],
      );
      for (const { code, hash } of rows) {
        const state = states.get(code);
        if (i > 0) expect(hash, `${code} at bar ${i}`).toBe(stateHash(state!.book, state!.plugin));
      }
    }
  });
});

describe('POST /api/cycles asks for a cycle', () => {
  it('done once, already_done then, 409 before completion and without data, 422 for no bar', async () => {
    const database = await marketDatabase();
    const market = await start(database, { now: first.time });
    const { cycles } = market;
    await expect(cycles.trigger(symbol, first.time)).rejects.toMatchObject({ code: 'BAR_NOT_COMPLETE' });
    await expect(cycles.trigger(symbol, first.time + 60_000)).rejects.toMatchObject({ code: 'PARAMETER_INVALID' });
    await expect(cycles.trigger(symbol, first.time - SLOT)).rejects.toMatchObject({ code: 'PARAMETER_INVALID' });
    await expect(cycles.trigger(symbol, NaN)).rejects.toMatchObject({ code: 'PARAMETER_INVALID' });
    market.set(completion(first));
    const [one, two] = [cycles.trigger(symbol, first.time), cycles.trigger(symbol, first.time)];
    await storeBars(database.pool, [first]);
    expect([await one, await two]).toEqual(['done', 'done']);
    expect(await cycles.trigger(symbol, first.time)).toBe('already_done');
    const { rows } = await database.pool.query<{ n: number }>('SELECT count(*)::int AS n FROM dw.fact_equity_curve');
    expect(rows[0]!.n).toBe(3);
    market.set(completion(live[1]!) + 91_000);
    await expect(cycles.trigger(symbol, live[1]!.time)).rejects.toMatchObject({ code: 'BAR_NOT_STORED' });
    expect(await cycles.trigger(symbol, first.time - 86_400_000 * 3)).toBe('already_done');
  });
});
