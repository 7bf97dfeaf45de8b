import {
  observe,
  openMarket,
  saveMarket,
  DEFAULT_RULES,
  USD_COP,
  defineStrategy,
  type AnyStrategy,
  type Bar,
} from '@signalbox/core';
import { createSimulator } from '@signalbox/core/testing';
import { describe, expect, it } from 'vitest';
import { openDesk, type Desk } from '../src/inference/desk.js';
import { featuresAsKnown } from '../src/inference/features-as-known.js';
import { addMacro } from '../src/inference/macro-series.js';
import { openMarketMemory } from '../src/inference/market-memory.js';
import { openPlan } from '../src/inference/plan.js';
import { MACRO_NAMES } from '../src/ingest/macro-columns.js';
import type { Discovery } from '../src/plugins/discover.js';
import { openStrategies } from '../src/plugins/open.js';
import { registerDiscovered } from '../src/plugins/register.js';
import { readBars, storeBars } from '../src/stores/postgres/bars.js';
import { readMacro, storeMacro } from '../src/stores/postgres/macro.js';
import { listStrategies } from '../src/stores/postgres/strategies.js';
import { markFirstCycle } from '../src/stores/postgres/world.js';
import { testDatabase, type TestDatabase } from './postgres.js';

const plan = openPlan(USD_COP, null);
const { calendar, features } = plan;
const { symbol } = USD_COP;
const WARM = 8;
const sessions = createSimulator({ seed: 11, calendar, edge: 0.2, firstSession: '2025-03-03' }).sessions(WARM + 3);
const sourced = sessions.map(({ bars }) => bars.map((bar) => ({ ...bar, symbol, source: 'simulated' })));
const live = sourced.slice(WARM).flat();

const watcher = defineStrategy({
  code: 'WATCHER',
  name: 'Watcher',
  type: 'ML',
  apiVersion: 1,
  features: ['rsi_9', 'dxy_z', 'dxy_change_1d', 'log_ret_1h'],
  config: { type: 'object', properties: {}, additionalProperties: false },
  create: () => ({ onBar: ({ vector }) => ({ signal: 'flat', reasoning: [...vector].join(' ') }) }),
}) as AnyStrategy;
const discovered: Discovery[] = [
  {
    package: 'watcher',
    strategy: { package: 'watcher', version: '1.0.0', folder: '/', definition: watcher, models: {} },
  },
];

async function world(): Promise<TestDatabase> {
  const database = await testDatabase({ world: 'simulated' });
  const rows = sessions.flatMap(({ macro }) =>
    macro.map((row) => ({ date: row.date, values: MACRO_NAMES.map((name) => row.values[name] ?? null) })),
  );
  await storeMacro(database.pool, MACRO_NAMES, rows, 'simulated', { silent: true });
  await storeBars(database.pool, sourced.slice(0, WARM).flat(), { silent: true });
  await registerDiscovered(database.pool, discovered, {});
  await markFirstCycle(database.pool, live[0]!.time);
  return database;
}
async function desk({ pool }: TestDatabase): Promise<Desk> {
  const records = await listStrategies(pool);
  const strategies = await openStrategies({
    rows: records.map(({ code, package: name, parameters }) => ({ code, package: name, parameters, isActive: true })),
    discovered,
    features,
    instrument: USD_COP,
    world: 'simulated',
    allowSimulatedModels: false,
    log: () => {},
  });
  return openDesk({ pool, plan, rules: DEFAULT_RULES, strategies, records });
}
async function take(database: TestDatabase, to: Desk, bars: readonly (Bar & { symbol: string; source: string })[]) {
  for (const bar of bars) {
    await storeBars(database.pool, [bar], { marketTime: bar.time + calendar.slotMs });
    await to.run(bar, 'live');
  }
}
const snapshots = async ({ pool }: TestDatabase): Promise<number[]> =>
  (await pool.query<{ t: number }>('SELECT last_bar AS t FROM dw.market_snapshots ORDER BY 1')).rows.map(({ t }) => t);
const signals = async ({ pool }: TestDatabase) =>
  (await pool.query('SELECT bar_time, features, reasoning FROM dw.fact_strategy_signals ORDER BY bar_time')).rows;
const stored = async ({ pool }: TestDatabase): Promise<Map<number, (number | null)[]>> =>
  new Map(
    (
      await pool.query<{ time: number; values: (number | null)[] }>(
        'SELECT time, values FROM dw.feature_values ORDER BY 1',
      )
    ).rows.map(({ time, values }) => [time, values]),
  );
