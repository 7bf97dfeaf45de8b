import {
  createCalendar,
  DEFAULT_RULES,
  defineStrategy,
  USD_COP,
  USDCOP_CALENDAR,
  type AnyStrategy,
  type Opinion,
} from '@signalbox/core';
import { createSimulator } from '@signalbox/core/testing';
import { describe, expect, it } from 'vitest';
import { openDesk, type Desk } from '../src/inference/desk.js';
import { openPlan } from '../src/inference/plan.js';
import { MACRO_COLUMNS } from '../src/ingest/macro-columns.js';
import type { Discovery } from '../src/plugins/discover.js';
import { openStrategies } from '../src/plugins/open.js';
import { registerDiscovered } from '../src/plugins/register.js';
import { storeBars } from '../src/stores/postgres/bars.js';
import { storeMacro } from '../src/stores/postgres/macro.js';
import { listStrategies } from '../src/stores/postgres/strategies.js';
import { testDatabase, type TestDatabase } from './postgres.js';

const calendar = createCalendar(USDCOP_CALENDAR);
const plan = openPlan(USD_COP, null);
const { symbol } = USD_COP;
const WARM = 8;
const sessions = createSimulator({ seed: 5, calendar, edge: 0.35, firstSession: '2025-03-03' }).sessions(WARM + 3);
const sourced = sessions.map(({ bars }) => bars.map((bar) => ({ ...bar, symbol, source: 'simulated' })));
const history = sourced.slice(0, WARM).flat();
const live = sourced.slice(WARM).flat();

/** While set, SLOW never answers this bar: the moment of a crash between two commits. */
let hangAt: number | null = null;

const opinionOn = (rsi: number, high: number, low: number): Opinion =>
  rsi > high
    ? { signal: 'short', confidence: 0.5 + rsi / 3, score: -rsi / 3, reasoning: `rsi ${rsi}` }
    : rsi < low
      ? { signal: 'long', confidence: 0.9 - rsi, score: 1 / 3 - rsi / 3, reasoning: `rsi ${rsi}` }
      : { signal: 'close', reasoning: 'in between' };
const rule = (code: string, high: number, low: number, hangs = false): AnyStrategy =>
  defineStrategy({
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
    create({ saved }) {
      let seen = saved?.seen ?? 0;
      return {
        onBar({ bar, features }) {
          seen++;
          const opinion = opinionOn(features.rsi_9, high, low);
          if (!hangs) return opinion;
          return bar.time === hangAt ? new Promise<Opinion>(() => {}) : Promise.resolve(opinion);
        },
        save: () => ({ seen }),
      };
    },
  });
/** Says what the members' exact scores add up to: a score that was rounded on its way through the database shows. */
const both = defineStrategy({
  code: 'BOTH',
  name: 'BOTH',
  type: 'ENSEMBLE',
  apiVersion: 1,
  features: [],
  members: ['QUICK', 'SLOW'],
  config: { type: 'object', properties: {}, additionalProperties: false },
  create: () => ({
    onBar({ opinions }) {
      const scores = [opinions.QUICK, opinions.SLOW].map((said) => (said && 'score' in said ? (said.score ?? 0) : 0));
      const sum = (scores[0] ?? 0) + (scores[1] ?? 0);
      const reasoning = `${opinions.QUICK?.signal} ${opinions.SLOW?.signal} ${sum}`;
      if (sum === 0) return { signal: 'flat', reasoning };
      return { signal: sum > 0 ? 'long' : 'short', confidence: Math.min(1, Math.abs(sum)), reasoning };
    },
  }),
});
const discovered: Discovery[] = [rule('QUICK', 0.6, 0.4), rule('SLOW', 0.55, 0.35, true), both].map((definition) => {
  const name = `test-${definition.code.toLowerCase()}`;
  return { package: name, strategy: { package: name, version: '1.0.0', folder: '/', definition, models: {} } };
});

