import { beforeEach, describe, expect, it } from 'vitest';
import { commitBatch, type BatchedPart } from '../../src/stores/postgres/batch.js';
import { commitPart, type PartCommit } from '../../src/stores/postgres/decisions.js';
import { storeProvenance } from '../../src/stores/postgres/provenance.js';
import { createRun, deleteRun, finishRun, readRun } from '../../src/stores/postgres/runs.js';
import { loadStates, seedState } from '../../src/stores/postgres/state.js';
import { registerStrategy } from '../../src/stores/postgres/strategies.js';
import { testDatabase, type TestDatabase } from '../postgres.js';
import { BAR, book, closed, opened, part, position, signal, silence, START } from './parts.js';

let db: TestDatabase;
let strategyId: number;
let provenanceId: number;

beforeEach(async () => {
  db = await testDatabase({ world: 'simulated' });
  strategyId = (
    await registerStrategy(db.pool, {
      code: 'ML_XGB',
      name: 'XGBoost',
      type: 'ML',
      package: '@signalbox/strategy-ml-xgb',
    })
  ).id;
  provenanceId = await storeProvenance(db.pool, {
    pluginVersion: '0.1.0',
    featureNames: ['log_ret_5m', 'rsi_9'],
    featureHashes: { log_ret_5m: 'a', rsi_9: 'b' },
    modelSha256: 'c'.repeat(64),
    calendarVersion: '2026.1',
  });
});

const commit = (over: Partial<PartCommit> & Pick<PartCommit, 'part'>): PartCommit => ({
  mode: 'live',
  strategyId,
  symbol: 'USD/COP',
  features: Float64Array.of(0.1 + 0.2, NaN),
  provenanceId,
  ...over,
});
const rows = async (table: string, columns = '*'): Promise<Record<string, unknown>[]> =>
  (await db.pool.query<Record<string, unknown>>(`SELECT ${columns} FROM dw.${table} ORDER BY 1`)).rows;
const everything = async (): Promise<unknown> => ({
  signals: await rows(
    'fact_strategy_signals',
    'bar_time, timestamp_utc, signal, side, confidence, size, entry_price, stop_loss, take_profit, risk_usd, reasoning, not_traded, score, round_trip_cost_bps, breakeven_hit_rate, features, provenance_id, simulated, origin',
  ),
  none: await rows('fact_no_signal', 'bar_time, timestamp_utc, code, detail, simulated'),
  positions: await rows(
    'fact_strategy_positions',
    'entry_time, side, quantity, entry_price, exit_price, exit_time, status, realized_pnl, unrealized_pnl, fees, close_reason, signal_bar_time, entry_bar_time, exit_bar_time, size, stop_loss, take_profit, simulated',
  ),
  equity: await rows(
    'fact_equity_curve',
    'bar_time, timestamp_utc, equity_value, unrealized_pnl, return_since_start_pct, current_drawdown_pct, simulated',
  ),
  performance: await rows('fact_strategy_performance', 'date_cot, daily_return_pct, sharpe_ratio, n_trades, win_rate'),
  alerts: await rows('alerts', 'code, severity, message, timestamp_utc'),
  state: await rows('strategy_state', 'bar_time, book, plugin'),
});

/** Six bars: signal, refusal, open, marked, close, silence. */
const story = (): BatchedPart[] => {
  const t = (i: number): number => START + i * BAR;
  const held = { ...position(t(2)), unrealizedPnl: -2.5 };
  return [
    part(t(0)),
    part(t(1), { refused: { signalBarTime: t(0), reason: 'beyond_stop' } }),
    part(t(2), {
      fills: [opened(t(2))],
      position: held,
      mark: { equity: 9_996.4, unrealizedPnl: -2.5, returnSinceStartPct: -0.036, currentDrawdownPct: 0.036 },
    }),
    part(t(3), {
      position: held,
      mark: { equity: 9_999.9, unrealizedPnl: 1, returnSinceStartPct: -0.001, currentDrawdownPct: 0.001 },
      outcome: signal(t(3), {
        signal: 'close',
        side: 'sell',
        confidence: null,
        size: null,
        stopLoss: null,
        takeProfit: null,
        riskUsd: null,
        score: null,
        roundTripCostBps: null,
        breakevenHitRate: null,
      }),
    }),
    part(t(4), {
      fills: [closed(t(2), t(4))],
      alerts: [{ code: 'RISK_PAUSE', severity: 'warning', message: 'three losing trades in a row' }],
    }),
    part(t(5), { outcome: silence(t(5)), book: book({ cash: 10_000.49, lastBarTime: t(5) }) }),
  ].map((p, i) => ({
    strategyId,
    part: p,
    features: i === 5 ? null : Float64Array.of(0.1 + 0.2, NaN),
    provenanceId,
    plugin: { bars: i },
    ...(i === 5
      ? {
          performance: [
            {
              date: '2025-01-02',
              dailyReturnPct: 0.0049,
              sharpeRatio: null,
              sortinoRatio: null,
              maxDrawdownPct: 0.036,
              trades: 1,
              winRate: 1,
            },
          ],
        }
      : {}),
  }));
};

