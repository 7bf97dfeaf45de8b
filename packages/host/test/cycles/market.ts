import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createCalendar,
  defineStrategy,
  USD_COP,
  USDCOP_CALENDAR,
  type AnyStrategy,
  type Opinion,
} from '@signalbox/core';
import { createSimulator } from '@signalbox/core/testing';
import { expect } from 'vitest';
import type { Config } from '../../src/config/config.js';
import type { FeedsConfig } from '../../src/config/feeds.js';
import { createCycleTrigger, type CycleTrigger } from '../../src/inference/cycles.js';
import type { Feed } from '../../src/inference/feed.js';
import { openPlan, type Plan } from '../../src/inference/plan.js';
import { MACRO_COLUMNS } from '../../src/ingest/macro-columns.js';
import type { Discovery } from '../../src/plugins/discover.js';
import { openFolder } from '../../src/stores/artifacts/folder.js';
import { storeBars, type SourcedBar } from '../../src/stores/postgres/bars.js';
import { storeMacro } from '../../src/stores/postgres/macro.js';
import { openStore, type Store } from '../../src/stores/store.js';
import { readWorld } from '../../src/stores/postgres/world.js';
import { Crew } from '../../src/worlds/crew.js';
import { MarketWorld } from '../../src/worlds/market-world.js';
import { testDatabase, type TestDatabase } from '../postgres.js';

export const calendar = createCalendar(USDCOP_CALENDAR);
export const plan = openPlan(USD_COP, null);
export const { symbol } = USD_COP;
export const SLOT = calendar.slotMs;
const WARM = 8;
const sessions = createSimulator({ seed: 5, calendar, edge: 0.35, firstSession: '2025-03-03' }).sessions(WARM + 3);
const sourced = sessions.map(({ bars }) => bars.map((bar): SourcedBar => ({ ...bar, symbol, source: 'test' })));
/** Stored before the host begins. */
export const history = sourced.slice(0, WARM).flat();
/** Three sessions that happen. */
export const live = sourced.slice(WARM).flat();

const opinionOn = (rsi: number, high: number, low: number): Opinion =>
  rsi > high
    ? { signal: 'short', confidence: 0.5 + rsi / 3, score: -rsi / 3, reasoning: `rsi ${rsi}` }
    : rsi < low
      ? { signal: 'long', confidence: 0.9 - rsi, score: 1 / 3 - rsi / 3, reasoning: `rsi ${rsi}` }
      : { signal: 'close', reasoning: 'in between' };

/** How often each strategy was asked. */
export const asked = new Map<string, number>();
export function rule(code: string, high: number, low: number, metered = false): AnyStrategy {
  return defineStrategy({
    code,
    name: code,
    type: 'ML',
    apiVersion: 1,
    features: ['rsi_9'],
    config: { type: 'object', properties: {}, additionalProperties: false },
    state: {
      type: 'object',
      properties: { seen: { type: 'number' } },
      required: ['seen'],
      additionalProperties: false,
    },
    metered: () => metered,
    create({ saved }) {
      let seen = saved?.seen ?? 0;
      return {
        onBar({ features }) {
          seen++;
          asked.set(code, (asked.get(code) ?? 0) + 1);
          return opinionOn(features.rsi_9, high, low);
        },
        save: () => ({ seen }),
      };
    },
  });
}
export const discoveredOf = (definitions: readonly AnyStrategy[]): Discovery[] =>
  definitions.map((definition) => {
    const name = `test-${definition.code.toLowerCase()}`;
    return { package: name, strategy: { package: name, version: '1.0.0', folder: '/', definition, models: {} } };
  });
export const RULES = [rule('QUICK', 0.6, 0.4), rule('SLOW', 0.55, 0.35), rule('PAID', 0.55, 0.35, true)];

/** A market world's database with its history and macro values. */
export async function marketDatabase(): Promise<TestDatabase> {
  const database = await testDatabase({ world: 'market' });
  await storeMacro(
    database.pool,
    MACRO_COLUMNS.map(({ name }) => name),
    sessions.flatMap(({ macro }) =>
      macro.map((row) => ({ date: row.date, values: MACRO_COLUMNS.map(({ name }) => row.values[name] ?? null) })),
    ),
    'test',
    { silent: true },
  );
  await storeBars(database.pool, history, { silent: true });
  return database;
}

export interface Market {
  readonly database: TestDatabase;
  readonly store: Store;
  readonly cycles: CycleTrigger;
  readonly errors: unknown[];
  /** Wall time, which is market time here. */
  set(time: number): void;
  stop(): Promise<void>;
}

