import { SignalboxError } from '../errors.js';
import { epochDay, isoDate, isoWeekday, minutesOfDay } from './date.js';
import type { Slot } from './slot.js';
import { createZone } from './zone.js';

/** A trading calendar as data: another market needs another object, no code. */
export interface CalendarData {
  readonly id: string;
  readonly version: string;
  /** IANA zone of every time and date below. */
  readonly zone: string;
  /** `HH:MM`, the open time of the first slot. */
  readonly open: string;
  /** `HH:MM`, exclusive; `24:00` closes a day of 24 hours. */
  readonly close: string;
  /** Weekdays with a session: 1 Monday … 7 Sunday. */
  readonly days: readonly number[];
  /** `YYYY-MM-DD`, closed. */
  readonly holidays: readonly string[];
  readonly slotMinutes: number;
  /** Names of holidays by date, where known. */
  readonly holidayNames?: Readonly<Record<string, string>>;
  /** First and last date for which the holidays are known; outside there are no sessions. */
  readonly covers?: { readonly from: string; readonly to: string };
}

/** Market hours at an instant: `pre_market` is the hour before a session. */
export type MarketStatus = 'open' | 'pre_market' | 'closed';

/** Sessions and slots of one market. Times are epoch milliseconds UTC, dates `YYYY-MM-DD` in the calendar's zone. */
export interface Calendar {
  readonly id: string;
  readonly version: string;
  readonly zone: string;
  readonly slotMs: number;
  /** Slots of an ordinary session; a 24-hour session in a zone with summer time has more or fewer twice a year. */
  readonly slotsPerSession: number;
  /** The slot that opens at `time`; undefined outside sessions, on holidays and between slot boundaries. */
  slot(time: number): Slot | undefined;
  /** Local date of an instant. */
  sessionDate(time: number): string;
  sessionOpen(date: string): number | undefined;
  /** End of the session, exclusive. */
  sessionClose(date: string): number | undefined;
  isSessionDay(date: string): boolean;
  /** First session day after `date`. Throws CALENDAR_UNKNOWN where the calendar's data end. */
  nextSessionDay(date: string): string;
  /** Last session day before `date`. Throws CALENDAR_UNKNOWN where the calendar's data begin. */
  previousSessionDay(date: string): string;
  status(now: number): MarketStatus;
  /** First session start after `now`. */
  nextOpen(now: number): number;
  /** First session end after `now`. */
  nextClose(now: number): number;
  /** Session days from `from` to `to`, both included. */
  sessionsBetween(from: string, to: string): string[];
  /** The holiday's name (`holiday` when the data have none), undefined on other days. */
  holidayOf(date: string): string | undefined;
}

interface Day {
  readonly date: string;
  readonly open: number;
  readonly close: number;
  readonly slots: number;
  /** Ordinal of the first slot. */
  readonly first: number;
}

const PRE_MARKET_MS = 60 * 60_000;
/** `Slot.ordinal` 0 is the first slot of the first session from here on; there are none before. */
const BASE_DAY = /* @__PURE__ */ epochDay('2000-01-01');
const NO_DAY: Day = { date: '', open: Infinity, close: -Infinity, slots: 0, first: 0 };

/**
 * Compiles a calendar. Local time goes through the IANA zone and is resolved once a day; a bar costs integer arithmetic.
 * Throws CONFIG_INVALID when the data contradict themselves.
 */
