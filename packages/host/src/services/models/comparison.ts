import { Type } from '@sinclair/typebox';
import { ratios, tradeStatistics } from '@signalbox/core';
import type { ServiceDependencies } from '../dependencies.js';
import { chosen, iso, scopeOf, type Scope } from '../respond.js';
import { route } from '../route.js';
import { Choice, CodeList, Query, RunId } from '../schemas.js';
import type { StrategyRow } from '../../stores/postgres/reads/strategies.js';
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
    const strategies = chosen(await deps.reads.strategiesOf(scope.run.id), query.strategies);
    const first = await deps.reads.firstEquityTime(scope.run.id);
    const start = query.period === 'all' ? Math.min(first ?? scope.end, scope.end) : scope.end - SPAN[query.period];
    const from = query.period === 'all' ? Number.NEGATIVE_INFINITY : start;
    return {
      period: query.period,
      start_date: iso(start),
      end_date: iso(scope.end),
      strategies: await Promise.all(strategies.map((strategy) => row(strategy, from, scope, deps))),
      run_id: scope.run.id,
      simulated: scope.simulated,
    };
  },
});

/** One strategy over the window (`from`, end]; `from` −Infinity is everything. */
async function row(
  strategy: StrategyRow,
  from: number,
  scope: Scope,
  { reads, calendar, instruments }: ServiceDependencies,
) {
  const [closes, drawdowns, trades, last, open] = await Promise.all([
    reads.sessionCloses(scope.run.id, strategy.id, scope.end),
    reads.equityPath(scope.run.id, strategy.id, from, scope.end),
    reads.closedTrades(scope.run.id, strategy.id, from, scope.end),
    reads.lastEquity(scope.run.id, strategy.id, scope.end),
    reads.openCount(scope.run.id, strategy.id, scope.end),
  ]);
  const initial = strategy.initialEquity;
  const completed = closes.filter((each) => each.close <= scope.end);
  const base = completed.findLast((each) => each.close <= from)?.equity ?? initial;
  const inWindow = completed.filter((each) => each.close > from);
  return {
    closes,
    drawdowns,
    trades,
    last,
    open,
    initial,
    base,
    inWindow,
    calendar,
    instruments,
    ratios,
    tradeStatistics,
  } as never;
}