async function seriesOf({ pool }: TestDatabase) {
  const series = plan.series();
  addMacro(series, await readMacro(pool, series.names));
  return series;
}
/** What a replay of all stored bars comes to: state and the features of each bar. */
async function fromScratch(database: TestDatabase) {
  const state = openMarket(features, await seriesOf(database), calendar);
  const rows = new Map<number, (number | null)[]>();
  let last = 0;
  for (const bar of await readBars(database.pool, { symbol })) {
    observe(state, bar, calendar.slot(bar.time)!);
    rows.set(
      bar.time,
      Array.from(state.features.row.values, (value) => (Number.isNaN(value) ? null : value)),
    );
    last = bar.time;
  }
  return { snapshot: saveMarket(features, state, last), rows };
}
const ends = sourced.map((session) => session.at(-1)!.time);
const named = (names: readonly string[], a: ArrayLike<number>, b: ArrayLike<number>) =>
  names.filter((_, i) => !Object.is(a[i], b[i]));

describe('rule 5: snapshots of a host', () => {
  it('one is kept at each session end; a restart goes on from the newest, to the bit, and replays nothing', async () => {
    const database = await world();
    const now = await desk(database);
    await take(database, now, live);
    expect(await snapshots(database), 'the first at the end of the history').toEqual(ends.slice(WARM - 1));
    const memory = await openMarketMemory(database.pool, plan, await seriesOf(database), live.at(-1)!.time);
    expect(memory.replayed).toBe(0);
    const scratch = await fromScratch(database);
    expect(saveMarket(features, memory.state, live.at(-1)!.time)).toEqual(scratch.snapshot);
    const before = await openMarketMemory(database.pool, plan, await seriesOf(database), live[70]!.time);
    expect(before.replayed, 'from the session end before').toBe(11);
  });

  it('one whose session lacks its last bar is kept with the next session', async () => {
    const database = await world();
    const now = await desk(database);
    await take(
      database,
      now,
      live.filter((_, i) => i !== 59),
    );
    expect(await snapshots(database)).toEqual([ends[WARM - 1], live[58]!.time, ...ends.slice(WARM + 1)]);
  });

  it('a repaired bar drops the snapshots after it and no other; a late bar does too', async () => {
    const database = await world();
    await take(
      database,
      await desk(database),
      live.filter((_, i) => i !== 70),
    );
    expect(await snapshots(database)).toHaveLength(4);
    await storeBars(database.pool, [{ ...live[130]!, close: live[130]!.low }]);
    expect(await snapshots(database)).toEqual(ends.slice(WARM - 1, WARM + 2));
    await storeBars(database.pool, [live[70]!]);
    expect(await snapshots(database)).toEqual(ends.slice(WARM - 1, WARM + 1));
    await storeBars(database.pool, [live[70]!]);
    expect(await snapshots(database), 'the same bar again is no repair').toHaveLength(2);
  });

  it('a running desk rebuilds its state after a repair and a late bar: features are made again, nothing is decided again', async () => {
    const database = await world();
    const now = await desk(database);
    await take(
      database,
      now,
      live.slice(0, 100).filter((_, i) => i !== 80),
    );
    const decided = await signals(database);
    const before = await stored(database);
    await storeBars(database.pool, [{ ...live[40]!, close: live[40]!.low }, live[80]!]);
    await take(database, now, live.slice(100));
    const { rows, snapshot } = await fromScratch(database);
    const after = await stored(database);
    for (const [time, values] of after) expect(values, new Date(time).toISOString()).toEqual(rows.get(time));
    expect(after.get(live[41]!.time)).not.toEqual(before.get(live[41]!.time));
    expect(after.has(live[80]!.time), 'the late bar has features').toBe(true);
    const all = await signals(database);
    expect(all.slice(0, decided.length), 'what was said stays').toEqual(decided);
    expect(
      all.some(({ bar_time }) => bar_time === live[80]!.time),
      'and nothing is said of the late bar',
    ).toBe(false);
    const restarted = await openMarketMemory(database.pool, plan, await seriesOf(database), live.at(-1)!.time);
    expect(saveMarket(features, restarted.state, live.at(-1)!.time)).toEqual(snapshot);
  });

  it('a bar that is stored and was given up counts for those after it: a running desk sees what a restart would', async () => {
    const database = await world();
    const now = await desk(database);
    await take(database, now, live.slice(0, 3));
    await storeBars(database.pool, [live[3]!]);
    await take(database, now, live.slice(4, 6));
    expect(await stored(database)).toEqual(
      new Map([...(await fromScratch(database)).rows].filter(([time]) => time >= live[0]!.time)),
    );
    expect((await signals(database)).some(({ bar_time }) => bar_time === live[3]!.time)).toBe(false);
  });

  it('decides on the bar as it is stored at that moment: one that was read before it was corrected is not used', async () => {
    const database = await world();
    const now = await desk(database);
    await take(database, now, live.slice(0, 2));
    await storeBars(database.pool, [{ ...live[2]!, close: live[2]!.low }]);
    await now.run(live[2]!, 'live');
    expect((await stored(database)).get(live[2]!.time)).toEqual((await fromScratch(database)).rows.get(live[2]!.time));
  });
});

