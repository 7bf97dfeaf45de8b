import { Type } from '@sinclair/typebox';
import { tradeStatistics } from '@signalbox/core';
import { figure, money } from '../figures.js';
import { chosen, originOf, scopeOf } from '../respond.js';
import { route } from '../route.js';
import { Choice, CodeList, Query, RunId } from '../schemas.js';
import { cents } from './positions.js';
import { PNL_PERIODS, PnlSummary } from './schemas.js';

const DATES = { today: 1, week: 7, month: 30 };
const DAY = 86_400_000;

export const pnlSummary = route({
  path: '/api/models/pnl/summary',
  summary: 'Profit and loss of closed positions',
  description:
    'By the date of the exit in the zone of the market; week and month are the last 7 and 30 dates, today included. Gross ' +
    'figures are before fees, wins, losses and means after them: net_profit = gross_profit − gross_loss − total_fees.',
  query: Query({
    period: Choice(PNL_PERIODS, { default: 'today' }),
    strategies: Type.Optional(CodeList),
    run: RunId,
  }),
  response: PnlSummary,
  errors: [404],
  cache: 'seq',
  async handler({ query }, deps) {
    const { reads, calendar } = deps;
    const scope = await scopeOf(query.run, deps);
    const strategies = chosen(await reads.strategiesOf(scope.run), query.strategies);
    const today = calendar.sessionDate(scope.end);
    const first =
      query.period === 'all'
        ? calendar.sessionDate(
            Math.min((await reads.firstEquityBar(scope.run.id, deps.instruments[0].symbol)) ?? scope.end, scope.end),
          )
        : new Date(Date.parse(today) - (DATES[query.period] - 1) * DAY).toISOString().slice(0, 10);
    const trades = await reads.tradesClosedFrom(
      scope.run.id,
      strategies.map((each) => each.id),
      query.period === 'all' ? null : first,
      calendar.zone,
      scope.end,
    );
    const rows = strategies.map((strategy) => {
      const { avg_hold_time_minutes: _, ...figures } = tradeStatistics(
        trades.filter((trade) => trade.strategyId === strategy.id),
      );
      return {
        strategy_code: strategy.code,
        strategy_name: strategy.name,
        ...figures,
        win_rate: figure(figures.win_rate),
        avg_win: money(figures.avg_win),
        avg_loss: money(figures.avg_loss),
        avg_trade: money(figures.avg_trade),
        profit_factor: figure(figures.profit_factor),
        origin: originOf(strategy),
      };
    });
    return {
      period: query.period,
      start_date: first,
      end_date: today,
      strategies: rows,
      portfolio_total: cents(rows.reduce((sum, row) => sum + row.net_profit, 0)),
      run_id: scope.run.id,
      simulated: scope.simulated,
    };
  },
});
