import { Type } from '@sinclair/typebox';
import { chosen, iso, originOf, scopeOf } from '../respond.js';
import { route } from '../route.js';
import { Code, Query, RunId } from '../schemas.js';
import { CurrentPositions } from './schemas.js';
import { figure } from '../figures.js';

/** Sums of money are sums of cents: without this, .1 + .2 shows. */
export const cents = (value: number): number => Math.round(value * 100) / 100 + 0;

export const currentPositions = route({
  path: '/api/models/positions/current',
  summary: 'Open positions',
  description:
    'Marked at the last close. `total_notional` is the sum of quantities in US dollars, `total_pnl` that of the unrealized ' +
    'P&L, `unrealized_pnl_pct` percent of the notional of the position.',
  query: Query({ strategy: Type.Optional(Code), run: RunId }),
  response: CurrentPositions,
  errors: [404],
  cache: 'seq',
  passing: ['timestamp', 'holding_time_minutes'],
  async handler({ query }, deps) {
    const scope = await scopeOf(query.run, deps);
    const strategies = chosen(await deps.reads.strategies(), query.strategy);
    const rows = await deps.reads.openPositions(
      scope.run.id,
      strategies.map((row) => row.id),
      scope.end - deps.calendar.slotMs,
    );
    const positions = rows.map((row) => {
      const instrument = deps.instruments.find((each) => each.symbol === row.symbol);
      const price = row.currentPrice ?? row.entryPrice;
      const notional = instrument && instrument.base !== 'USD' ? row.quantity * price : row.quantity;
      return {
        notional,
        body: {
          position_id: row.positionId,
          strategy_code: row.code,
          strategy_name: row.name,
          side: row.side,
          quantity: row.quantity,
          entry_price: row.entryPrice,
          current_price: row.currentPrice,
          stop_loss: row.stopLoss,
          take_profit: row.takeProfit,
          unrealized_pnl: row.unrealizedPnl,
          unrealized_pnl_pct:
            row.unrealizedPnl === null || notional === 0 ? null : figure((row.unrealizedPnl / notional) * 100),
          entry_time: iso(row.entryTime),
          holding_time_minutes: Math.floor((scope.end - row.entryTime) / 60_000),
          leverage: 1,
          symbol: row.symbol,
          origin: originOf(strategies.find((each) => each.code === row.code)!),
          simulated: row.simulated,
        },
      };
    });
    return {
      timestamp: iso(scope.end),
      total_positions: positions.length,
      total_notional: cents(positions.reduce((sum, each) => sum + each.notional, 0)),
      total_pnl: cents(positions.reduce((sum, each) => sum + (each.body.unrealized_pnl ?? 0), 0)),
      positions: positions.map((each) => each.body),
      run_id: scope.run.id,
      simulated: scope.simulated,
    };
  },
});
