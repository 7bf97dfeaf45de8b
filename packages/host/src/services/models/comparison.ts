import { Type } from '@sinclair/typebox';
import { maxDrawdownPct, ratios, tradeStatistics, type Calendar } from '@signalbox/core';
import type { ClosedTradeRow } from '../../stores/postgres/reads/positions.js';
import type { StrategyRow } from '../../stores/postgres/reads/strategies.js';
import type { ServiceDependencies } from '../dependencies.js';
import { figure, returnPct } from '../figures.js';
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
  cache: 'seq',
  cost: 'heavy',
  passing: ['start_date', 'end_date'],
  async handler({ query }, deps) {
    const scope = await scopeOf(query.run, deps);
    const strategies = chosen(await deps.reads.strategiesOf(scope.run), query.strategies);
    const ids = strategies.map((each) => each.id);
    const first = (await deps.reads.firstEquityBar(scope.run.id, deps.instruments[0].symbol)) ?? scope.end;
    const start = query.period === 'all' ? Math.min(first, scope.end) : scope.end - SPAN[query.period];
    // `all` has nothing before it: its base is the initial equity
    const window = windowOf(query.period === 'all' ? -Infinity : start, first, scope, deps);
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
