import { Type } from '@sinclair/typebox';
import { colombianHolidays, isUsHoliday, SignalboxError, type Calendar } from '@signalbox/core';
import { iso } from '../respond.js';
import { route } from '../route.js';
import { Query } from '../schemas.js';
import { MarketStatus, TradingDay } from './schemas.js';

const DAY = 86_400_000;
const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

export const marketStatus = route({
  path: '/api/market-status',
  summary: 'Whether the market is open, and what comes next',
  description:
    'At market time. `market_status` is open in the session, pre_market in the 60 minutes before one, else closed; ' +
    '`time_to_next_event` is in whole seconds.',
  query: Query({}),
  response: MarketStatus,
  handler: (_, { clock, calendar, world }) => {
    const now = clock.now();
    const [open, close] = [calendar.nextOpen(now), calendar.nextClose(now)];
    const next = Math.min(open, close);
    const status = calendar.status(now);
    const { hours, days } = hoursOf(calendar, calendar.sessionDate(close - 1));
    return {
      is_open: status === 'open',
      market_status: status,
      current_time: iso(now),
      timezone: calendar.zone,
      trading_hours: hours,
      trading_days: days,
      next_event: iso(next),
      next_event_type: next === open ? ('market_open' as const) : ('market_close' as const),
      time_to_next_event: Math.floor((next - now) / 1000),
      simulated: world === 'simulated',
    };
  },
});

export const isTradingDay = route({
  path: '/api/v1/trading-calendar/is-trading-day',
  summary: 'Whether a date is a trading day',
  description:
    'By the calendar of the default symbol; without `date`, of today in the zone of the market. US holidays are reported and ' +
    'close nothing. `reason` says why it is none.',
  query: Query({ date: Type.Optional(Type.String({ format: 'date', description: 'YYYY-MM-DD' })) }),
  response: TradingDay,
  handler({ query }, { calendar, clock }) {
    const date = query.date ?? calendar.sessionDate(clock.now());
    const year = Number(date.slice(0, 4));
    const colombian = colombianHolidays(year).find((holiday) => holiday.date === date);
    const weekend = weekday(date) >= 5;
    const trading = calendar.isSessionDay(date);
    return {
      date,
      is_trading_day: trading,
      is_weekend: weekend,
      is_colombian_holiday: colombian !== undefined,
      is_us_holiday: isUsHoliday(date),
      reason: trading
        ? null
        : calendar.holidayOf(date) !== undefined
          ? `holiday: ${calendar.holidayOf(date)}`
          : weekend
            ? 'weekend'
            : 'no session',
      next_trading_day: nextDay(date, calendar),
    };
  },
});

function nextDay(date: string, calendar: Calendar): string {
  try {
    return calendar.nextSessionDay(date);
  } catch {
    throw new SignalboxError('PARAMETER_INVALID', `date: ${date} lies outside the calendar`, 'Ask for a nearer one.');
  }
}

/** 0 is Monday. */
const weekday = (date: string): number => (new Date(date).getUTCDay() + 6) % 7;

/** Hours of the session, and the weekdays that have one, as the calendar's next eight weeks show them. */
function hoursOf(calendar: Calendar, date: string): { hours: string; days: string } {
  const time = new Intl.DateTimeFormat('en-GB', { timeZone: calendar.zone, hour: '2-digit', minute: '2-digit' });
  const end = time.format(calendar.sessionClose(date));
  const to = new Date(Date.parse(date) + 56 * DAY).toISOString().slice(0, 10);
  const on = new Set(calendar.sessionsBetween(date, to).map(weekday));
  const runs: number[][] = [];
  for (const day of WEEKDAYS.keys()) {
    if (!on.has(day)) continue;
    if (runs.at(-1)?.at(-1) === day - 1) runs.at(-1)!.push(day);
    else runs.push([day]);
  }
  const name = (run: number[]): string =>
    run.length === 1 ? WEEKDAYS[run[0]!]! : `${WEEKDAYS[run[0]!]}-${WEEKDAYS[run.at(-1)!]}`;
  return {
    hours: `${time.format(calendar.sessionOpen(date))}-${end === '00:00' ? '24:00' : end}`,
    days: runs.map(name).join(', '),
  };
}
