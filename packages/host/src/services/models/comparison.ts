import { Type, type Static } from '@sinclair/typebox';
import { maxDrawdownPct, ratios, tradeStatistics, type Calendar } from '@signalbox/core';
import type { ClosedTradeRow } from '../../stores/postgres/reads/positions.js';
import type { StrategyRow } from '../../stores/postgres/reads/strategies.js';
import type { ServiceDependencies } from '../dependencies.js';
import { figure, returnPct } from '../figures.js';
import { accountOf, chosen, iso, originOf, scopeOf, type Scope } from '../respond.js';
import { route } from '../route.js';
import { Choice, Code, CodeList, Query, RunId } from '../schemas.js';
import { BASELINE_WARM_UP, runBaselines, type BaselineRun } from './baselines.js';
import { COMPARISON_PERIODS, PerformanceComparison, PerformanceRow, StrategyMetrics } from './schemas.js';

const HOUR = 3_600_000;
const SPAN = { '24h': 24 * HOUR, '7d': 7 * 24 * HOUR, '30d': 30 * 24 * HOUR };

/** Five years of a 24×7 instrument. */
const MOST_BARS = 600_000;
const period = Choice(COMPARISON_PERIODS, { default: '30d', description: 'The window, ending at market time now' });

export const performanceComparison = route({
  path: '/api/models/performance/comparison',
  summary: 'Performance of the strategies side by side',
  description:
    'From stored equity and closed positions only. Ratios come from the returns of the sessions completed in the window, ' +
    'flat ones included; its base is the last session close before it, else the initial equity. A figure that cannot be ' +
    'known is null.',
  query: Query({
    period,
    strategies: Type.Optional(CodeList),
    baselines: Type.Boolean({
      default: false,
      description:
        'Adds flat, hold_long and random through the same book, begun with the window; random enters as often as the ' +
        'strategies did on average',
    }),
    run: RunId,
  }),
  response: PerformanceComparison,
  errors: [404],
  cache: 'seq',
  cost: 'heavy',
  passing: ['start_date', 'end_date'],
  async handler({ query }, deps) {
    const scope = await scopeOf(query.run, deps);
    const strategies = chosen(await deps.reads.strategiesOf(scope.run), query.strategies);
    const { start, window, rows } = await compared(query.period, strategies, scope, deps);
    return {
      period: query.period,
      start_date: iso(start),
      end_date: iso(scope.end),
      strategies: rows,
      ...(query.baselines ? { baselines: await baselineRows(window, strategies, rows, scope, deps) } : {}),
      run_id: scope.run.id,
      simulated: scope.simulated,
    };
  },
});

export const strategyMetrics = route({
  path: '/api/models/:code/metrics',
  summary: 'Performance of one strategy',
  description: 'Its row of `/api/models/performance/comparison`, with n and the standard error.',
  params: Type.Object({ code: Code }, { additionalProperties: false }),
  query: Query({ period, run: RunId }),
  response: StrategyMetrics,
  errors: [404],
  cache: 'seq',
  passing: ['start_date', 'end_date'],
  async handler({ params, query }, deps) {
    const scope = await scopeOf(query.run, deps);
    const strategies = chosen(await deps.reads.strategies(), params.code);
    const { start, rows } = await compared(query.period, strategies, scope, deps);
    return {
      ...rows[0]!,
      period: query.period,
      start_date: iso(start),
      end_date: iso(scope.end),
      run_id: scope.run.id,
      simulated: scope.simulated,
    };
  },
});

type Row = Static<typeof PerformanceRow>;

