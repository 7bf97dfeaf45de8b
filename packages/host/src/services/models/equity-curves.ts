import { Type } from '@sinclair/typebox';
import type { Calendar } from '@signalbox/core';
import type { EquityColumns } from '../../stores/postgres/reads/equity.js';
import { accountOf, chosen, iso, originOf, scopeOf } from '../respond.js';
import { JsonText, route } from '../route.js';
import { Choice, CodeList, Query, RunId } from '../schemas.js';
import { EquityCurves, RESOLUTIONS } from './schemas.js';
import { returnPct } from '../figures.js';
import { pointsText } from './curve-text.js';

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
          deps.reads.equityColumns(account, start, scope.end),
        ]);
        const base = before?.equity ?? strategy.initialEquity;
        const last = rows.equity.at(-1);
        const head = {
          strategy_code: strategy.code,
          strategy_name: strategy.name,
        };
        const summary =
          last === undefined
            ? null
            : { starting_equity: base, ending_equity: last, total_return_pct: returnPct(base, last) };
        const data = pointsText(rows, lastOfEach(rows, query.resolution, deps.calendar), base);
        return `${open(head)},"data":${data},"summary":${JSON.stringify(summary)},"origin":"${originOf(strategy)}"}`;
      }),
    );
    const head = { start_date: iso(start), end_date: iso(scope.end), resolution: query.resolution };
    const tail = JSON.stringify({ run_id: scope.run.id, simulated: scope.simulated });
    return new JsonText(`${open(head)},"curves":[${curves.join(',')}],${tail.slice(1)}`);
  },
});

/** A JSON object whose end is still to come. */
const open = (head: object): string => JSON.stringify(head).slice(0, -1);

/** The last row of each bucket. Buckets are counted from the open of the session, as the bars of the market are. */
function lastOfEach(
  { length, barTime }: EquityColumns,
  resolution: (typeof RESOLUTIONS)[number],
  calendar: Calendar,
): Iterable<number> {
  if (resolution === '5m') return Array(length).keys();
  const buckets = new Map<string, number>();
  for (let i = 0; i < length; i++) {
    const time = barTime[i]!;
    const slot = calendar.slot(time);
    const session = slot?.session ?? iso(time).slice(0, 10);
    const hour = slot ? Math.floor((slot.index * calendar.slotMs) / HOUR) : new Date(time).getUTCHours();
    buckets.set(resolution === '1d' ? session : `${session} ${hour}`, i);
  }
  return buckets.values();
}
