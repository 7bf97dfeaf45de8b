import { figure } from '../figures.js';
import { route } from '../route.js';
import { Code, Query } from '../schemas.js';
import { createNotes } from './notes.js';
import { days, RlMetrics, symbolParameter } from './schemas.js';
import { mean } from './statistics.js';
import { accountOf, frame, LIVE, newestBar, strategyOf, windowBack } from './window.js';

const NO_VOLUME = 'the stored bars have no volume';

export const rlMetrics = route({
  path: '/api/analytics/rl-metrics',
  summary: 'How a policy acts: trades a session, bars held, balance of its actions',
  description:
    "From the strategy's stored live signals and positions. A session is one episode. What only real orders have, and what " +
    'needs volume, is null with its reason.',
  query: Query({ symbol: symbolParameter, days: days(30), strategy: { ...Code, default: 'RL_PPO' } }),
  response: RlMetrics,
  errors: [404],
  cache: 'seq',
  passing: ['timestamp'],
  async handler({ query }, deps) {
    const { reads, calendar, clock } = deps;
    const { instrument, head, simulated } = frame(query.symbol, query.days, deps);
    const strategy = await strategyOf(query.strategy, deps);
    const last = await reads.lastEquity(accountOf(strategy, instrument), clock.now());
    const { from, end } = windowBack(query.days, last?.timestamp ?? (await newestBar(instrument, deps)), deps);
    const one = [LIVE, strategy.id, instrument.symbol] as const;
    const [counts, sessions, trades, entries] = await Promise.all([
      reads.decisionCounts(...one, from, end),
      reads.signalSessions(...one, calendar.zone, from, end),
      reads.heldTrades(...one, from, end),
      reads.filled(LIVE, [strategy.id], instrument.symbol, from, end),
    ]);
    const total = counts.long + counts.short + counts.flat + counts.close;
    const distances: number[] = [];
    for (const entry of entries) {
      const open = calendar.sessionOpen(calendar.sessionDate(entry.entryTime));
      if (open === undefined) continue;
      const { vwap } = await reads.volumePrice(instrument.symbol, open, entry.entryTime);
      if (vwap !== null) distances.push((Math.abs(entry.entryPrice - vwap) / vwap) * 10_000);
    }
    const traded = (await reads.volumePrice(instrument.symbol, from, end)).volume > 0;
    const notes = createNotes();
    return {
      ...head(total + trades.length),
      strategy: strategy.code,
      metrics: {
        tradesPerEpisode: notes.known(
          'tradesPerEpisode',
          sessions === 0 ? null : figure(trades.length / sessions),
          'no signal is stored in the window',
        ),
        avgHolding: notes.known(
          'avgHolding',
          figure(mean(trades.map(({ bars }) => bars))),
          'no trade was closed in the window',
        ),
        actionBalance: notes.known(
          'actionBalance',
          total === 0
            ? null
            : {
                buy: figure(counts.long / total),
                sell: figure(counts.short / total),
                hold: figure((counts.flat + counts.close) / total),
              },
          'no signal is stored in the window',
        ),
        spreadCaptured: notes.known(
          'spreadCaptured',
          null,
          'paper fills pay the quoted half-spread and cannot improve on it',
        ),
        pegRate: notes.known('pegRate', null, traded ? 'the paper book has no pegged orders' : NO_VOLUME),
        vwapError: notes.known(
          'vwapError',
          figure(mean(distances)),
          traded ? 'no entry with volume before it was filled in the window' : NO_VOLUME,
        ),
      },
      notes: notes.of,
      simulated,
    };
  },
});
