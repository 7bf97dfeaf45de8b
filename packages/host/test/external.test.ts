import {
  createCalendar,
  DEFAULT_RULES,
  defineStrategy,
  round,
  USD_COP,
  USDCOP_CALENDAR,
  type Bar,
  type Book,
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
import { requestReset } from '../src/stores/postgres/risk-resets.js';
import { listStrategies } from '../src/stores/postgres/strategies.js';
import { testDatabase, type TestDatabase } from './postgres.js';

const calendar = createCalendar(USDCOP_CALENDAR);
const plan = openPlan(USD_COP, null);
const { symbol } = USD_COP;
const SLOT = calendar.slotMs;
const WARM = 8;
const sessions = createSimulator({ seed: 5, calendar, edge: 0, firstSession: '2025-03-03' }).sessions(WARM + 2);
const sourced = sessions.map(({ bars }) => bars.map((bar) => ({ ...bar, symbol, source: 'test' })));
const history = sourced.slice(0, WARM).flat();
const live = sourced.slice(WARM).flat();

const served: Discovery = {
  package: 'test-served',
  strategy: {
    package: 'test-served',
    version: '1.0.0',
    folder: '/',
    models: {},
    definition: defineStrategy({
      code: 'SERVED',
      name: 'SERVED',
      type: 'ML',
      apiVersion: 1,
      features: [],
      config: { type: 'object', properties: {}, additionalProperties: false },
      create: () => ({ onBar: () => ({ signal: 'flat', reasoning: 'always' }) }),
    }),
  },
};

/** The reference's 5.1, to the letter. */
const REFERENCE_5_1 = `INSERT INTO dw.dim_strategy (
    strategy_code,
    strategy_name,
    strategy_type,
    description,
    initial_equity,
    is_active
) VALUES (
    'ML_NEW',
    'New ML Model',
    'ML',
    'Description of new model',
    10000.00,
    TRUE
);`;

async function world(): Promise<TestDatabase> {
  const database = await testDatabase({ world: 'market' });
  const { pool } = database;
  await storeMacro(
    pool,
    MACRO_COLUMNS.map(({ name }) => name),
    sessions.flatMap(({ macro }) =>
      macro.map((row) => ({ date: row.date, values: MACRO_COLUMNS.map(({ name }) => row.values[name] ?? null) })),
    ),
    'test',
    { silent: true },
  );
  await storeBars(pool, history, { silent: true });
  await registerDiscovered(pool, [served], {});
  await pool.query(REFERENCE_5_1);
  return database;
}

async function desk({ pool }: TestDatabase, wallTime = false): Promise<Desk> {
  const records = await listStrategies(pool);
  const strategies = await openStrategies({
    rows: records.map(({ code, package: name, parameters, active }) => ({
      code,
      package: name,
      parameters,
      isActive: active,
    })),
    discovered: [served],
    features: plan.features,
    instrument: USD_COP,
    world: 'market',
    allowSimulatedModels: false,
    log: () => {},
  });
  return openDesk({ pool, plan, rules: DEFAULT_RULES, strategies, records, wallTime });
}

const iso = (time: number): string => new Date(time).toISOString();

/** A bare INSERT, stamped with the completion of the bar. */
async function insert(
  { pool }: TestDatabase,
  bar: Bar,
  columns: Readonly<Record<string, string | number | null>>,
  code = 'ML_NEW',
): Promise<void> {
  const given = { timestamp_utc: iso(bar.time + SLOT), ...columns };
  const names = Object.keys(given);
  await pool.query(
    `INSERT INTO dw.fact_strategy_signals (strategy_id, ${names.join(', ')})
     SELECT strategy_id, ${names.map((_, i) => `$${i + 2}`).join(', ')} FROM dw.dim_strategy WHERE strategy_code = $1`,
    [code, ...Object.values(given)],
  );
}

async function take(database: TestDatabase, on: Desk, bar: Bar & { symbol: string; source: string }): Promise<void> {
  await storeBars(database.pool, [bar]);
  await on.run(bar, 'live');
}

const bookOf = async ({ pool }: TestDatabase): Promise<Book> =>
  (
    await pool.query<{ book: Book }>(
      `SELECT book FROM dw.strategy_state JOIN dw.dim_strategy USING (strategy_id) WHERE strategy_code = 'ML_NEW'`,
    )
  ).rows[0]!.book;

/** Facts of the external strategy, without what depends on wall time or on the order of insertion. */
async function facts({ pool }: TestDatabase): Promise<Record<string, unknown[]>> {
  const tables: Record<string, string> = {
    signals: `SELECT bar_time, signal, side, confidence, size, entry_price, stop_loss, take_profit, risk_usd, score,
      round_trip_cost_bps, breakeven_hit_rate, not_traded, mode, origin, booked_at IS NOT NULL AS booked, s.symbol
      FROM dw.fact_strategy_signals s`,
    none: 'SELECT bar_time, code, detail FROM dw.fact_no_signal',
    positions: `SELECT entry_time, side, quantity, entry_price, exit_price, exit_time, realized_pnl, fees, close_reason
      FROM dw.fact_strategy_positions`,
    equity: 'SELECT bar_time, equity_value, current_drawdown_pct FROM dw.fact_equity_curve',
    states: 'SELECT bar_time, book FROM dw.strategy_state',
  };
  const found: Record<string, unknown[]> = {};
  for (const [name, sql] of Object.entries(tables))
    found[name] = (
      await pool.query(`${sql} JOIN dw.dim_strategy USING (strategy_id) WHERE strategy_code = 'ML_NEW' ORDER BY 1`)
    ).rows;
  return found;
}
const signalsOf = async (database: TestDatabase) =>
  (await facts(database))['signals'] as Record<string, string | number | boolean | null>[];

describe('signals of a strategy without package', () => {
  it('fill at the next open, whether they come before their bar is taken, after it, or around a crash', async () => {
    const day = live.slice(0, 30);
    const says = (i: number) =>
      i % 6 === 1
        ? { signal: 'long', confidence: 0.8 }
        : i % 6 === 3
          ? { signal: 'short', confidence: 0.9, size: 0.1 }
          : i % 6 === 5
            ? { signal: 'close' }
            : null;
    const runWith = async (how: 'before' | 'after' | 'crash'): Promise<Record<string, unknown[]>> => {
      const database = await world();
      let on = await desk(database);
      for (const [i, bar] of day.entries()) {
        const said = says(i);
        if (said && how === 'before') await insert(database, bar, said);
        await take(database, on, bar);
        if (said && how !== 'before') await insert(database, bar, said);
        // all that was in memory is gone: once with the signal unbooked, once with it booked
        if (how === 'crash') on = await desk(database);
        if (how !== 'before') await on.hear();
        if (how === 'crash') on = await desk(database);
      }
      return facts(database);
    };
    const before = await runWith('before');
    const positions = before['positions'] as { entry_price: number; entry_time: number; side: string }[];
    expect(positions.length, 'trades to compare').toBeGreaterThan(5);
    for (const { entry_price, entry_time } of positions)
      expect(entry_price).toBe(day.find((bar) => bar.time === entry_time)!.open);
    expect(positions[0]).toMatchObject({ side: 'long', entry_time: day[2]!.time });
    expect(before['equity'], 'an equity row each bar').toHaveLength(day.length);
    expect(before['signals']!.length + before['none']!.length, 'each bar a signal or the reason for none').toBe(
      day.length,
    );
    expect((before['signals'] as { size: number }[])[1], 'a size that is given stands').toMatchObject({
      size: 0.1,
      origin: 'external',
      side: 'sell',
      symbol,
    });
    expect(await runWith('after')).toEqual(before);
    expect(await runWith('crash')).toEqual(before);
  }, 60_000);

  it('keep what their source gave, and get the rest by the rules of all others', async () => {
    const database = await world();
    const on = await desk(database);
    const [a, b] = [live[0]!, live[1]!];
    await take(database, on, a);
    const [stop, target] = [round(a.close - 40, 6), round(a.close + 90, 6)];
    await insert(database, a, {
      signal: 'long',
      side: 'buy',
      confidence: 0.3,
      size: 0.05,
      entry_price: round(a.close + 0.5, 6),
      stop_loss: stop,
      take_profit: target,
      risk_usd: 7,
      reasoning: 'mine',
    });
    await on.hear();
    const [signal] = await signalsOf(database);
    expect(signal).toMatchObject({
      signal: 'long', // below .5, and not made flat
      confidence: 0.3,
      size: 0.05,
      entry_price: round(a.close + 0.5, 6),
      stop_loss: stop,
      take_profit: target,
      risk_usd: 7,
      not_traded: null,
    });
    expect(signal!['breakeven_hit_rate']).toBeGreaterThan(0);
    const { pending } = await bookOf(database);
    // size · equity for an account in US dollars that buys US dollars
    expect(pending?.entry).toMatchObject({ quantity: 500, stopLoss: stop, takeProfit: target });
    await take(database, on, b);
    await insert(database, b, { signal: 'flat' });
    await on.hear();
    expect((await signalsOf(database))[1]).toMatchObject({
      side: 'hold',
      confidence: null,
      size: null,
      not_traded: null,
    });
    expect((await bookOf(database)).position, 'flat holds').not.toBeNull();
  });

  it.each([
    ['long', { stop_loss: 1 }, 'stop_wrong_side'],
    ['long', { take_profit: -1 }, 'target_wrong_side'],
    ['short', { stop_loss: -1 }, 'stop_wrong_side'],
    ['short', { take_profit: 1 }, 'target_wrong_side'],
    ['long', { stop_loss: 0 }, 'stop_wrong_side'],
  ] as const)('that contradict themselves are stored and not traded: %s %j', async (signal, levels, reason) => {
    const database = await world();
    const on = await desk(database);
    const bar = live[0]!;
    await take(database, on, bar);
    const given = Object.fromEntries(
      Object.entries(levels).map(([name, sign]) => [name, round(bar.close + sign * 10, 6)]),
    );
    await insert(database, bar, { signal, confidence: 0.9, ...given });
    await on.hear();
    await take(database, on, live[1]!);
    expect((await signalsOf(database))[0]).toMatchObject({ signal, ...given, not_traded: reason });
    expect((await facts(database))['positions']).toEqual([]);
  });

  it('whose side contradicts them open nothing, and still close what is opposite', async () => {
    const database = await world();
    const on = await desk(database);
    await take(database, on, live[0]!);
    await insert(database, live[0]!, { signal: 'short', confidence: 0.9 });
    await take(database, on, live[1]!);
    expect((await bookOf(database)).position?.side).toBe('short');
    await insert(database, live[1]!, { signal: 'long', side: 'sell', confidence: 0.9 });
    await take(database, on, live[2]!);
    expect((await bookOf(database)).position).toBeNull();
    expect((await facts(database))['positions']).toMatchObject([{ close_reason: 'flip' }]);
    expect((await signalsOf(database))[1]).toMatchObject({ not_traded: 'wrong_side' });
  });

  it('that come when the next bar is taken, or were recorded after its completion, are stored as too_old', async () => {
    const database = await world();
    const on = await desk(database, true);
    await take(database, on, live[0]!);
    await take(database, on, live[1]!);
    const recorded = (bar: Bar, late: number) => ({
      signal: 'long',
      confidence: 0.9,
      recorded_at: iso(bar.time + SLOT + late),
    });
    await insert(database, live[0]!, recorded(live[0]!, 1));
    await insert(database, live[1]!, recorded(live[1]!, SLOT + 1));
    await on.hear();
    await take(database, on, live[2]!);
    await insert(database, live[2]!, recorded(live[2]!, SLOT));
    await on.hear();
    expect((await signalsOf(database)).map((row) => row['not_traded'])).toEqual(['too_old', 'too_old', null]);
    await take(database, on, live[3]!);
    expect((await facts(database))['positions']).toMatchObject([{ entry_time: live[3]!.time }]);
  });

  it('with a time at which no bar opens are kept out of the book, and one from the future out of the stream', async () => {
    const database = await world();
    const on = await desk(database);
    await take(database, on, live[0]!);
    const night = Date.parse('2025-03-15T15:00:00Z'); // a Saturday
    const beside = live[0]!.time + 60_000;
    await insert(database, { ...live[0]!, time: night }, { signal: 'long', confidence: 0.9 });
    await insert(database, live[0]!, { signal: 'long', confidence: 0.9, bar_time: iso(beside) });
    const future = Date.now() + 30 * 86_400_000;
    await insert(database, { ...live[0]!, time: future }, { signal: 'long', confidence: 0.9 });
    await on.hear();
    const reasons = (await signalsOf(database)).map((row) => row['not_traded']);
    expect(reasons).toEqual([
      'impossible_time',
      'impossible_time',
      expect.toSatisfy((r) => r === null || r === 'impossible_time'),
    ]);
    await take(database, on, live[1]!);
    expect((await facts(database))['positions']).toEqual([]);
    const { rows } = await database.pool.query(
      `SELECT count(*)::int AS n FROM dw.events WHERE type = 'signal_update' AND time > now()`,
    );
    expect(rows[0]).toEqual({ n: 0 });
  });

  it('may not speak for a package: stored, not traded, and replaced by its own', async () => {
    const database = await world();
    const on = await desk(database);
    await insert(database, live[0]!, { signal: 'long', confidence: 0.9 }, 'SERVED');
    const of = async () =>
      (
        await database.pool.query(
          `SELECT signal, origin, not_traded FROM dw.fact_strategy_signals JOIN dw.dim_strategy USING (strategy_id)
           WHERE strategy_code = 'SERVED'`,
        )
      ).rows;
    expect(await of()).toEqual([{ signal: 'long', origin: 'external', not_traded: 'has_package' }]);
    await take(database, on, live[0]!);
    expect(await of()).toEqual([{ signal: 'flat', origin: 'plugin', not_traded: null }]);
  });

  it('belong to the newest bar in a replayed world, whose clock their source does not know', async () => {
    const { pool } = await testDatabase({ world: 'simulated' });
    await storeBars(pool, [{ ...history[0]!, source: 'simulated' }]);
    await pool.query(REFERENCE_5_1);
    const { rows } = await pool.query(
      `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal) VALUES (1, now(), 'flat')
       RETURNING bar_time AS bar, timestamp_utc AS stamp`,
    );
    expect(rows).toEqual([{ bar: history[0]!.time, stamp: history[0]!.time + SLOT }]);
  });
});

describe('risk', () => {
  it('halts survive a restart, and a reset that gives its reason lifts them at the last mark, told once', async () => {
    const database = await world();
    const { pool } = database;
    let on = await desk(database);
    await take(database, on, live[0]!);
    const { id } = (await listStrategies(pool)).find(({ code }) => code === 'ML_NEW')!;
    // as after a loss of 20 %: the mark of the next bar finds the breach
    const setBack = (book: Book) => ({ ...book, peak: book.equity * 1.25 });
    await pool.query('UPDATE dw.strategy_state SET book = $2 WHERE strategy_id = $1', [
      id,
      setBack(await bookOf(database)),
    ]);
    on = await desk(database);
    await take(database, on, live[1]!);
    on = await desk(database);
    await take(database, on, live[2]!);
    expect(await bookOf(database)).toMatchObject({ drawdownHalted: true });
    const alerts = async () =>
      (await pool.query<{ code: string }>('SELECT code FROM dw.alerts ORDER BY alert_id')).rows.map(({ code }) => code);
    expect(await alerts(), 'one alert a breach, across restarts').toEqual(['RISK_DRAWDOWN']);

    await insert(database, live[2]!, { signal: 'long', confidence: 0.9 });
    await take(database, on, live[3]!);
    expect((await signalsOf(database)).at(-1)).toMatchObject({ signal: 'long', not_traded: 'drawdown' });

    const { equity, peak } = await bookOf(database);
    await requestReset(pool, { strategyId: id, symbol, reason: 'looked into it', actor: 'ada' });
    await on.hear();
    await on.hear();
    on = await desk(database);
    expect(await bookOf(database)).toMatchObject({ drawdownHalted: false, peak: equity });
    const { rows } = await pool.query(
      'SELECT reason, actor, was_halted, peak_before, peak_after, mark_time FROM dw.risk_resets',
    );
    expect(rows).toEqual([
      {
        reason: 'looked into it',
        actor: 'ada',
        was_halted: true,
        peak_before: peak,
        peak_after: equity,
        mark_time: live[3]!.time + SLOT,
      },
    ]);
    await expect(pool.query('DELETE FROM dw.risk_resets')).rejects.toThrow('append-only');
    await insert(database, live[3]!, { signal: 'long', confidence: 0.9 });
    await take(database, on, live[4]!);
    expect((await bookOf(database)).position?.side).toBe('long');
    expect(await alerts()).toEqual(['RISK_DRAWDOWN', 'RISK_RESET']);
  });
});