async function world(): Promise<TestDatabase> {
  const database = await testDatabase({ world: 'simulated' });
  await storeMacro(
    database.pool,
    MACRO_COLUMNS.map(({ name }) => name),
    macroRows(),
    'simulated',
    { silent: true },
  );
  await storeBars(database.pool, history, { silent: true });
  await registerDiscovered(database.pool, discovered, {});
  return database;
}
const macroRows = () =>
  sessions.flatMap(({ macro }) =>
    macro.map((row) => ({ date: row.date, values: MACRO_COLUMNS.map(({ name }) => row.values[name] ?? null) })),
  );

async function desk({ pool }: TestDatabase, saved: (code: string) => unknown = () => undefined): Promise<Desk> {
  const records = await listStrategies(pool);
  const strategies = await openStrategies({
    rows: records.map(({ code, package: name, parameters }) => ({ code, package: name, parameters, isActive: true })),
    discovered,
    features: plan.features,
    instrument: USD_COP,
    world: 'simulated',
    allowSimulatedModels: false,
    saved,
    log: () => {},
  });
  return openDesk({ pool, plan, rules: DEFAULT_RULES, strategies, records });
}

async function savedStates({ pool }: TestDatabase): Promise<(code: string) => unknown> {
  const { rows } = await pool.query<{ code: string; plugin: unknown }>(
    'SELECT strategy_code AS code, plugin FROM dw.strategy_state JOIN dw.dim_strategy USING (strategy_id)',
  );
  return (code) => rows.find((row) => row.code === code)?.plugin ?? undefined;
}

/** All facts, without what depends on wall time or on the order of insertion. */
async function facts({ pool }: TestDatabase): Promise<Record<string, unknown[]>> {
  const tables: Record<string, string> = {
    signals: `SELECT strategy_id, bar_time, signal, side, confidence, size, entry_price, stop_loss, take_profit, risk_usd, reasoning, not_traded, score, features
       FROM dw.fact_strategy_signals ORDER BY strategy_id, bar_time`,
    none: 'SELECT strategy_id, bar_time, code, detail FROM dw.fact_no_signal ORDER BY strategy_id, bar_time',
    positions: `SELECT strategy_id, side, quantity, entry_price, entry_time, exit_price, exit_time, realized_pnl, fees, close_reason
       FROM dw.fact_strategy_positions ORDER BY strategy_id, entry_time`,
    equity:
      'SELECT strategy_id, bar_time, equity_value, current_drawdown_pct FROM dw.fact_equity_curve ORDER BY strategy_id, bar_time',
    performance: `SELECT strategy_id, date_cot, daily_return_pct, max_drawdown_pct, n_trades, win_rate FROM dw.fact_strategy_performance ORDER BY 1, 2`,
    states: 'SELECT strategy_id, bar_time, book, plugin FROM dw.strategy_state ORDER BY strategy_id',
    features: 'SELECT time, values FROM dw.feature_values ORDER BY time',
  };
  const found: Record<string, unknown[]> = {};
  for (const [name, sql] of Object.entries(tables)) found[name] = (await pool.query(sql)).rows;
  return found;
}