/** The market world of one host over a database, by a clock that stands where it is set. */
export async function startMarket(
  database: TestDatabase,
  options: {
    readonly now: number;
    readonly feed?: Feed;
    readonly feeds?: FeedsConfig;
    readonly strategies?: readonly AnyStrategy[];
    /** Other features than the default ones. */
    readonly plan?: Plan;
  },
): Promise<Market> {
  const of = options.plan ?? plan;
  let now = options.now;
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const world = (await readWorld(database.pool))!;
  const store = await openStore({ world, connection: database.connection }, onError);
  let begun = (): void => {};
  const ready = new Promise<void>((resolve) => (begun = resolve));
  const ending = new AbortController();
  const config = {
    projectDir: tmpdir(),
    plugins: [],
    isolation: { deadlineMs: 10_000 },
    strategies: {},
    allowSimulatedModels: false,
    feeds: options.feeds ?? { series: {}, twelvedata: null, fred: null, dropFolder: null },
  } as unknown as Config;
  const crew = new Crew({
    config,
    plan: of,
    discovered: discoveredOf(options.strategies ?? RULES),
    artifacts: { store: openFolder(mkdtempSync(join(tmpdir(), 'signalbox-market-'))), cache: null },
    kind: 'market',
    marketTime: () => now,
    log: { info() {}, warn() {}, error() {} } as never,
  });
  await crew.register(store);
  const market = new MarketWorld({
    config,
    plan: of,
    server: database.server,
    database: database.name,
    crew,
    store,
    signal: ending.signal,
    observer: { listening() {}, progress() {}, ready: () => begun(), say() {} },
    replaceStore: () => Promise.reject(new Error('a market world keeps its store')),
    resetLive: () => Promise.resolve(),
    onError,
    events: store.events,
    wallNow: () => now,
    ...(options.feed ? { feed: options.feed } : {}),
  });
  const running = market.run();
  await ready;
  return {
    database,
    store,
    errors,
    cycles: createCycleTrigger({
      pool: () => store.pool,
      calendar,
      clock: market.clock,
      patienceMs: 5_000,
      secondLookMs: 400,
    }),
    set: (time) => (now = time),
    async stop() {
      ending.abort();
      await running;
      await market.stop();
      await crew.close();
      await store.close();
    },
  };
}

export const cyclesOf = async ({ pool }: TestDatabase) =>
  (
    await pool.query<{ t: number; status: string; mode: string | null }>(
      'SELECT bar_time AS t, status, mode FROM dw.cycles ORDER BY bar_time',
    )
  ).rows;

/** Resolves when the cycle of the bar has the status. */
export const until = (database: TestDatabase, barTime: number, status: 'done' | 'missed' | 'late'): Promise<void> =>
  expect
    .poll(async () => (await cyclesOf(database)).find((row) => row.t === barTime)?.status, {
      interval: 20,
      timeout: 15_000,
    })
    .toBe(status);

/** Facts without what depends on wall time, on insertion or on how late a bar was taken. */
export async function facts({ pool }: TestDatabase, where = 'true'): Promise<Record<string, unknown[]>> {
  const tables: Record<string, string> = {
    signals: `SELECT strategy_code, bar_time, signal, side, confidence, size, entry_price, stop_loss, take_profit, risk_usd, reasoning, not_traded, score, features
       FROM dw.fact_strategy_signals JOIN dw.dim_strategy USING (strategy_id) WHERE ${where} ORDER BY strategy_code, bar_time`,
    none: `SELECT strategy_code, bar_time, code, detail FROM dw.fact_no_signal JOIN dw.dim_strategy USING (strategy_id) WHERE ${where} ORDER BY strategy_code, bar_time`,
    positions: `SELECT strategy_code, side, quantity, entry_price, entry_time, exit_price, exit_time, realized_pnl, fees, close_reason
       FROM dw.fact_strategy_positions JOIN dw.dim_strategy USING (strategy_id) WHERE ${where} ORDER BY strategy_code, entry_time`,
    equity: `SELECT strategy_code, bar_time, equity_value, current_drawdown_pct FROM dw.fact_equity_curve JOIN dw.dim_strategy USING (strategy_id)
       WHERE ${where} ORDER BY strategy_code, bar_time`,
  };
  const found: Record<string, unknown[]> = {};
  for (const [name, sql] of Object.entries(tables)) found[name] = (await pool.query(sql)).rows;
  return found;
}
