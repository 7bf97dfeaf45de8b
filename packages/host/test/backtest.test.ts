import {
  createCalendar,
  defineStrategy,
  DEFAULT_RULES,
  openBook,
  openMarket,
  step,
  USD_COP,
  USDCOP_CALENDAR,
  type AnyStrategy,
  type Opinion,
  type Part,
} from '@signalbox/core';
import { createSimulator } from '@signalbox/core/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { runBacktest, type BacktestOptions } from '../src/inference/backtest.js';
import { openPlan } from '../src/inference/plan.js';
import { discardAbandonedRuns } from '../src/inference/run-claim.js';
import { MACRO_NAMES } from '../src/ingest/macro-columns.js';
import type { Discovery } from '../src/plugins/discover.js';
import { storeBars } from '../src/stores/postgres/bars.js';
import { storeMacro } from '../src/stores/postgres/macro.js';
import { createRun, readRun } from '../src/stores/postgres/runs.js';
import { testDatabase, type TestDatabase } from './postgres.js';

const calendar = createCalendar(USDCOP_CALENDAR);
const plan = openPlan(USD_COP, null);
const sessions = createSimulator({ seed: 11, calendar, edge: 0.3, firstSession: '2024-01-02' }).sessions(40);
const bars = sessions.flatMap((session) => session.bars);
const FROM = sessions[15]!.date;

const rule = (features: { readonly rsi_9: number }): Opinion =>
  features.rsi_9 > 0.6
    ? { signal: 'short', confidence: 0.9, reasoning: `rsi ${features.rsi_9}` }
    : features.rsi_9 < 0.4
      ? { signal: 'long', confidence: 0.8, reasoning: `rsi ${features.rsi_9}` }
      : { signal: 'close', reasoning: 'in between' };
const definition = (code: string, answer: (features: { readonly rsi_9: number }) => Opinion): AnyStrategy =>
  defineStrategy({
    code,
    name: code,
    type: 'ML',
    apiVersion: 1,
    features: ['rsi_9'],
    config: { type: 'object', properties: {}, additionalProperties: false },
    create: () => ({ onBar: ({ features }) => answer(features) }),
  });
