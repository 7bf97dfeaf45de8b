import type { Calendar } from '@signalbox/core';
import { figure } from '../figures.js';
import { iso } from '../respond.js';
import { route } from '../route.js';
import { Query } from '../schemas.js';
import { createNotes, type Notes } from './notes.js';
import { FEW_RETURNS, instrumentRecord } from './record.js';
import { CONDITION_STATUS, days, MarketConditions, symbolParameter } from './schemas.js';
import { DAY, frame } from './window.js';
import type { ServiceDependencies } from '../dependencies.js';

type Status = (typeof CONDITION_STATUS)[number];

interface Indicator {
  readonly name: string;
  /** Column of `macro_indicators_daily`. */
  readonly series: string;
  readonly unit: string;
  readonly description: string;
  /** Thresholds of warning and critical; above them when they rise, below them when they fall. Null: none. */
  readonly limits: readonly [warning: number, critical: number] | null;
  /** Calendar days after its date when a monthly value is known; null: a daily one, known at the next session's open. */
  readonly lag: number | null;
  /** Calendar days from its date after which it is stale. */
  readonly maxAge: number;
}

const DAILY = { lag: null, maxAge: 7 };
const MONTHLY_LAG = 35;
const VOLATILITY_LIMITS = [20, 30] as const;
const INDICATORS: readonly Indicator[] = [
  {
    name: 'VIX',
    series: 'vix',
    unit: 'index',
    limits: [25, 35],
    ...DAILY,
    description: 'CBOE volatility index, close',
  },
  { name: 'EMBI', series: 'embi', unit: 'bp', limits: [350, 500], ...DAILY, description: 'EMBI spread of Colombia' },
  { name: 'Brent', series: 'brent', unit: 'USD', limits: [60, 45], ...DAILY, description: 'Brent crude, USD a barrel' },
  {
    name: 'Fed funds',
    series: 'fedfunds',
    unit: '%',
    limits: null,
    lag: MONTHLY_LAG,
    maxAge: MONTHLY_LAG + 40,
    description: 'Effective federal funds rate, monthly mean; no threshold',
  },
  {
    name: 'DXY',
    series: 'dxy',
    unit: 'index',
    limits: null,
    ...DAILY,
    description: 'ICE US dollar index; no threshold',
  },
];

export const marketConditions = route({
  path: '/api/analytics/market-conditions',
  summary: 'What the surroundings of the pair look like',
  description:
    'From stored macro values as far as they are known at market time (daily ones at the open of the session after their ' +
    `date, monthly ones ${MONTHLY_LAG} days after it), and from bars. warning/critical: VIX 25/35, USD/COP volatility 20/30 % a ` +
    'year (sd of the session returns in the window · √N), EMBI 350/500 bp, Brent below 60/45 USD. A daily value older than 7 ' +
    `days, a monthly one older than ${MONTHLY_LAG + 40}, is stale: \`unknown\`.`,
  query: Query({ symbol: symbolParameter, days: days(30) }),
  response: MarketConditions,
  errors: [404],
  cache: 'seq',
  cost: 'heavy',
  passing: ['timestamp'],
  async handler({ query }, deps) {
    const { instrument, head, simulated } = frame(query.symbol, query.days, deps);
    const notes = createNotes();
    const today = deps.calendar.sessionDate(deps.clock.now());
    const [record, ...macro] = await Promise.all([
      instrumentRecord(instrument, query.days, deps),
      ...INDICATORS.map((indicator) => macroCondition(indicator, query.days, today, notes, deps)),
    ]);
    const name = `${instrument.symbol} volatility`;
    const value = figure(record.ratios.volatility_pct);
    const { newest } = record.window;
    const stale = newest !== null && ageOf(deps.calendar.sessionDate(newest - 1), today) > DAILY.maxAge;
    const earlier =
      newest === null
        ? null
        : (await instrumentRecord(instrument, query.days, deps, shifted(record.window, query.days, deps))).ratios
            .volatility_pct;
    const change =
      record.ratios.volatility_pct === null || earlier === null ? null : record.ratios.volatility_pct - earlier;
    const volatility = {
      indicator: name,
      value: notes.known(`${name}.value`, value, FEW_RETURNS),
      unit: '%',
      status: stale ? ('unknown' as const) : statusOf(value, VOLATILITY_LIMITS),
      change: notes.known(`${name}.change`, figure(change), 'unknown in one of the two windows'),
      observed_at: notes.known(`${name}.observed_at`, newest === null ? null : iso(newest), 'no bar is stored'),
      description: `Annualised, from ${record.ratios.n} session returns; its change is against the ${query.days} days before`,
    };
    const [vix, ...others] = macro.map(({ condition }) => condition);
    return {
      ...head(record.points + macro.reduce((sum, { points }) => sum + points, 0)),
      conditions: [vix!, volatility, ...others],
      notes: notes.of,
      simulated,
    };
  },
});

async function macroCondition(
  { name, series, unit, limits, lag, maxAge, description }: Indicator,
  days: number,
  today: string,
  notes: Notes,
  { reads, calendar, clock }: ServiceDependencies,
) {
  const known = (date: string): boolean =>
    lag === null ? knownDaily(date, clock.now(), calendar) : ageOf(date, today) >= lag;
  const points = (await reads.macroPoints(series, back(today, days + maxAge), today)).filter(({ date }) => known(date));
  const newest = points.at(-1);
  const earlier = newest && points.findLast(({ date }) => ageOf(date, newest.date) >= days);
  const stale = newest !== undefined && ageOf(newest.date, today) > maxAge;
  return {
    points: points.length,
    condition: {
      indicator: name,
      value: notes.known(`${name}.value`, newest?.value ?? null, `no known value of ${series} is stored`),
      unit,
      status: stale ? ('unknown' as const) : statusOf(newest?.value ?? null, limits),
      change: notes.known(
        `${name}.change`,
        newest && earlier ? figure(newest.value - earlier.value) : null,
        `no value of ${series} that is ${days} days older`,
      ),
      observed_at: notes.known(`${name}.observed_at`, newest?.date ?? null, `no known value of ${series} is stored`),
      description: stale ? `${description}. Stale: more than ${maxAge} days old` : description,
    },
  };
}

function statusOf(value: number | null, limits: readonly [number, number] | null): Status {
  if (value === null) return 'unknown';
  if (limits === null) return 'normal';
  const [warning, critical] = limits;
  const beyond = (limit: number): boolean => (critical > warning ? value >= limit : value < limit);
  return beyond(critical) ? 'critical' : beyond(warning) ? 'warning' : 'normal';
}

const ageOf = (date: string, today: string): number => Math.round((Date.parse(today) - Date.parse(date)) / DAY);
const back = (date: string, days: number): string => new Date(Date.parse(date) - days * DAY).toISOString().slice(0, 10);

function knownDaily(date: string, now: number, calendar: Calendar): boolean {
  return calendar.sessionOpen(calendar.nextSessionDay(date))! <= now;
}

/** The window of the same length that ends where this one begins. */
function shifted(
  { from }: { readonly from: number },
  days: number,
  { calendar }: ServiceDependencies,
): { from: number; newest: number; end: number; sessions: { open: number; close: number }[] } {
  const start = from - days * DAY;
  const sessions = calendar
    .sessionsBetween(calendar.sessionDate(start), calendar.sessionDate(from))
    .map((date) => ({ open: calendar.sessionOpen(date)!, close: calendar.sessionClose(date)! }))
    .filter(({ close }) => close > start && close <= from);
  return { from: start, newest: from, end: from, sessions };
}
