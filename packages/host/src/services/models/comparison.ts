import { Type } from '@sinclair/typebox';
import { maxDrawdownPct, ratios, tradeStatistics } from '@signalbox/core';
import type { ClosedTradeRow } from '../../stores/postgres/reads/positions.js';
import type { StrategyRow } from '../../stores/postgres/reads/strategies.js';
import type { ServiceDependencies } from '../dependencies.js';
import { accountOf, chosen, iso, scopeOf, type Scope } from '../respond.js';
import { route } from '../route.js';
import { Choice, CodeList, Query, RunId } from '../schemas.js';
import { COMPARISON_PERIODS, PerformanceComparison } from './schemas.js';

const HOUR = 3_600_000;
const SPAN = { '24h': 24 * HOUR, '7d': 7 * 24 * HOUR, '30d': 30 * 24 * HOUR };

export const performanceComparison = route({
  path: '/api/models/performance/comparison',
  summary: 'Performance of the strategies side by side',
  description:
    'From stored equity and closed positions only. Ratios come from the returns of the sessions completed in the window, ' +
    'flat ones included; its base is the last session close before it, else the initial equity. A figure that cannot be ' +
    'known is null.',
  query: Query({
    period: Choice(COMPARISON_PERIODS, { default: '30d', description: 'The window, ending at market time now' }),
    strategies: Type.Optional(CodeList),
    run: RunId,
  }),
  response: PerformanceComparison,
  errors: [404],
  async handler({ query }, deps) {
    const scope = await scopeOf(query.run, deps);
    const strategies = chosen(await deps.reads.strategiesOf(scope.run), query.strategies);
    const ids = strategies.map((each) => each.id);
    const first = (await deps.reads.firstEquityBar(scope.run.id)) ?? scope.end;
    const start = query.period === 'all' ? Math.min(first, scope.end) : scope.end - SPAN[query.period];
    // `all` has nothing before it: its base is the initial equity
    const window: Window = {
      from: query.period === 'all' ? -Infinity : start,
      sessions: sessionsOf(first, scope, deps),
    };
    const [trades, open] = await Promise.all([
      deps.reads.closedTrades(scope.run.id, ids, window.from, scope.end),
      deps.reads.openCounts(scope.run.id, ids),
    ]);
    return {
      period: query.period,
      start_date: iso(start),
      end_date: iso(scope.end),
      strategies: await Promise.all(
        strategies.map(async (strategy) => ({
          strategy_code: strategy.code,
          strategy_name: strategy.name,
          strategy_type: strategy.type,
          ...(await performanceOf(strategy, window, trades, open.get(strategy.id) ?? 0, scope, deps)),
        })),
      ),
      run_id: scope.run.id,
      simulated: scope.simulated,
    };
  },
});

interface Window {
  readonly from: number;
  /** Every session that is over at the end of the window, since the first stored equity. */
  readonly sessions: readonly { readonly open: number; readonly close: number }[];
}

function sessionsOf(first: number, { end }: Scope, { calendar }: ServiceDependencies): Window['sessions'] {
  return calendar
    .sessionsBetween(calendar.sessionDate(first), calendar.sessionDate(end))
    .map((date) => ({ open: calendar.sessionOpen(date)!, close: calendar.sessionClose(date)! }))
    .filter((session) => session.close <= end);
}

async function performanceOf(
  strategy: StrategyRow,
  { from, sessions }: Window,
  allTrades: readonly ClosedTradeRow[],
  openPositions: number,
  scope: Scope,
  deps: ServiceDependencies,
) {
  const account = accountOf(scope, strategy, deps);
  const [closes, values, last] = await Promise.all([
    deps.reads.sessionCloses(account, sessions),
    deps.reads.equityValues(account, from, scope.end),
    deps.reads.lastEquity(account, scope.end),
  ]);
  const base = closes.findLast((each) => each.close <= from)?.equity ?? strategy.initialEquity;
  const inWindow = closes.filter((each) => each.close > from).map((each) => each.equity);
  const equity = last?.equity ?? strategy.initialEquity;
  const drawdown = values.length === 0 ? null : maxDrawdownPct(base, values);
  const trades = tradeStatistics(allTrades.filter((trade) => trade.strategyId === strategy.id));
  const today = closes.at(-1);
  const yesterday = closes.at(-2)?.equity ?? strategy.initialEquity;
  const figures = ratios([base, ...inWindow], {
    periodsPerYear: deps.instruments[0].sessionsPerYear,
    maxDrawdownPct: drawdown,
  });
  return {
    // without a value in the window there is nothing to compare its base with
    total_return_pct: values.length === 0 ? null : (equity / base - 1) * 100,
    daily_return_pct: today ? (today.equity / yesterday - 1) * 100 : null,
    sharpe_ratio: figures.sharpe_ratio,
    sortino_ratio: figures.sortino_ratio,
    calmar_ratio: figures.calmar_ratio,
    total_trades: trades.n_trades,
    win_rate: trades.win_rate,
    profit_factor: trades.profit_factor,
    max_drawdown_pct: drawdown,
    current_drawdown_pct: last?.drawdownPct ?? null,
    volatility_pct: figures.volatility_pct,
    avg_hold_time_minutes: trades.avg_hold_time_minutes,
    current_equity: equity,
    open_positions: openPositions,
    n: figures.n,
    periods_per_year: figures.periods_per_year,
    sharpe_standard_error: figures.sharpe_standard_error,
  };
}
