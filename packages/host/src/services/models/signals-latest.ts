import { Type } from '@sinclair/typebox';
import type { SignalRow } from '../../stores/postgres/reads/signals.js';
import { instrumentOf, iso, scopeOf, type Scope } from '../respond.js';
import { route } from '../route.js';
import { Query, RunId, SymbolName } from '../schemas.js';
import { LatestSignals } from './schemas.js';

export const signalBody = (row: SignalRow, scope: Scope) => ({
  signal: row.signal,
  side: row.side,
  confidence: row.confidence,
  size: row.size,
  entry_price: row.entryPrice,
  stop_loss: row.stopLoss,
  take_profit: row.takeProfit,
  risk_usd: row.riskUsd,
  reasoning: row.reasoning,
  timestamp: iso(row.timestamp),
  age_seconds: Math.max(0, Math.floor((scope.end - row.timestamp) / 1000)),
  signal_id: row.signalId,
  symbol: row.symbol,
  bar_time: iso(row.barTime),
  mode: row.mode,
  not_traded: row.notTraded,
  round_trip_cost_bps: row.roundTripCostBps,
  breakeven_hit_rate: row.breakevenHitRate,
  origin: row.origin,
  simulated: row.simulated,
});

export const latestSignals = route({
  path: '/api/models/signals/latest',
  summary: 'Latest signal of each strategy',
  description:
    'The newest stored signal of each active strategy, ordered by code. A strategy without a signal yet is left out; ' +
    '`/api/models` says why. `market_price` is the last close.',
  query: Query({ symbol: Type.Optional(SymbolName), run: RunId }),
  response: LatestSignals,
  errors: [404],
  cache: 'seq',
  passing: ['timestamp', 'age_seconds'],
  async handler({ query }, deps) {
    const instrument = instrumentOf(query.symbol, deps);
    const scope = await scopeOf(query.run, deps);
    const strategies = await deps.reads.strategiesOf(scope.run);
    const [bar, rows] = await Promise.all([
      deps.reads.lastBar(instrument.symbol, scope.end, deps.calendar.slotMs),
      deps.reads.latestSignals(
        scope.run.id,
        strategies.map((each) => each.id),
        instrument.symbol,
        // a bare INSERT carries wall time, which a demo world's clock has not reached; a stamp beyond both is no news
        scope.run.id === 'live' ? Math.max(scope.end, Date.now()) : scope.end,
      ),
    ]);
    return {
      timestamp: iso(scope.end),
      market_price: bar?.close ?? null,
      market_status: deps.calendar.status(scope.end),
      signals: rows.map((row) => ({
        strategy_code: row.code,
        strategy_name: row.name,
        ...signalBody(row, scope),
        strategy_type: row.type,
      })),
      symbol: instrument.symbol,
      run_id: scope.run.id,
      simulated: scope.simulated,
    };
  },
});
