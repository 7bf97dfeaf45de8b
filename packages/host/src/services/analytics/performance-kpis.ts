import { tradeStatistics } from '@signalbox/core';
import { figure } from '../figures.js';
import { route } from '../route.js';
import { Query } from '../schemas.js';
import { createNotes } from './notes.js';
import { FEW_RETURNS, instrumentRecord, strategyRecord } from './record.js';
import { days, PerformanceKpis, strategyParameter, symbolParameter } from './schemas.js';
import { frame, LIVE, strategyOf } from './window.js';

export const performanceKpis = route({
  path: '/api/analytics/performance-kpis',
  summary: 'Ratios, drawdowns and growth of a strategy, or of holding the pair',
  description:
    'With `strategy`: from its stored equity and closed trades. Without: of holding one unit of the pair, by the closes of ' +
    'stored bars, in quote currency (`basis: instrument`). Ratios come from the returns of the sessions completed in the ' +
    'window (equity at session close over the previous one, flat sessions included); the base is the last session close ' +
    'before it, else the initial equity, or the first open. N = `periods_per_year`.',
  query: Query({ symbol: symbolParameter, days: days(90), strategy: strategyParameter }),
  response: PerformanceKpis,
  errors: [404],
  cache: 'seq',
  cost: 'heavy',
  passing: ['timestamp'],
  async handler({ query }, deps) {
    const { instrument, head, simulated } = frame(query.symbol, query.days, deps);
    const strategy = query.strategy === undefined ? undefined : await strategyOf(query.strategy, deps);
    const record = strategy
      ? await strategyRecord(strategy, instrument, query.days, deps)
      : await instrumentRecord(instrument, query.days, deps);
    const held = strategy ? await instrumentRecord(instrument, query.days, deps, record.window) : undefined;
    const profitFactor = strategy
      ? tradeStatistics(await deps.reads.closedTrades(LIVE, [strategy.id], record.window.from, record.window.end))
          .profit_factor
      : sessionFactor(record.returns);
    const { n, ...found } = record.ratios;
    const notes = createNotes();
    const few = (otherwise: string): string => (n < 10 ? FEW_RETURNS : otherwise);
    const none = 'no stored value in the window';
    const flat = 'its denominator is zero';
    const spread =
      held?.cagr === undefined || held.cagr === null || record.cagr === null ? null : record.cagr - held.cagr;
    return {
      ...head(record.points),
      strategy: strategy?.code ?? null,
      kpis: {
        sortinoRatio: notes.known('sortinoRatio', figure(found.sortino_ratio), few('no session return is below 0')),
        calmarRatio: notes.known(
          'calmarRatio',
          figure(found.calmar_ratio),
          n < 60 ? 'fewer than 60 session returns in the window' : flat,
        ),
        sharpeRatio: notes.known('sharpeRatio', figure(found.sharpe_ratio), few(flat)),
        maxDrawdown: notes.known('maxDrawdown', record.maxDrawdown, none),
        currentDrawdown: notes.known('currentDrawdown', figure(record.currentDrawdown), none),
        profitFactor: notes.known(
          'profitFactor',
          figure(profitFactor),
          strategy ? 'no losing trade was closed in the window' : 'no session return is below 0',
        ),
        cagr: notes.known('cagr', figure(record.cagr), few('a value is not above 0')),
        volatility: notes.known('volatility', figure(found.volatility_pct), few('a value is not above 0')),
        benchmarkSpread: notes.known(
          'benchmarkSpread',
          figure(spread),
          strategy ? 'one of the two CAGRs is unknown' : 'without strategy there is nothing to compare with the pair',
        ),
      },
      n,
      basis: record.basis,
      periods_per_year: found.periods_per_year,
      sharpeStandardError: notes.known('sharpeStandardError', figure(found.sharpe_standard_error), few(flat)),
      notes: notes.of,
      simulated,
    };
  },
});

/** Sum of the positive returns over that of the negative ones; null without these. */
function sessionFactor(returns: readonly number[]): number | null {
  const sum = (sign: number): number => returns.reduce((all, r) => all + Math.max(0, sign * r), 0);
  const lost = sum(-1);
  return lost === 0 ? null : sum(1) / lost;
}