describe('the desk', () => {
  it('comes to the same facts however often it crashes between two commits of a bar', async () => {
    const undisturbed = await world();
    const calm = await desk(undisturbed);
    for (const bar of live) {
      await storeBars(undisturbed.pool, [bar]);
      await calm.run(bar, 'live');
    }
    const expected = await facts(undisturbed);
    expect(expected['positions']!.length, 'trades to compare').toBeGreaterThan(5);
    expect(expected['performance']!.length, 'three sessions of three strategies').toBe(9);

    const crashed = await world();
    let now = await desk(crashed);
    for (const [i, bar] of live.entries()) {
      await storeBars(crashed.pool, [bar]);
      if (i % 7 === 3) {
        // QUICK commits, SLOW hangs, BOTH waits for it: then everything in memory is gone
        hangAt = bar.time;
        const seat = (await listStrategies(crashed.pool)).find(({ code }) => code === 'QUICK')!;
        void now.run(bar, 'live');
        await expect
          .poll(async () => {
            const { rows } = await crashed.pool.query<{ t: number }>(
              'SELECT bar_time AS t FROM dw.strategy_state WHERE strategy_id = $1',
              [seat.id],
            );
            return rows[0]!.t;
          })
          .toBe(bar.time);
        hangAt = null;
        now = await desk(crashed, await savedStates(crashed));
      }
      await now.run(bar, 'live');
    }
    expect(await facts(crashed)).toEqual(expected);
  }, 120_000);

  it('comes to the same facts unwatched, in one commit a session', async () => {
    const watched = await world();
    const one = await desk(watched);
    await storeBars(watched.pool, live, { silent: true });
    for (const bar of live) await one.run(bar, 'live');

    const unwatched = await world();
    const other = await desk(unwatched);
    await storeBars(unwatched.pool, live, { silent: true });
    for (const bars of sourced.slice(WARM)) await other.runUnwatched(bars);

    expect(await facts(unwatched)).toEqual(await facts(watched));
    const { rows } = await unwatched.pool.query<{ n: number }>('SELECT count(*)::int AS n FROM dw.events');
    expect(rows[0]!.n, 'unwatched sessions write no events').toBe(0);
  });

  it('gives a session whose last bar is absent its row with the next session, across a restart too', async () => {
    const [first, second] = [sourced[WARM]!.slice(0, -1), sourced[WARM + 1]!];
    const days = async ({ pool }: TestDatabase) =>
      (
        await pool.query(
          `SELECT strategy_code, date_cot, daily_return_pct, n_trades, win_rate FROM dw.fact_strategy_performance
           JOIN dw.dim_strategy USING (strategy_id) ORDER BY 1, 2`,
        )
      ).rows as { date_cot: string; daily_return_pct: number; n_trades: number }[];

    const whole = await world();
    const one = await desk(whole);
    await storeBars(whole.pool, [...first, ...second], { silent: true });
    for (const bar of first) await one.run(bar, 'live');
    expect(await days(whole), 'no row before the next session says that the last bar is absent').toEqual([]);
    for (const bar of second) await one.run(bar, 'live');

    const restarted = await world();
    let now = await desk(restarted);
    await storeBars(restarted.pool, [...first, ...second], { silent: true });
    for (const bar of first) await now.run(bar, 'live');
    now = await desk(restarted, await savedStates(restarted));
    for (const bar of second) await now.run(bar, 'live');

    const rows = await days(whole);
    expect(rows).toHaveLength(6);
    expect(await days(restarted)).toEqual(rows);
    // by another way: from the equity rows and the closed positions of each date
    const { rows: expected } = await whole.pool.query(`
      WITH closes AS (
        SELECT DISTINCT ON (strategy_id, (bar_time AT TIME ZONE 'America/Bogota')::date) strategy_id, (bar_time AT TIME ZONE 'America/Bogota')::date AS day, equity_value AS equity
        FROM dw.fact_equity_curve ORDER BY 1, 2, bar_time DESC)
      SELECT d.strategy_code, c.day AS date_cot,
        round((c.equity / coalesce(lag(c.equity) OVER (PARTITION BY c.strategy_id ORDER BY c.day), d.initial_equity) - 1) * 100, 4) AS daily_return_pct,
        (SELECT count(*)::int FROM dw.fact_strategy_positions p WHERE p.strategy_id = c.strategy_id AND p.status = 'closed'
           AND (p.exit_bar_time AT TIME ZONE 'America/Bogota')::date = c.day) AS n_trades
      FROM closes c JOIN dw.dim_strategy d USING (strategy_id) ORDER BY 1, 2`);
    expect(rows.map(({ date_cot, n_trades }) => [date_cot, n_trades])).toEqual(
      expected.map((row) => [row.date_cot, row.n_trades]),
    );
    rows.forEach((row, i) => expect(row.daily_return_pct).toBeCloseTo(expected[i].daily_return_pct, 3));
  });

  it('starts a strategy with the bar after the newest one', async () => {
    const database = await world();
    const first = await desk(database);
    expect(first.processed).toBe(history.at(-1)!.time);
    expect((await facts(database))['equity']).toEqual([]);
  });
});
