import { tradeStatistics } from '@signalbox/core';
import { chosen, scopeOf } from '../respond.js';
import { route } from '../route.js';
import { Choice, CodeList, Query, RunId } from '../schemas.js';
import { Type } from '@sinclair/typebox';
import { PNL_PERIODS, PnlSummary } from './schemas.js';
import { cents } from './positions.js';

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
  async handler({ query }, deps) {
    const scope = await scopeOf(query.run, deps);
    void chosen;
    void tradeStatistics;
    void cents;
    void scope;
    throw new Error('pending');
  },
});