describe('one transaction per strategy, symbol and bar', () => {
  it('stores signal, vector, book, equity and events of one bar together', async () => {
    expect(await commitPart(db.pool, commit({ part: part(START), plugin: { seen: 3 } }))).toEqual({
      status: 'committed',
      signalId: 1,
    });
    expect(await everything()).toMatchObject({
      signals: [
        {
          bar_time: START,
          timestamp_utc: START + BAR,
          entry_price: 4250.123456,
          confidence: 0.72,
          score: 0.31,
          features: [0.1 + 0.2, null],
          reasoning: 'p(long) .72\twith a tab, a \\ and\na line',
          simulated: true,
          origin: 'plugin',
          not_traded: null,
        },
      ],
      equity: [{ equity_value: 10_000.5, timestamp_utc: START + BAR }],
      state: [{ bar_time: START, book: book({ lastBarTime: START }), plugin: { seen: 3 } }],
    });
    expect(await rows('events', 'type')).toEqual([{ type: 'signal_update' }]);
  });

  it('whatever is retried, a bar is stored once: in a row, at once, and after a later bar', async () => {
    const once = commit({ part: part(START) });
    const answers = await Promise.all([
      commitPart(db.pool, once),
      commitPart(db.pool, once),
      commitPart(db.pool, once),
    ]);
    expect(answers.map((a) => a.status).sort()).toEqual(['committed', 'repeated', 'repeated']);
    await commitPart(db.pool, commit({ part: part(START + BAR) }));
    const before = await everything();
    // a retry that came to another answer is a repeat too
    expect(await commitPart(db.pool, commit({ part: part(START, { outcome: silence(START) }) }))).toEqual({
      status: 'repeated',
      signalId: null,
    });
    expect(await everything()).toEqual(before);
    expect(await rows('events', 'type')).toHaveLength(2);
  });

  it('all or nothing: a part that fails in the middle leaves the bar undone', async () => {
    await commitPart(db.pool, commit({ part: part(START) }));
    const before = await everything();
    const bad = part(START + BAR, { fills: [closed(START, START + BAR)] }); // closes what is not open
    await expect(commitPart(db.pool, commit({ part: bad }))).rejects.toMatchObject({ code: 'INTERNAL' });
    const wrong = part(START + BAR, { outcome: signal(START + BAR, { confidence: 1.5 }) });
    await expect(commitPart(db.pool, commit({ part: wrong }))).rejects.toMatchObject({ code: '23514' });
    expect(await everything()).toEqual(before);
    expect(await commitPart(db.pool, commit({ part: part(START + BAR) }))).toMatchObject({ status: 'committed' });
  });

  it('prices of flat and close are null; fills open and close one position with both fees; a refusal marks its signal', async () => {
    for (const step of story()) await commitPart(db.pool, commit(step));
    expect(await everything()).toMatchObject({
      signals: [
        { not_traded: 'beyond_stop' },
        { not_traded: null },
        {},
        { signal: 'close', entry_price: null, confidence: null },
        {},
      ],
      none: [{ bar_time: START + 5 * BAR, code: 'warming_up', detail: 'warming up: adx_14', simulated: true }],
      positions: [
        {
          status: 'closed',
          quantity: 1100.5,
          entry_price: 4251,
          exit_price: 4261.5,
          realized_pnl: 2.71,
          unrealized_pnl: 0,
          fees: 2.22,
          close_reason: 'signal',
          entry_time: START + 2 * BAR,
          exit_time: START + 4 * BAR,
          signal_bar_time: START + BAR,
          entry_bar_time: START + 2 * BAR,
          exit_bar_time: START + 4 * BAR,
        },
      ],
      performance: [{ date_cot: '2025-01-02', daily_return_pct: 0.0049, sharpe_ratio: null, n_trades: 1, win_rate: 1 }],
      alerts: [{ code: 'RISK_PAUSE', severity: 'warning', timestamp_utc: START + 5 * BAR }],
      state: [{ bar_time: START + 5 * BAR, plugin: { bars: 5 } }],
    });
    expect(
      (await db.pool.query('SELECT type FROM dw.events ORDER BY id')).rows.map((row: { type: string }) => row.type),
    ).toEqual([
      'signal_update',
      'signal_update',
      'position_change',
      'signal_update',
      'signal_update',
      'position_change',
      'alert',
      'signal_update',
    ]);
  });

  it('what the pipeline changes after the call does not reach the commit', async () => {
    const features = Float64Array.of(1, 2);
    const own = part(START);
    const writing = commitPart(db.pool, commit({ part: own, features }));
    features.fill(9);
    own.book.cash = -1;
    await writing;
    expect(await everything()).toMatchObject({ signals: [{ features: [1, 2] }], state: [{ book: { cash: 10_000 } }] });
  });

  it('an unwatched session writes its facts and no events', async () => {
    await commitPart(db.pool, commit({ part: part(START), mode: 'unwatched' }));
    expect(await rows('fact_strategy_signals', 'mode')).toEqual([{ mode: 'unwatched' }]);
    expect(await rows('events')).toEqual([]);
  });

  it('a restart goes on from the stored book, to the bit', async () => {
    const odd = book({ cash: 10_000.07, equity: 1e21, peak: 0.1 + 0.2, position: position(START), pauseUntil: START });
    await commitPart(db.pool, commit({ part: part(START, { book: odd }), plugin: [1, null, 'x'] }));
    const state = (await loadStates(db.pool, 'live', 'USD/COP')).get('ML_XGB');
    expect(state).toEqual({ strategyId, code: 'ML_XGB', barTime: START, book: odd, plugin: [1, null, 'x'] });
  });

  it('older bars than the activation are no catch-up', async () => {
    const start = { runId: 'live', strategyId, symbol: 'USD/COP', barTime: START, book: book() };
    expect(await seedState(db.pool, start)).toBe(true);
    expect(await seedState(db.pool, { ...start, barTime: START + BAR })).toBe(false);
    expect(await commitPart(db.pool, commit({ part: part(START) }))).toMatchObject({ status: 'repeated' });
    expect(await commitPart(db.pool, commit({ part: part(START + BAR) }))).toMatchObject({ status: 'committed' });
  });
});