async function compared(
  period: (typeof COMPARISON_PERIODS)[number],
  strategies: readonly StrategyRow[],
  scope: Scope,
  deps: ServiceDependencies,
): Promise<{ start: number; window: Window; rows: Row[] }> {
  const ids = strategies.map((each) => each.id);
  const first = (await deps.reads.firstEquityBar(scope.run.id, deps.instruments[0].symbol)) ?? scope.end;
  const start = period === 'all' ? Math.min(first, scope.end) : scope.end - SPAN[period];
  // `all` has nothing before it: its base is the initial equity
  const window = windowOf(period === 'all' ? -Infinity : start, first, scope, deps);
  const [trades, open] = await Promise.all([
    deps.reads.closedTrades(scope.run.id, ids, window.from, scope.end),
    deps.reads.openCounts(scope.run.id, ids),
  ]);
  const rows = await Promise.all(
    strategies.map(async (strategy) => ({
      strategy_code: strategy.code,
      strategy_name: strategy.name,
      strategy_type: strategy.type,
      ...(await performanceOf(strategy, window, trades, open.get(strategy.id) ?? 0, scope, deps)),
      origin: originOf(strategy),
    })),
  );
  return { start, window, rows };
}

const BASELINE_NAMES = { flat: 'Always flat', hold_long: 'Hold long', random: 'Random, same turnover' };
/** Of the newest windows: every client that asks for one of them asks for the same. */
const ran = new Map<string, Promise<BaselineRun[]>>();
const KEPT_RUNS = 16;

/** Rows of the same form, from accounts of their own that begin with the window. */
async function baselineRows(
  { from, sessions }: Window,
  strategies: readonly StrategyRow[],
  rows: readonly Row[],
  scope: Scope,
  deps: ServiceDependencies,
): Promise<Row[]> {
  const [instrument] = deps.instruments;
  const { calendar } = deps;
  const initialEquity = strategies[0]?.initialEquity ?? 10_000;
  const turnover = Math.round(rows.reduce((sum, row) => sum + row.total_trades, 0) / Math.max(1, rows.length));
  const begin = Math.max(from, (await deps.reads.firstEquityBar(scope.run.id, instrument.symbol)) ?? scope.end);
  const [warm, bars] = await Promise.all([
    deps.reads.bars(instrument.symbol, -Infinity, begin - 1, BASELINE_WARM_UP),
    // a bar belongs to the window when it is complete in it
    deps.reads.bars(instrument.symbol, begin, scope.end - calendar.slotMs, MOST_BARS),
  ]);
  const key = JSON.stringify([
    deps.world,
    instrument.symbol,
    initialEquity,
    turnover,
    bars[0],
    bars.at(-1),
    bars.length,
  ]);
  let running = ran.get(key);
  if (!running) {
    const input = { instrument, calendar, bars: [...warm, ...bars], from: begin, initialEquity, turnover };
    running = runBaselines(input);
    running.catch(() => ran.delete(key));
    ran.set(key, running);
    if (ran.size > KEPT_RUNS) ran.delete(ran.keys().next().value!);
  }
  return (await running).map((run) => {
    const { marks } = run;
    const closes = sessions.flatMap(({ open, close }) => {
      const last = marks.findLast((mark) => mark.barTime >= open && mark.barTime < close);
      return last ? [last.equity] : [];
    });
    const drawdown =
      marks.length === 0
        ? null
        : maxDrawdownPct(
            initialEquity,
            marks.map((mark) => mark.equity),
          );
    const figures = ratios([initialEquity, ...closes], {
      periodsPerYear: instrument.sessionsPerYear,
      maxDrawdownPct: drawdown,
    });
    const trades = tradeStatistics(run.trades);
    const equity = marks.at(-1)?.equity ?? initialEquity;
    return {
      strategy_code: run.name,
      strategy_name: BASELINE_NAMES[run.name],
      strategy_type: 'BASELINE',
      total_return_pct: marks.length === 0 ? null : returnPct(initialEquity, equity),
      daily_return_pct: closes.length === 0 ? null : returnPct(closes.at(-2) ?? initialEquity, closes.at(-1)!),
      sharpe_ratio: figure(figures.sharpe_ratio),
      sortino_ratio: figure(figures.sortino_ratio),
      calmar_ratio: figure(figures.calmar_ratio),
      total_trades: trades.n_trades,
      win_rate: figure(trades.win_rate),
      profit_factor: figure(trades.profit_factor),
      max_drawdown_pct: drawdown,
      current_drawdown_pct: marks.at(-1)?.drawdownPct ?? null,
      volatility_pct: figure(figures.volatility_pct),
      avg_hold_time_minutes: figure(trades.avg_hold_time_minutes),
      current_equity: equity,
      open_positions: run.open,
      n: figures.n,
      periods_per_year: figures.periods_per_year,
      sharpe_standard_error: figure(figures.sharpe_standard_error),
      origin: 'baseline',
    };
  });
}