describe('rule 8: vintages', () => {
  const at = (i: number) => live[i]!.time + calendar.slotMs;

  it('an overwritten macro value is seen from its sight on; the past, recomputed, stays what it saw', async () => {
    const database = await world();
    const now = await desk(database);
    await take(database, now, live.slice(0, 30));
    const decided = await signals(database);
    // the value that the bars of this session see as the latest
    const latest = (await readMacro(database.pool, ['dxy'])).filter(({ date }) => date < sessions[WARM]!.date).at(-1)!;
    const dxy = latest.value + 3;
    await storeMacro(database.pool, ['dxy'], [{ date: latest.date, values: [dxy] }], 'simulated', {
      marketTime: at(29) + 1000,
    });
    now.learn(await readMacro(database.pool, ['dxy'], latest.date));
    await take(database, now, live.slice(30, 60));

    const k = features.names.indexOf('dxy_z');
    const values = await stored(database);
    expect(values.get(live[29]!.time)![k]).toBeCloseTo((latest.value - 100.21) / 5.6, 12);
    expect(values.get(live[30]!.time)![k]).toBeCloseTo((dxy - 100.21) / 5.6, 12);
    expect((await signals(database)).slice(0, decided.length)).toEqual(decided);
    const { rows } = await fromScratch(database);
    for (const [time, row] of values) expect(rows.get(time), new Date(time).toISOString()).toEqual(row);
    const { rows: kept } = await database.pool.query(
      `SELECT old_value, new_value FROM revisions WHERE column_name = 'dxy'`,
    );
    expect(kept.map((one) => [Number(one.old_value), Number(one.new_value)])).toEqual([[latest.value, dxy]]);
  });

  it('a value that was overwritten and comes back is learned again by a running desk, as a restart reads it', async () => {
    const database = await world();
    const now = await desk(database);
    await take(database, now, live.slice(0, 10));
    const latest = (await readMacro(database.pool, ['dxy'])).filter(({ date }) => date < sessions[WARM]!.date).at(-1)!;
    for (const [value, bar] of [
      [latest.value + 3, 9],
      [latest.value, 19],
    ] as const) {
      const marketTime = at(bar) + 1000;
      await storeMacro(database.pool, ['dxy'], [{ date: latest.date, values: [value] }], 'simulated', { marketTime });
      now.learn(await readMacro(database.pool, ['dxy'], latest.date));
      await take(database, now, live.slice(bar + 1, bar + 11));
    }
    const k = features.names.indexOf('dxy_z');
    const values = await stored(database);
    expect(values.get(live[19]!.time)![k]).toBeCloseTo((latest.value + 3 - 100.21) / 5.6, 12);
    expect(values.get(live[20]!.time)![k]).toBeCloseTo((latest.value - 100.21) / 5.6, 12);
    const { rows } = await fromScratch(database);
    for (const [time, row] of values) expect(rows.get(time), new Date(time).toISOString()).toEqual(row);
  });

  it('a value that is new after the first cycle is seen from the later of rule and sight', async () => {
    const database = await world();
    const now = await desk(database);
    await take(database, now, live.slice(0, 5));
    const [date] = [sessions[WARM - 1]!.date];
    await database.pool.query('UPDATE macro_indicators_daily SET dxy = NULL WHERE date = $1', [date]);
    await database.pool.query('DELETE FROM dw.macro_first_seen');
    await storeMacro(database.pool, ['dxy'], [{ date, values: [111] }], 'simulated', { marketTime: at(20) });
    const series = await seriesOf(database);
    const times = Array.from(series.column('dxy').values, (value, i) => [value, series.column('dxy').availableAt[i]]);
    expect(times.find(([value]) => value === 111)).toEqual([111, at(20)]);
  });

  it('a bar’s features as known at its decision are those that live stored, to the bit; as known today they show what changed', async () => {
    const database = await world();
    const now = await desk(database);
    await take(
      database,
      now,
      live.slice(0, 90).filter((_, i) => i !== 20),
    );
    const was = await stored(database);
    const bar = live[50]!.time;
    const latest = (await readMacro(database.pool, ['dxy'])).filter(({ date }) => date < sessions[WARM]!.date).at(-1)!;
    const later = { marketTime: at(89) + 1000 };
    await storeMacro(database.pool, ['dxy'], [{ date: latest.date, values: [latest.value + 2] }], 'simulated', later);
    await storeBars(database.pool, [live[20]!, { ...live[45]!, close: live[45]!.low }], later);
    await take(database, now, live.slice(90, 95));

    const then = (await featuresAsKnown(database.pool, plan, bar, at(50)))!;
    expect(Array.from(then.values, (value) => (Number.isNaN(value) ? null : value))).toEqual(was.get(bar));
    const today = (await featuresAsKnown(database.pool, plan, bar, Date.now()))!;
    expect(named(features.names, then.values, today.values)).toEqual([
      'rsi_9',
      'atr_pct',
      'adx_14',
      'dxy_z',
      'dxy_change_1d',
    ]);
    expect(await featuresAsKnown(database.pool, plan, live[20]!.time, at(50)), 'that bar was not there').toBeNull();
    expect(await featuresAsKnown(database.pool, plan, live[20]!.time, Date.now())).not.toBeNull();
    // a bar before all of it
    const early = live[10]!.time;
    const [a, b] = await Promise.all(
      [at(10), Date.now()].map((asOf) => featuresAsKnown(database.pool, plan, early, asOf)),
    );
    expect(named(features.names, a!.values, b!.values)).toEqual(['dxy_z', 'dxy_change_1d']);
  });

  it('a macro value that is taken away, and one whose date is, were known to the bars before', async () => {
    const database = await world();
    const now = await desk(database);
    await take(database, now, live.slice(0, 4));
    const was = (await stored(database)).get(live[3]!.time)!;
    const [before, latest] = (await readMacro(database.pool, ['dxy']))
      .filter(({ date }) => date < sessions[WARM]!.date)
      .slice(-2) as unknown as [{ date: string }, { date: string }];
    const away = (time: number, sql: string) =>
      database.pool.query(`BEGIN; SET LOCAL signalbox.market_time = '${new Date(time).toISOString()}'; ${sql}; COMMIT`);
    await away(at(10), `UPDATE macro_indicators_daily SET dxy = NULL WHERE date = '${latest.date}'`);
    await away(at(11), `DELETE FROM macro_indicators_daily WHERE date = '${before.date}'`);
    const known = async (asOf: number) => (await featuresAsKnown(database.pool, plan, live[3]!.time, asOf))!.values;
    const then = Array.from(await known(at(3)), (value) => (Number.isNaN(value) ? null : value));
    expect(then).toEqual(was);
    expect(named(features.names, await known(at(3)), await known(at(12)))).toContain('dxy_z');
    // a value that comes back later was away in between
    const again = [{ date: latest.date, values: [99] }];
    await storeMacro(database.pool, ['dxy'], again, 'simulated', { marketTime: at(14) });
    expect(Array.from(await known(at(3)), (value) => (Number.isNaN(value) ? null : value))).toEqual(was);
    const k = features.names.indexOf('dxy_z');
    expect((await known(at(13)))[k]).not.toBeCloseTo((99 - 100.21) / 5.6, 9);
    expect((await known(at(15)))[k]).toBeCloseTo((99 - 100.21) / 5.6, 9);
  });

  it('a bar that changed before anyone had seen it is no revision of what was known', async () => {
    const database = await world();
    const now = await desk(database);
    await take(database, now, live.slice(0, 5));
    const bar = live[5]!;
    await storeBars(database.pool, [{ ...bar, close: bar.low }], { marketTime: bar.time + 60_000 });
    await storeBars(database.pool, [bar], { marketTime: at(5) + 3_000 });
    await now.run(bar, 'live');
    const then = (await featuresAsKnown(database.pool, plan, bar.time, at(5)))!;
    expect(Array.from(then.values, (value) => (Number.isNaN(value) ? null : value))).toEqual(
      (await stored(database)).get(bar.time),
    );
  });
});
