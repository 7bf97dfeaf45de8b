import { SignalboxError, type Calendar } from '@signalbox/core';

const DAY = 86_400_000;
const MOMENT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/** The span that a request asks for: both ends inclusive, at most 365 days. @throws PARAMETER_INVALID */
export function windowOf(
  query: { readonly start_date?: string; readonly end_date?: string },
  newest: number,
  calendar: Calendar,
): { readonly start: number; readonly end: number } {
  const end = query.end_date === undefined ? newest : moment('end_date', query.end_date, calendar, 'end');
  const start =
    query.start_date === undefined ? end - 7 * DAY : moment('start_date', query.start_date, calendar, 'start');
  if (query.start_date !== undefined && query.end_date === undefined && start > end) return { start, end: start };
  if (start > end) throw invalid('start_date: lies after end_date', 'Swap them.');
  if (end - start > 366 * DAY - 1) throw invalid('start_date: more than 365 days before end_date', 'Ask in parts.');
  return { start, end };
}

/** A time without a zone is UTC; a bare date is that day in the zone of the market. */
function moment(name: string, text: string, calendar: Calendar, edge: 'start' | 'end'): number {
  const parsed = MOMENT.test(text)
    ? Date.parse(text.length === 10 || /(Z|[+-]\d{2}:?\d{2})$/.test(text.slice(10)) ? text : `${text}Z`)
    : NaN;
  // Date.parse takes 30 February for 1 March
  if (Number.isNaN(parsed) || !isDate(text.slice(0, 10))) {
    throw invalid(
      `${name}: ${JSON.stringify(text)} is no ISO 8601 date or time`,
      'For example 2025-01-31 or 2025-01-31T13:00:00Z.',
    );
  }
  if (text.length > 10) return parsed;
  const midnight = startOfDay(text, calendar);
  return edge === 'start' ? midnight : startOfDay(nextDate(text), calendar) - 1;
}

/** Local midnight, by what the calendar says of the date an instant has: the zone is at most 15 hours from UTC. */
function startOfDay(date: string, calendar: Calendar): number {
  let low = Date.parse(date) - 15 * 3_600_000;
  let high = Date.parse(date) + 15 * 3_600_000;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (calendar.sessionDate(middle) < date) low = middle;
    else high = middle;
  }
  return high;
}

const nextDate = (date: string): string => new Date(Date.parse(date) + DAY).toISOString().slice(0, 10);
const isDate = (date: string): boolean => {
  const parsed = Date.parse(date);
  return !Number.isNaN(parsed) && new Date(parsed).toISOString().slice(0, 10) === date;
};
const invalid = (message: string, remedy: string): SignalboxError =>
  new SignalboxError('PARAMETER_INVALID', message, remedy);