const installed = (strategy: AnyStrategy): Discovery => ({
  package: `test-${strategy.code.toLowerCase()}`,
  strategy: {
    package: `test-${strategy.code.toLowerCase()}`,
    version: '1.0.0',
    folder: '/',
    definition: strategy,
    models: {},
  },
});
const RULE = definition('RULE', rule);
const FLAT = definition('FLAT', () => ({ signal: 'flat', reasoning: 'nothing to say' }));

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase({ world: 'simulated' });
  await storeBars(
    db.pool,
    bars.map((bar) => ({ ...bar, symbol: 'USD/COP', source: 'simulated' })),
  );
  const macro = sessions.flatMap((session) => session.macro);
  await storeMacro(
    db.pool,
    MACRO_NAMES,
    macro.map(({ date, values }) => ({ date, values: MACRO_NAMES.map((name) => values[name] ?? null) })),
    'simulated',
  );
});
const options = (more: Partial<BacktestOptions> = {}): BacktestOptions => ({
  pool: db.pool,
  world: 'simulated',
  plan,
  discovered: [installed(RULE), installed(FLAT)],
  allowSimulatedModels: true,
  beginnings: {},
  now: Date.UTC(2025, 0, 1),
  ...more,
});
const FACTS = [
  'fact_strategy_signals',
  'fact_no_signal',
  'fact_strategy_positions',
  'fact_equity_curve',
  'fact_strategy_performance',
  'strategy_state',
  'alerts',
];
async function rowsOf(runId: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of FACTS) {
    counts[table] = (
      await db.pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM dw.${table} WHERE run_id = $1`, [runId])
    ).rows[0]!.n;
  }
  return counts;
}

/** The same bars through `step`, written down by hand: what the run must have stored. */
function byHand(from: number): Part[] {
  const series = plan.series();
  for (const { date, values } of sessions.flatMap((session) => session.macro)) {
    for (const name of series.names) if (values[name] !== undefined) series.add(name, date, values[name]);
  }
  const index = plan.features.names.indexOf('rsi_9');
  const seat = {
    code: 'RULE',
    type: 'ML',
    features: ['rsi_9'],
    columns: Int32Array.of(index),
    acceptsMissing: Uint8Array.of(0),
    members: [],
    confidenceFloor: 0.5,
    vector: new Float64Array(1),
  } as const;
  const state = { market: openMarket(plan.features, series, calendar), books: new Map([['RULE', openBook(10_000)]]) };
  const silent = { market: state.market, books: new Map() };
  return bars.flatMap((bar) => {
    const asked = bar.time >= from;
    const { parts } = step(
      { instrument: USD_COP, calendar, rules: DEFAULT_RULES, seats: asked ? [seat] : [] },
      asked ? state : silent,
      bar,
      (_, view) => rule(view.features as unknown as { rsi_9: number }),
    );
    return parts.map((part) => structuredClone(part as Part));
  });
}

describe('a backtest', () => {
  it('stores what the step says of each bar of the window, in a run of its own, without an event', async () => {
    const report = await runBacktest(options({ from: FROM, name: 'first' }));
    expect(report.runId).toMatch(/^bt-\d{8}-\d{6}-[0-9a-f]{4}$/);
    expect(report).toMatchObject({ warmed: 15 * 60, bars: 25 * 60, name: 'first' });
    expect(await readRun(db.pool, report.runId)).toMatchObject({
      kind: 'backtest',
      state: 'done',
      progress: 1,
      symbol: 'USD/COP',
    });

    const expected = byHand(calendar.sessionOpen(FROM)!);
    expect(
      expected.some((part) => part.fills.length > 0),
      'the rule trades',
    ).toBe(true);
    const id = (
      await db.pool.query<{ id: number }>(`SELECT strategy_id AS id FROM dw.dim_strategy WHERE strategy_code = 'RULE'`)
    ).rows[0]!.id;
    const equity = await db.pool.query<{ time: number; value: number; drawdown: number }>(
      `SELECT bar_time AS time, equity_value AS value, current_drawdown_pct AS drawdown FROM dw.fact_equity_curve WHERE run_id = $1 AND strategy_id = $2 ORDER BY 1`,
      [report.runId, id],
    );
    expect(equity.rows).toEqual(
      expected.map((part) => ({ time: part.barTime, value: part.mark.equity, drawdown: part.mark.currentDrawdownPct })),
    );
    const signals = await db.pool.query<{
      time: number;
      signal: string;
      confidence: number | null;
      features: number[];
    }>(
      `SELECT bar_time AS time, signal, confidence, features FROM dw.fact_strategy_signals WHERE run_id = $1 AND strategy_id = $2 ORDER BY 1`,
      [report.runId, id],
    );
    const said = expected.flatMap(({ outcome }) => (outcome.kind === 'signal' ? [outcome] : []));
    expect(signals.rows.map(({ time, signal, confidence }) => ({ time, signal, confidence }))).toEqual(
      said.map((one) => ({ time: one.barTime, signal: one.signal, confidence: one.confidence })),
    );
    expect(
      signals.rows.every((row) => row.features.length === 1),
      'each signal keeps its own vector',
    ).toBe(true);
    expect(new Set(signals.rows.map((row) => row.features[0])).size).toBeGreaterThan(said.length / 2);
    expect((await db.pool.query('SELECT 1 FROM dw.events WHERE type <> $1', ['price_update'])).rowCount).toBe(0);
    expect(await rowsOf('live')).toEqual(Object.fromEntries(FACTS.map((table) => [table, 0])));
  });

  it('its figures follow from the stored rows, by formulas of another hand', async () => {
    const report = await runBacktest(options({ from: FROM }));
    const result = report.strategies.find((one) => one.strategy === 'RULE')!;
    const { rows: days } = await db.pool.query<{ value: number }>(
      `SELECT DISTINCT ON ((bar_time AT TIME ZONE 'America/Bogota')::date) e.equity_value AS value
       FROM dw.fact_equity_curve e JOIN dw.dim_strategy USING (strategy_id)
       WHERE run_id = $1 AND strategy_code = 'RULE' ORDER BY (bar_time AT TIME ZONE 'America/Bogota')::date, bar_time DESC`,
      [report.runId],
    );
    const closes = [10_000, ...days.map((day) => day.value)];
    const returns = closes.slice(1).map((close, i) => close / closes[i]! - 1);
    const mean = returns.reduce((a, b) => a + b) / returns.length;
    const sd = Math.sqrt(returns.reduce((a, b) => a + (b - mean) * (b - mean), 0) / (returns.length - 1));
    expect(result.n).toBe(25);
    expect(result.sharpe_ratio).toBeCloseTo((mean / sd) * Math.sqrt(245), 9);
    expect(result.sharpe_standard_error).toBeCloseTo(Math.sqrt((245 + result.sharpe_ratio! ** 2 / 2) / 25), 9);
    const { rows } = await db.pool.query<{ trades: number; fees: number; net: number; won: number; lost: number }>(
      `SELECT count(*)::int AS trades, sum(fees)::float8 AS fees, sum(realized_pnl - fees)::float8 AS net,
         count(*) FILTER (WHERE realized_pnl > fees)::int AS won, count(*) FILTER (WHERE realized_pnl < fees)::int AS lost
       FROM dw.fact_strategy_positions JOIN dw.dim_strategy USING (strategy_id) WHERE run_id = $1 AND strategy_code = 'RULE' AND status = 'closed'`,
      [report.runId],
    );
    expect(result.total_trades).toBe(rows[0]!.trades);
    expect(result.total_trades).toBeGreaterThan(5);
    expect(result.total_fees).toBeCloseTo(rows[0]!.fees, 9);
    expect(result.net_profit).toBeCloseTo(rows[0]!.net, 9);
    expect(result.win_rate).toBeCloseTo(rows[0]!.won / (rows[0]!.won + rows[0]!.lost), 12);
    expect(result.final_equity).toBeCloseTo(10_000 + rows[0]!.net, 9);
    const { rows: daily } = await db.pool.query<{ date: string; r: number; sharpe: number | null }>(
      `SELECT date_cot AS date, daily_return_pct AS r, sharpe_ratio AS sharpe FROM dw.fact_strategy_performance JOIN dw.dim_strategy USING (strategy_id)
       WHERE run_id = $1 AND strategy_code = 'RULE' ORDER BY 1`,
      [report.runId],
    );
    expect(daily.map((day) => day.date)).toEqual(sessions.slice(15).map((session) => session.date));
    daily.forEach((day, i) => expect(day.r).toBeCloseTo(returns[i]! * 100, 4));
    expect(daily[8]!.sharpe, 'no ratio under 10 returns').toBeNull();
    expect(daily.at(-1)!.sharpe).toBeCloseTo(result.sharpe_ratio!, 3);
  });

  it('the same window gives the same rows again', async () => {
    const digest = async (runId: string): Promise<string> =>
      (
        await db.pool.query<{ md5: string }>(
          `SELECT md5(string_agg(format('%s %s %s %s', strategy_id, bar_time, equity_value, unrealized_pnl), ',' ORDER BY strategy_id, bar_time)) AS md5
           FROM dw.fact_equity_curve WHERE run_id = $1`,
          [runId],
        )
      ).rows[0]!.md5;
    const [one, two] = [await runBacktest(options()), await runBacktest(options())];
    expect(one.runId).not.toBe(two.runId);
    expect(await digest(one.runId)).toBe(await digest(two.runId));
  });

  it('asks only the chosen strategies, and names one that does not exist', async () => {
    const report = await runBacktest(options({ from: FROM, strategies: ['FLAT'] }));
    expect(report.strategies.map((one) => one.strategy)).toEqual(['FLAT']);
    expect(report.strategies[0]).toMatchObject({
      total_trades: 0,
      sharpe_ratio: null,
      total_return_pct: 0,
      win_rate: null,
    });
    await expect(runBacktest(options({ strategies: ['NOPE'] }))).rejects.toThrowError(
      expect.objectContaining({ code: 'STRATEGY_UNKNOWN', message: expect.stringContaining('NOPE') }),
    );
    await expect(runBacktest(options({ from: '2030-01-01' }))).rejects.toThrowError(
      expect.objectContaining({ code: 'INPUT_NOT_FOUND' }),
    );
    await expect(runBacktest(options({ from: '2024-02-02', to: '2024-02-01' }))).rejects.toThrowError(
      expect.objectContaining({ code: 'PARAMETER_INVALID' }),
    );
  });

  const newestRun = async () =>
    (
      await db.pool.query<{ id: string; state: string }>(
        'SELECT run_id AS id, state FROM dw.runs ORDER BY created_at DESC LIMIT 1',
      )
    ).rows[0]!;
  const NOTHING = Object.fromEntries(FACTS.map((table) => [table, 0]));

  it('cancelled or failed: its rows are gone and the run says so', async () => {
    const stop = new AbortController();
    let written: Promise<Record<string, number>> | undefined;
    const cancelled = runBacktest(
      options({
        signal: stop.signal,
        batch: 200,
        onProgress(done) {
          if (done === 1000) written = newestRun().then(({ id }) => rowsOf(id));
          if (done === 2000) stop.abort();
        },
      }),
    );
    await expect(cancelled).rejects.toThrowError(expect.objectContaining({ name: 'AbortError' }));
    expect((await written)!['fact_equity_curve'], 'batches were committed before').toBeGreaterThan(0);
    expect((await newestRun()).state).toBe('cancelled');
    expect(await rowsOf((await newestRun()).id)).toEqual(NOTHING);

    // a row that the database refuses: the last batches fail after the others are committed
    await db.pool.query(
      `ALTER TABLE dw.fact_equity_curve ADD CONSTRAINT test_fails CHECK (run_id = 'live' OR bar_time < '${new Date(bars.at(-30)!.time).toISOString()}') NOT VALID`,
    );
    await expect(runBacktest(options({ batch: 200 }))).rejects.toThrowError(/test_fails/);
    await db.pool.query('ALTER TABLE dw.fact_equity_curve DROP CONSTRAINT test_fails');
    expect((await newestRun()).state).toBe('failed');
    expect(await rowsOf((await newestRun()).id)).toEqual(NOTHING);
  });

  it('the next one discards a run whose process is gone, and leaves one alone that goes on', async () => {
    const run = { symbol: 'USD/COP', from: bars[0]!.time, to: bars.at(-1)!.time, strategies: ['RULE'] };
    await createRun(db.pool, { ...run, id: 'bt-gone' });
    let going: string | undefined;
    await runBacktest(
      options({
        onProgress: (done) => {
          if (done === 1000) going = 'seen';
        },
      }),
    );
    expect(going).toBe('seen');
    expect(await readRun(db.pool, 'bt-gone')).toMatchObject({ state: 'failed' });
    let while_: Promise<number> | undefined;
    const report = await runBacktest(
      options({ onProgress: (done) => (done === 1000 ? (while_ = discardAbandonedRuns(db.pool)) : undefined) }),
    );
    expect(await while_).toBe(0);
    expect(await readRun(db.pool, report.runId)).toMatchObject({ state: 'done' });
  });
});
