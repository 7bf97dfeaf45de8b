import { figure } from '../figures.js';
import { iso } from '../respond.js';
import { route } from '../route.js';
import { Query } from '../schemas.js';
import { corwinSchultz } from './corwin-schultz.js';
import { createNotes } from './notes.js';
import { days, SpreadProxy, symbolParameter } from './schemas.js';
import { deviation, mean, quantile } from './statistics.js';
import { frame, newestBar, windowBack } from './window.js';

const MOST_BARS = 600_000;
const SHOWN = 100;

export const spreadProxy = route({
  path: '/api/analytics/spread-proxy',
  summary: 'An estimate of the spread from highs and lows of bars',
  description:
    'Corwin and Schultz (2012) over each two consecutive stored bars of one session. Negative estimates are set to 0 and ' +
    'counted. Bars whose high is their low (close-only) say nothing: no pair with one is taken, and their share is given. ' +
    'Quantiles are linear between order statistics.',
  query: Query({ symbol: symbolParameter, days: days(30) }),
  response: SpreadProxy,
  errors: [404],
  cache: 'seq',
  cost: 'heavy',
  passing: ['timestamp'],
  async handler({ query }, deps) {
    const { reads, calendar } = deps;
    const { instrument, head, simulated } = frame(query.symbol, query.days, deps);
    const { from, end, newest } = windowBack(query.days, await newestBar(instrument, deps), deps);
    const bars =
      newest === null
        ? []
        : await reads.bars(instrument.symbol, from - calendar.slotMs + 1, end - calendar.slotMs, MOST_BARS);
    const { estimates, negative, closeOnly } = corwinSchultz(bars, calendar);
    const values = estimates.map(({ bps }) => bps);
    const share = bars.length === 0 ? null : closeOnly / bars.length;
    const notes = createNotes();
    const known = (field: string, value: number | null, reason = 'no two consecutive bars with a range') =>
      notes.known(field, figure(value), bars.length === 0 ? 'no bar is stored' : reason);
    return {
      ...head(bars.length),
      method: 'corwin-schultz' as const,
      statistics: {
        mean_bps: known('mean_bps', mean(values)),
        median_bps: known('median_bps', quantile(values, 0.5)),
        std_bps: known('std_bps', deviation(values), 'fewer than two estimates'),
        p95_bps: known('p95_bps', quantile(values, 0.95)),
        min_bps: known('min_bps', quantile(values, 0)),
        max_bps: known('max_bps', quantile(values, 1)),
        current_bps: known('current_bps', values.at(-1) ?? null),
      },
      timeseries: estimates
        .slice(-SHOWN)
        .map(({ timestamp, bps }) => ({ timestamp: iso(timestamp), spread_bps: figure(bps) })),
      note:
        `${estimates.length} pairs of consecutive bars, ${negative} negative estimates set to 0; ${closeOnly} of ` +
        `${bars.length} bars are close-only, and the method says nothing of them`,
      n_estimates: estimates.length,
      n_negative: negative,
      close_only_share: known('close_only_share', share),
      notes: notes.of,
      simulated,
    };
  },
});