export function createCalendar(data: CalendarData): Calendar {
  const openMinute = minutesOfDay(data.open);
  const closeMinute = minutesOfDay(data.close);
  check(data, openMinute, closeMinute);
  const zone = createZone(data.zone);
  const slotMs = data.slotMinutes * 60_000;
  const slotsPerSession = (closeMinute - openMinute) / data.slotMinutes;
  const weekdays = new Set(data.days);
  const holidays = new Set(data.holidays.map(epochDay));
  const firstDay = Math.max(BASE_DAY, data.covers ? epochDay(data.covers.from) : BASE_DAY);
  const lastDay = data.covers ? epochDay(data.covers.to) : epochDay('2199-12-31');
  const isSession = (day: number): boolean =>
    day >= firstDay && day <= lastDay && weekdays.has(isoWeekday(day)) && !holidays.has(day);

  // sessions before a day: whole weeks by arithmetic, holidays by search
  const closedDays = Float64Array.from(
    [...holidays].filter((d) => d >= BASE_DAY && weekdays.has(isoWeekday(d))),
  ).sort();
  const sessionsBefore = (day: number): number => {
    const weeks = Math.floor((day - BASE_DAY) / 7);
    let count = weeks * weekdays.size;
    for (let d = BASE_DAY + weeks * 7; d < day; d++) if (weekdays.has(isoWeekday(d))) count++;
    return count - lowerBound(closedDays, day);
  };

  // days on which the clock was moved within the session, so that it has more or fewer slots
  const odd: { readonly day: number; readonly extra: number }[] = [];
  let scannedWeek = Math.floor(BASE_DAY / 7);
  const extraBefore = (day: number): number => {
    for (; scannedWeek * 7 <= day; scannedWeek++) {
      if (!zone.changesIn(scannedWeek)) continue;
      for (let d = scannedWeek * 7 - 1; d < scannedWeek * 7 + 8; d++) {
        const extra = isSession(d) ? slotsOn(d) - slotsPerSession : 0;
        if (extra !== 0 && d > (odd.at(-1)?.day ?? 0)) odd.push({ day: d, extra });
      }
    }
    let sum = 0;
    for (const { day: d, extra } of odd) if (d < day) sum += extra;
    return sum;
  };
  const slotsOn = (day: number): number => Math.floor((zone.at(day, closeMinute) - zone.at(day, openMinute)) / slotMs);

  const days = new Map<number, Day>();
  const dayOf = (day: number): Day => {
    let known = days.get(day);
    if (!known) {
      known = !isSession(day)
        ? NO_DAY
        : {
            date: isoDate(day),
            open: zone.at(day, openMinute),
            close: zone.at(day, closeMinute),
            slots: slotsOn(day),
            first: sessionsBefore(day) * slotsPerSession + extraBefore(day),
          };
      days.set(day, known);
    }
    return known;
  };
  const at = (time: number): Day => (Number.isFinite(time) && Math.abs(time) < 8e15 ? dayOf(zone.dayOf(time)) : NO_DAY);
  let recent = NO_DAY;
  const onDate = (date: string): Day => {
    if (date === recent.date) return recent;
    const day = epochDay(date);
    return Number.isNaN(day) ? NO_DAY : dayOf(day);
  };
  const seek = (from: number, step: 1 | -1): number => {
    for (let day = from + step; day >= firstDay && day <= lastDay; day += step) if (isSession(day)) return day;
    // before the first covered day the next session is the first one, after the last the previous is the last one
    const edge = step === 1 ? firstDay : lastDay;
    if ((step === 1 && from < firstDay) || (step === -1 && from > lastDay))
      return isSession(edge) ? edge : seek(edge, step);
    throw new SignalboxError(
      'CALENDAR_UNKNOWN',
      `calendar ${data.id} ${data.version} knows no session ${step === 1 ? 'after' : 'before'} ${isoDate(from)} (it covers ${isoDate(firstDay)} to ${isoDate(lastDay)})`,
      'Regenerate the calendar with later years (packages/core/scripts/generate-calendar.mjs) or correct the date.',
    );
  };
  const dayNumber = (date: string): number => {
    const day = epochDay(date);
    if (Number.isNaN(day)) throw new RangeError(`not a date (YYYY-MM-DD): ${date}`);
    return day;
  };

  const calendar: Calendar = {
    id: data.id,
    version: data.version,
    zone: data.zone,
    slotMs,
    slotsPerSession,
    slot(time) {
      if (time < recent.open || time >= recent.close) {
        const day = at(time);
        if (time < day.open || time >= day.close) return undefined;
        recent = day;
      }
      const index = Math.floor((time - recent.open) / slotMs) | 0;
      if (recent.open + index * slotMs !== time) return undefined;
      return { session: recent.date, index, ordinal: recent.first + index, last: index === recent.slots - 1 };
    },
    sessionDate: (time) => isoDate(zone.dayOf(time)),
    sessionOpen: (date) => finite(onDate(date).open),
    sessionClose: (date) => finite(onDate(date).close),
    isSessionDay: (date) => isSession(epochDay(date)),
    nextSessionDay: (date) => isoDate(seek(dayNumber(date), 1)),
    previousSessionDay: (date) => isoDate(seek(dayNumber(date), -1)),
    status(now) {
      const today = at(now);
      if (now >= today.open && now < today.close) return 'open';
      const soon = at(now + PRE_MARKET_MS);
      return now < soon.open && soon.open - now <= PRE_MARKET_MS ? 'pre_market' : 'closed';
    },
    nextOpen(now) {
      const today = zone.dayOf(now);
      return isSession(today) && dayOf(today).open > now ? dayOf(today).open : dayOf(seek(today, 1)).open;
    },
    nextClose(now) {
      const today = zone.dayOf(now);
      return isSession(today) && dayOf(today).close > now ? dayOf(today).close : dayOf(seek(today, 1)).close;
    },
    sessionsBetween(from, to) {
      const dates: string[] = [];
      const end = Math.min(dayNumber(to), lastDay);
      for (let day = Math.max(dayNumber(from), firstDay); day <= end; day++)
        if (isSession(day)) dates.push(isoDate(day));
      return dates;
    },
    holidayOf: (date) => (holidays.has(epochDay(date)) ? (data.holidayNames?.[date] ?? 'holiday') : undefined),
  };
  return Object.freeze(calendar);
}

function finite(time: number): number | undefined {
  return Number.isFinite(time) ? time : undefined;
}

function lowerBound(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function check(data: CalendarData, open: number, close: number): void {
  const problems: string[] = [];
  if (Number.isNaN(open)) problems.push(`open is "${data.open}", not HH:MM`);
  if (Number.isNaN(close)) problems.push(`close is "${data.close}", not HH:MM`);
  if (!(close > open))
    problems.push(`close ${data.close} is not after open ${data.open} (a session lies within one local day)`);
  if (!Number.isInteger(data.slotMinutes) || data.slotMinutes < 1)
    problems.push(`slotMinutes is ${data.slotMinutes}, not a positive integer`);
  else if ((close - open) % data.slotMinutes !== 0)
    problems.push(`slotMinutes ${data.slotMinutes} does not divide the session`);
  if (data.days.length === 0 || data.days.some((d) => !Number.isInteger(d) || d < 1 || d > 7))
    problems.push('days must be 1 (Monday) … 7 (Sunday)');
  const bad = [...data.holidays, ...(data.covers ? [data.covers.from, data.covers.to] : [])].find((d) =>
    Number.isNaN(epochDay(d)),
  );
  if (bad !== undefined) problems.push(`"${bad}" is not a date (YYYY-MM-DD)`);
  try {
    createZone(data.zone);
  } catch {
    problems.push(`zone "${data.zone}" is not an IANA time zone`);
  }
  if (problems.length > 0)
    throw new SignalboxError(
      'CONFIG_INVALID',
      `calendar ${data.id}: ${problems.join('; ')}`,
      'Correct the calendar data.',
    );
}
