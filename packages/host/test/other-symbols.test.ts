import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  computeFeatures,
  createSymbolBars,
  DEFAULT_RULES,
  defineStrategy,
  USD_COP,
  type AnyStrategy,
} from '@signalbox/core';
import { createSimulator } from '@signalbox/core/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { runBacktest } from '../src/inference/backtest.js';
import { openDesk, type Desk } from '../src/inference/desk.js';
import { featuresAsKnown } from '../src/inference/features-as-known.js';
import { openMarketMemory } from '../src/inference/market-memory.js';
import { openPlan } from '../src/inference/plan.js';
import type { Discovery } from '../src/plugins/discover.js';
import { openStrategies } from '../src/plugins/open.js';
import { registerDiscovered } from '../src/plugins/register.js';
import { readBars, storeBars, type SourcedBar } from '../src/stores/postgres/bars.js';
import { listStrategies } from '../src/stores/postgres/strategies.js';
import { markFirstCycle } from '../src/stores/postgres/world.js';
import { testDatabase, type TestDatabase } from './postgres.js';

const dir = mkdtempSync(join(tmpdir(), 'signalbox-others-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const OTHER = 'USD/MXN';
const feature = (name: string, source: object, transform: object, stable: number) => ({
  name,
  source,
  transforms: [transform],
  normalisation: { kind: 'none' },
  stable_after: stable,
});
writeFileSync(
  join(dir, 'features.json'),
  JSON.stringify({
    version: '1.0.0',
    series: {},
    features: [
      feature('own_ret', { bar: 'close' }, { name: 'log_return', slots: 1 }, 1),
      feature('mxn_ret', { bar: 'close', symbol: OTHER }, { name: 'log_return', slots: 1 }, 1),
      feature('mxn_atr', { bar: ['high', 'low', 'close'], symbol: OTHER }, { name: 'atr', period: 10 }, 20),
    ],
  }),
);
const plan = openPlan(USD_COP, join(dir, 'features.json'));
const { calendar, features } = plan;
const { symbol } = USD_COP;
const RET = features.names.indexOf('mxn_ret');

const tape = (of: string, seed: number): SourcedBar[] =>
  createSimulator({ seed, calendar, edge: 0, firstSession: '2025-03-03' })
    .sessions(3)
    .flatMap(({ bars }) => bars.map((bar) => ({ ...bar, symbol: of, source: 'simulated' })));
const own = tape(symbol, 11);
/** Of the other symbol two slots are absent, the last one of the second session is among them. */
const ABSENT = 100;
const mxn = tape(OTHER, 12).filter((_, i) => i !== ABSENT && i !== 119);
const otherAt = (i: number) => mxn.find((bar) => bar.time === own[i]!.time)!;
const WARM = 60;
const completed = (i: number) => own[i]!.time + calendar.slotMs;

const watcher = defineStrategy({
  code: 'WATCHER',
  name: 'Watcher',
  type: 'ML',
  apiVersion: 1,
  features: ['own_ret', 'mxn_ret', 'mxn_atr'],
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
  const until = own[WARM]!.time;
  await storeBars(database.pool, own.slice(0, WARM), { silent: true });
  await storeBars(
    database.pool,
    mxn.filter((bar) => bar.time < until),
    { silent: true },
  );
  await registerDiscovered(database.pool, discovered, {});
  await markFirstCycle(database.pool, until);
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
/** Stores and decides own bars `from` to before `to`, each with the other symbol's bar of the slot but for those in `without`. */
async function take({ pool }: TestDatabase, on: Desk, from: number, to: number, without: readonly number[] = []) {
  for (let i = from; i < to; i++) {
    const other = otherAt(i);
    const bars = other && !without.includes(i) ? [own[i]!, other] : [own[i]!];
    await storeBars(pool, bars, { marketTime: completed(i) });
    await on.run(own[i]!, 'live');
  }
}
type Values = readonly (number | null)[];
const stored = async ({ pool }: TestDatabase): Promise<Map<number, Values>> =>
  new Map(
    (
      await pool.query<{ time: number; values: Values }>('SELECT time, values FROM dw.feature_values ORDER BY 1')
    ).rows.map(({ time, values }) => [time, values]),
  );
const nulls = (values: ArrayLike<number>): Values => Array.from(values, (x) => (Number.isNaN(x) ? null : x));
/** What core makes of the stored bars of both symbols. */
async function fromScratch({ pool }: TestDatabase): Promise<Map<number, Values>> {
  const others = createSymbolBars();
  for (const bar of await readBars(pool, { symbol: OTHER })) others.add(OTHER, bar);
  const { times, values } = computeFeatures(features, plan.series(), await readBars(pool, { symbol }), others);
  const width = features.names.length;
  return new Map(
    Array.from(times, (time, i) => [time, nulls(values.subarray(i * width, (i + 1) * width))] as const).filter(
      ([time]) => time >= own[WARM]!.time,
    ),
  );
}
const said = async ({ pool }: TestDatabase) =>
  (await pool.query('SELECT bar_time, features, reasoning FROM dw.fact_strategy_signals ORDER BY bar_time')).rows;
const snapshots = async ({ pool }: TestDatabase): Promise<number[]> =>
  (await pool.query<{ t: number }>('SELECT last_bar AS t FROM dw.market_snapshots ORDER BY 1')).rows.map(({ t }) => t);
const known = async ({ pool }: TestDatabase, i: number, asOf: number): Promise<Values> =>
  nulls((await featuresAsKnown(pool, plan, own[i]!.time, asOf))!.values);

describe('features of another symbol, in the host', () => {
  it('live: each bar sees the other symbol’s bar of its slot, across sessions and a restart; where that is absent it is missing', async () => {
    const database = await world();
    await take(database, await desk(database), WARM, 130);
    await take(database, await desk(database), 130, 180);
    const rows = await stored(database);
    expect(rows.size).toBe(120);
    expect(rows).toEqual(await fromScratch(database));
    expect([ABSENT - 1, ABSENT, 119, 120].map((i) => rows.get(own[i]!.time)![RET] === null)).toEqual([
      false,
      true,
      true,
      true,
    ]);
    expect(await known(database, 90, completed(90))).toEqual(rows.get(own[90]!.time));
  });

  it('a batch that nobody watches: each of its bars sees the other symbol’s, as one by one', async () => {
    const database = await world();
    const rest = own.slice(WARM);
    const on = await desk(database);
    await storeBars(database.pool, [...rest, ...mxn.filter((bar) => bar.time >= rest[0]!.time)], { silent: true });
    await on.runUnwatched(rest.slice(0, 70));
    await on.runUnwatched(rest.slice(70));
    const rows = await stored(database);
    expect(rows.get(own[150]!.time)![RET]).not.toBeNull();
    expect(rows).toEqual(await fromScratch(database));
  });

  it('a backtest decides on the same vectors as live did', async () => {
    const database = await world();
    await take(database, await desk(database), WARM, 125);
    const { pool } = database;
    const report = await runBacktest({
      pool,
      plan,
      world: 'simulated',
      discovered,
      beginnings: {},
      allowSimulatedModels: false,
      now: Date.now(),
      from: '2025-03-04',
    });
    const { rows } = await pool.query<{ n: number; same: number }>(
      `SELECT count(*)::int AS n, count(*) FILTER (WHERE a.features = b.features)::int AS same
       FROM dw.fact_strategy_signals a JOIN dw.fact_strategy_signals b USING (strategy_id, bar_time)
       WHERE a.run_id = 'live' AND b.run_id = $1`,
      [report.runId],
    );
    expect(rows[0]!.n).toBeGreaterThan(55);
    expect(rows[0]!.same).toBe(rows[0]!.n);
  });

  it('a bar of it that comes late, and one that is repaired: features are made again, nothing is decided again, and explain knows what was seen', async () => {
    const database = await world();
    const on = await desk(database);
    await take(database, on, WARM, 125, [70]);
    const was = await stored(database);
    const decided = await said(database);
    expect(was.get(own[70]!.time)![RET], 'not there yet').toBeNull();
    expect(await snapshots(database)).toEqual([own[59]!.time, own[119]!.time]);

    const later = { marketTime: completed(124) + 1_000 };
    await storeBars(database.pool, [otherAt(70), { ...otherAt(90), close: otherAt(90).low }], later);
    expect(await snapshots(database), 'those that rest on what changed are gone').toEqual([own[59]!.time]);
    await take(database, on, 125, 126);
    const after = await stored(database);
    expect(after).toEqual(await fromScratch(database));
    for (const i of [70, 90, 91]) expect(after.get(own[i]!.time), String(i)).not.toEqual(was.get(own[i]!.time));
    expect((await said(database)).slice(0, decided.length)).toEqual(decided);

    for (const i of [69, 70, 71, 90, 91, 124]) {
      expect(await known(database, i, completed(i)), `${i} then`).toEqual(was.get(own[i]!.time));
      expect(await known(database, i, Date.now()), `${i} today`).toEqual(after.get(own[i]!.time));
    }
    await take(database, on, 126, 180);
    const restarted = await openMarketMemory(database.pool, plan, plan.series(), own[179]!.time);
    expect(restarted.replayed, 'the snapshot of the session’s end was kept again').toBe(0);
    expect(await stored(database)).toEqual(await fromScratch(database));
  });

  it('what was repaired while no host ran is made good at the next start', async () => {
    const database = await world();
    await take(database, await desk(database), WARM, 100);
    const was = await stored(database);
    await storeBars(database.pool, [{ ...otherAt(80), close: otherAt(80).low }]);
    await database.pool.query('DELETE FROM usdcop_m5_ohlcv WHERE symbol = $1 AND time = $2', [
      symbol,
      new Date(own[75]!.time).toISOString(),
    ]);
    await desk(database);
    const rows = await stored(database);
    expect(rows.get(own[80]!.time)).not.toEqual(was.get(own[80]!.time));
    expect(rows).toEqual(await fromScratch(database));
    const made = async () =>
      (await database.pool.query('SELECT time, xmin::text FROM dw.feature_values ORDER BY 1')).rows;
    const once = await made();
    await desk(database);
    expect(await made(), 'and not again at the one after').toEqual(once);
  });
});
