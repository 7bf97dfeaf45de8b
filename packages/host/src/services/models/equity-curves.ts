import { Type } from '@sinclair/typebox';
import type { Calendar } from '@signalbox/core';
import type { EquityRow } from '../../stores/postgres/reads/equity.js';
import { accountOf, chosen, iso, scopeOf } from '../respond.js';
import { route } from '../route.js';
import { Choice, CodeList, Query, RunId } from '../schemas.js';
import { EquityCurves, RESOLUTIONS } from './schemas.js';
import { returnPct } from '../figures.js';

const HOUR = 3_600_000;

export const equityCurves = route({
  path: '/api/models/equity-curves',
  summary: 'Equity over a window',
  description:
    'The last value of each bucket, with its time; a row belongs to the bucket of its bar. `return_pct` counts from the start ' +
    'of the window, `drawdown_pct` from the all-time peak. A strategy without values has no data and no summary.',
  query: Query({
    hours: Type.Integer({
      minimum: 1,
      maximum: 720,
      default: 24,
      description: 'Length of the window, to market time now',
    }),
    strategies: Type.Optional(CodeList),
    resolution: Choice(RESOLUTIONS, { default: '5m' }),
    run: RunId,
  }),
  response: EquityCurves,
  errors: [404],
  cache: 'seq',
  cost: 'heavy',
  passing: ['start_date', 'end_date'],
  async handler({ query }, deps) {
    const scope = await scopeOf(query.run, deps);
    const start = scope.end - query.hours * HOUR;
    const strategies = chosen(await deps.reads.strategiesOf(scope.run), query.strategies);
    const curves = await Promise.all(
      strategies.map(async (strategy) => {
        const account = accountOf(scope, strategy, deps);
        const [before, rows] = await Promise.all([
          deps.reads.lastEquity(account, start),
          deps.reads.equityRows(account, start, scope.end),
        ]);
        const base = before?.equity ?? strategy.initialEquity;
        const last = rows.at(-1);
        return {
          strategy_code: strategy.code,
          strategy_name: strategy.name,
          data: lastOfEach(rows, query.resolution, deps.calendar).map((each) => ({
            timestamp: iso(each.timestamp),
            equity_value: each.equity,
            return_pct: returnPct(base, each.equity),
            drawdown_pct: each.drawdownPct,
          })),
          summary: last
            ? { starting_equity: base, ending_equity: last.equity, total_return_pct: returnPct(base, last.equity) }
            : null,
        };
      }),
    );
    return {
      start_date: iso(start),
      end_date: iso(scope.end),
      resolution: query.resolution,
      curves,
      run_id: scope.run.id,
      simulated: scope.simulated,
    };
  },
});

/** The last row of each bucket. Buckets are counted from the open of the session, as the bars of the market are. */
function lastOfEach(
  rows: readonly EquityRow[],
  resolution: (typeof RESOLUTIONS)[number],
  calendar: Calendar,
): EquityRow[] {
  if (resolution === '5m') return [...rows];
  const buckets = new Map<string, EquityRow>();
  for (const each of rows) {
    const slot = calendar.slot(each.barTime);
    const session = slot?.session ?? iso(each.barTime).slice(0, 10);
    const hour = slot ? Math.floor((slot.index * calendar.slotMs) / HOUR) : new Date(each.barTime).getUTCHours();
    buckets.set(resolution === '1d' ? session : `${session} ${hour}`, each);
  }
  return [...buckets.values()];
}
