import { Type } from '@sinclair/typebox';
import { figure, money } from '../figures.js';
import { route } from '../route.js';
import { Query } from '../schemas.js';
import { createNotes } from './notes.js';
import { FEW_RETURNS, instrumentRecord, strategyRecord } from './record.js';
import { days, RiskMetrics, strategyParameter, symbolParameter } from './schemas.js';
import { mean, quantile } from './statistics.js';
import { frame, LIVE, strategiesOf } from './window.js';

/** Share of the volume that one may take. */
const PARTICIPATION = 0.1;

export const riskMetrics = route({
  path: '/api/analytics/risk-metrics',
  summary: 'What one session may cost, and what is exposed now',
  description:
    'VaR and expected shortfall are historical, for one session: quantiles of session returns (linear between order ' +
    'statistics), as positive US dollars of `portfolio_value`. With `strategy` the returns are those of its equity; without, ' +
    'those of holding the pair (`basis: instrument`). Exposures are those of the open positions of the strategy, or of all ' +
    'active ones.',
  query: Query({
    symbol: symbolParameter,
    portfolio_value: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1e15,
      default: 10_000_000,
      description: 'US dollars',
    }),
    days: days(30),
    strategy: strategyParameter,
  }),
  response: RiskMetrics,
  errors: [404],
  cache: 'seq',
  cost: 'heavy',
  passing: ['timestamp'],
  async handler({ query }, deps) {
    const { reads, calendar } = deps;
    const { instrument, head, simulated } = frame(query.symbol, query.days, deps);
    const value = query.portfolio_value;
    const strategies = await strategiesOf(query.strategy, deps);
    const record =
      query.strategy === undefined
        ? await instrumentRecord(instrument, query.days, deps)
        : await strategyRecord(strategies[0]!, instrument, query.days, deps);
    const { returns, window } = record;
    const [open, traded] = await Promise.all([
      reads.openPositions(
        LIVE,
        strategies.map(({ id }) => id),
        deps.clock.now() - calendar.slotMs,
      ),
      reads.volumePrice(instrument.symbol, window.from - calendar.slotMs + 1, window.end - calendar.slotMs),
    ]);
    const here = open.filter(({ symbol }) => symbol === instrument.symbol);
    const sum = (sides: Readonly<Record<'long' | 'short', number>>): number =>
      here.reduce((all, position) => {
        const price = instrument.base === 'USD' ? 1 : (position.currentPrice ?? position.entryPrice);
        return all + sides[position.side] * position.quantity * price;
      }, 0);
    const gross = sum({ long: 1, short: 1 });
    const enough = returns.length >= 10;
    const low = enough ? quantile(returns, 0.05) : null;
    const lowest = enough ? quantile(returns, 0.01) : null;
    const loss = (r: number | null): number | null => (r === null ? null : Math.max(0, -r));
    const var95 = loss(low);
    const shortfall = low === null ? null : loss(mean(returns.filter((r) => r <= low)));
    const usd = (share: number | null): number | null => money(share === null ? null : share * value);
    // volume is in units of base
    const perBar = traded.volume > 0 ? (traded.volume / traded.bars) * PARTICIPATION : null;
    const units = here.reduce((all, { quantity }) => all + quantity, 0);
    const notes = createNotes();
    const known = <T>(field: string, figure: T | null, reason = FEW_RETURNS): T | null =>
      notes.known(field, figure, reason);
    const noVolume = 'the stored bars have no volume';
    const none = 'no stored value in the window';
    return {
      ...head(record.points),
      strategy: query.strategy ?? null,
      risk_metrics: {
        portfolioValue: value,
        grossExposure: money(gross)!,
        netExposure: money(sum({ long: 1, short: -1 }))!,
        leverage: figure(gross / value),
        portfolioVaR95: known('portfolioVaR95', usd(var95)),
        portfolioVaR99: known('portfolioVaR99', usd(loss(lowest))),
        portfolioVaR95Percent: known('portfolioVaR95Percent', figure(var95 === null ? null : var95 * 100)),
        expectedShortfall95: known('expectedShortfall95', usd(shortfall)),
        portfolioVolatility: known('portfolioVolatility', figure(record.ratios.volatility_pct)),
        currentDrawdown: known('currentDrawdown', figure(record.currentDrawdown), none),
        maximumDrawdown: known('maximumDrawdown', record.maxDrawdown, none),
        liquidityScore: known(
          'liquidityScore',
          perBar === null
            ? null
            : figure(units === 0 ? 100 : Math.min(100, ((perBar * calendar.slotsPerSession) / units) * 100)),
          noVolume,
        ),
        timeToLiquidate: known(
          'timeToLiquidate',
          perBar === null ? null : figure((units / perBar) * (calendar.slotMs / 60_000)),
          noVolume,
        ),
        bestCaseScenario: known('bestCaseScenario', usd(enough ? Math.max(...returns) : null)),
        worstCaseScenario: known('worstCaseScenario', usd(enough ? Math.min(...returns) : null)),
      },
      n: record.ratios.n,
      basis: record.basis,
      periods_per_year: record.ratios.periods_per_year,
      notes: notes.of,
      simulated,
    };
  },
});
