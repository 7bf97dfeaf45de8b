import { figure } from '../figures.js';
import { route } from '../route.js';
import { Query } from '../schemas.js';
import { createNotes } from './notes.js';
import { days, EXECUTION_QUALITY, ExecutionMetrics, strategyParameter, symbolParameter } from './schemas.js';
import { mean } from './statistics.js';
import { frame, LIVE, newestBar, strategiesOf, windowBack } from './window.js';

/** Reasons that a signal's own bar knows; the others are the book's, at the next open. */
const NOT_ACCEPTED = new Set(['last_bar', 'cost_exceeds_target', 'no_size', 'suspect_price', 'too_old']);

export const executionMetrics = route({
  path: '/api/analytics/execution-metrics',
  summary: 'How signals became fills, and what fills cost',
  description:
    'From stored signals and positions of the live run. An order is an accepted signal that asked for an entry: `long` or ' +
    '`short` while no position of that side was open. One that its own bar refuses (last_bar, cost_exceeds_target, no_size, ' +
    'suspect_price, too_old) was not accepted.',
  query: Query({ symbol: symbolParameter, days: days(30), strategy: strategyParameter }),
  response: ExecutionMetrics,
  errors: [404],
  cache: 'seq',
  cost: 'heavy',
  passing: ['timestamp'],
  async handler({ query }, deps) {
    const { reads, calendar } = deps;
    const { instrument, head, simulated } = frame(query.symbol, query.days, deps);
    const strategies = await strategiesOf(query.strategy, deps);
    const { from, end } = windowBack(query.days, await newestBar(instrument, deps), deps);
    const which = [LIVE, strategies.map(({ id }) => id), instrument.symbol, from, end] as const;
    const [asked, positions, { vwap }] = await Promise.all([
      reads.orders(...which),
      reads.filled(...which),
      reads.volumePrice(instrument.symbol, from - calendar.slotMs + 1, end - calendar.slotMs),
    ]);
    const fills = asked.filter(({ fill }) => fill !== null);
    const refused = asked.filter(
      ({ fill, notTraded }) => fill === null && notTraded !== null && NOT_ACCEPTED.has(notTraded),
    );
    const cancelled = asked.filter(
      ({ fill, notTraded }) => fill === null && notTraded !== null && !NOT_ACCEPTED.has(notTraded),
    );
    const orders = fills.length + cancelled.length;
    const slippage = mean(
      fills.flatMap(({ signal, price, fill }) =>
        price === null ? [] : [((fill! - price) / price) * (signal === 'long' ? 1 : -1) * 10_000],
      ),
    );
    const usd = (price: number): number => (instrument.base === 'USD' ? 1 : price);
    const notional = positions.reduce(
      (sum, p) => sum + p.quantity * (usd(p.entryPrice) + (p.exitPrice === null ? 0 : usd(p.exitPrice))),
      0,
    );
    const fees = positions.reduce((sum, p) => sum + p.fees, 0);
    const ratio = orders === 0 ? null : (fills.length / orders) * 100;
    const notes = createNotes();
    return {
      ...head(asked.length + positions.length),
      strategy: query.strategy ?? null,
      metrics: {
        vwap: notes.known('vwap', vwap === null ? null : figure(vwap), 'the stored bars have no volume'),
        effective_spread_bps: notes.known(
          'effective_spread_bps',
          null,
          'no quotes are stored, so fills have no mid; paper fills pay half of an assumed spread as a fee, see turnover_cost_bps',
        ),
        avg_slippage_bps: notes.known('avg_slippage_bps', figure(slippage), 'no order was filled in the window'),
        turnover_cost_bps: notes.known(
          'turnover_cost_bps',
          notional === 0 ? null : figure((fees / notional) * 10_000),
          'nothing was traded in the window',
        ),
        fill_ratio_pct: notes.known('fill_ratio_pct', figure(ratio), 'no accepted signal asked for an entry'),
      },
      additional_stats: {
        n_orders: orders,
        n_fills: fills.length,
        n_cancelled: cancelled.length,
        cancelled_by_reason: byReason(cancelled),
        n_pending: asked.length - orders - refused.length,
        n_refused: refused.length,
        refused_by_reason: byReason(refused),
      },
      quality_assessment: quality(ratio, slippage),
      notes: notes.of,
      simulated,
    };
  },
});

function byReason(rows: readonly { readonly notTraded: string | null }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { notTraded } of rows) counts[notTraded!] = (counts[notTraded!] ?? 0) + 1;
  return counts;
}

function quality(ratio: number | null, slippage: number | null): (typeof EXECUTION_QUALITY)[number] {
  if (ratio === null || slippage === null) return 'unknown';
  if (ratio >= 95 && slippage <= 5) return 'good';
  return ratio >= 80 && slippage <= 15 ? 'fair' : 'poor';
}