interface Window {
  readonly from: number;
  /** Sessions that end within the window. */
  readonly sessions: readonly { readonly open: number; readonly close: number }[];
  /** End of the last session before the window; null where nothing was stored before it. */
  readonly before: number | null;
  /** End of the last session that is over at the end of the window; null before the first one. */
  readonly last: number | null;
}

function windowOf(from: number, first: number, { end }: Scope, { calendar }: ServiceDependencies): Window {
  const sessions = calendar
    .sessionsBetween(calendar.sessionDate(Math.max(first, from)), calendar.sessionDate(end))
    .map((date) => ({ open: calendar.sessionOpen(date)!, close: calendar.sessionClose(date)! }))
    .filter((session) => session.close > from && session.close <= end);
  const before = from <= first ? null : lastCloseUpTo(from, calendar);
  return { from, sessions, before, last: sessions.at(-1)?.close ?? before };
}

/** End of the last session that is over at a time. */
function lastCloseUpTo(time: number, calendar: Calendar): number {
  const date = calendar.sessionDate(time);
  const today = calendar.sessionClose(date);
  if (today !== undefined && today <= time) return today;
  return calendar.sessionClose(calendar.previousSessionDay(date))!;
}

async function performanceOf(
  strategy: StrategyRow,
  { from, sessions, before, last }: Window,
  allTrades: readonly ClosedTradeRow[],
  openPositions: number,
  scope: Scope,
  deps: ServiceDependencies,
) {
  const account = accountOf(scope, strategy, deps);
  const equityAt = (time: number | null) => (time === null ? undefined : deps.reads.lastEquity(account, time));
  const [closes, values, now, earlier, close] = await Promise.all([
    deps.reads.sessionCloses(account, sessions),
    deps.reads.equityValues(account, from, scope.end),
    deps.reads.lastEquity(account, scope.end),
    equityAt(before),
    equityAt(last),
  ]);
  const base = earlier?.equity ?? strategy.initialEquity;
  const equity = now?.equity ?? strategy.initialEquity;
  const drawdown = values.length === 0 ? null : maxDrawdownPct(base, values);
  const trades = tradeStatistics(allTrades.filter((trade) => trade.strategyId === strategy.id));
  // of the last completed session that has bars, and what stood when it opened
  const opened = close && deps.calendar.sessionOpen(deps.calendar.sessionDate(close.barTime));
  const overnight = opened === undefined ? undefined : await deps.reads.lastEquity(account, opened);
  const figures = ratios([base, ...closes.map((each) => each.equity)], {
    periodsPerYear: deps.instruments[0].sessionsPerYear,
    maxDrawdownPct: drawdown,
  });
  return {
    // without a value in the window there is nothing to compare its base with
    total_return_pct: values.length === 0 ? null : returnPct(base, equity),
    daily_return_pct: close ? returnPct(overnight?.equity ?? strategy.initialEquity, close.equity) : null,
    sharpe_ratio: figure(figures.sharpe_ratio),
    sortino_ratio: figure(figures.sortino_ratio),
    calmar_ratio: figure(figures.calmar_ratio),
    total_trades: trades.n_trades,
    win_rate: figure(trades.win_rate),
    profit_factor: figure(trades.profit_factor),
    max_drawdown_pct: drawdown,
    current_drawdown_pct: now?.drawdownPct ?? null,
    volatility_pct: figure(figures.volatility_pct),
    avg_hold_time_minutes: figure(trades.avg_hold_time_minutes),
    current_equity: equity,
    open_positions: openPositions,
    n: figures.n,
    periods_per_year: figures.periods_per_year,
    sharpe_standard_error: figure(figures.sharpe_standard_error),
  };
}