describe('batches', () => {
  const of = { runId: 'live', mode: 'unwatched', symbol: 'USD/COP' } as const;

  it.each([[6], [1], [2], [3], [4], [5]])(
    'parts in batches of %i leave what parts one by one leave, without events',
    async (size) => {
      for (const step of story()) await commitPart(db.pool, commit({ ...step, mode: 'unwatched' }));
      const oneByOne = await everything();
      await db.drop();
      db = await testDatabase({ world: 'simulated' });
      await registerStrategy(db.pool, { code: 'ML_XGB', name: 'XGBoost', type: 'ML' });
      await storeProvenance(db.pool, {
        pluginVersion: null,
        featureNames: [],
        featureHashes: {},
        modelSha256: null,
        calendarVersion: null,
      });
      const steps = story();
      for (let i = 0; i < steps.length; i += size) await commitBatch(db.pool, of, steps.slice(i, i + size));
      expect(await everything()).toEqual(oneByOne);
      expect(await rows('events')).toEqual([]);
    },
  );

  it('a repeated batch, or one that overlaps, writes only what is new', async () => {
    expect(await commitBatch(db.pool, of, story().slice(0, 4))).toBe(4);
    expect(await commitBatch(db.pool, of, story())).toBe(2);
    const before = await everything();
    expect(await commitBatch(db.pool, of, story())).toBe(0);
    expect(await everything()).toEqual(before);
  });

  it('what the pipeline changes after the call does not reach the batch', async () => {
    const steps = story().slice(0, 1);
    const writing = commitBatch(db.pool, of, steps);
    steps[0]!.part.book.cash = -1;
    await writing;
    expect(await rows('strategy_state', 'book')).toMatchObject([{ book: { cash: 10_000 } }]);
  });

  it('a backtest is a run of its own beside live, and goes away whole', async () => {
    await commitPart(db.pool, commit({ part: part(START) }));
    await createRun(db.pool, {
      id: 'bt1',
      symbol: 'USD/COP',
      from: START,
      to: START + 5 * BAR,
      strategies: ['ML_XGB'],
    });
    await commitBatch(db.pool, { ...of, runId: 'bt1', mode: 'backtest' }, story());
    await finishRun(db.pool, 'bt1', 'done', { bars: 6 });
    expect(await readRun(db.pool, 'bt1')).toMatchObject({
      state: 'done',
      progress: 1,
      result: { bars: 6 },
      from: START,
    });
    expect(await rows('fact_strategy_signals', 'signal_id, run_id')).toHaveLength(6);
    expect(await deleteRun(db.pool, 'live')).toBe(false);
    expect(await deleteRun(db.pool, 'bt1')).toBe(true);
    for (const table of [
      'fact_strategy_signals',
      'fact_no_signal',
      'fact_strategy_positions',
      'fact_equity_curve',
      'fact_strategy_performance',
      'strategy_state',
      'alerts',
    ])
      expect((await rows(table, 'run_id')).every((row) => row['run_id'] === 'live')).toBe(true);
    expect(await rows('fact_strategy_signals', 'signal_id')).toHaveLength(1);
  });
});
