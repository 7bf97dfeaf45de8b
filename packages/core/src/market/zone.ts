import { DAY_MS } from './date.js';

const WEEK_MS = 7 * DAY_MS;

/** Local time of one IANA zone. All times are epoch milliseconds UTC, days are days since 1970-01-01. */
export interface Zone {
  readonly name: string;
  /** Local time minus UTC, in milliseconds. */
  offsetAt(time: number): number;
  /** The instant at which the zone's clock shows `minutes` after midnight of `day`; 1440 is the next midnight. */
  at(day: number, minutes: number): number;
  /** The local day in which an instant lies. */
  dayOf(time: number): number;
  /** True when the offset differs between the ends of an epoch week (7 days from a Thursday, UTC). */
  changesIn(week: number): boolean;
}

/**
 * Asks Intl once a week and computes the rest: a week whose two ends have one offset has that offset throughout (no zone
 * changes twice within seven days). Throws RangeError for an unknown zone.
 */
export function createZone(name: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const ask = (time: number): number => {
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(time)) part[type] = Number(value);
    const local = Date.UTC(
      part['year']!,
      part['month']! - 1,
      part['day']!,
      part['hour']!,
      part['minute']!,
      part['second']!,
    );
    return local - Math.floor(time / 1000) * 1000;
  };
  const weeks = new Map<number, number>();
  const ofWeek = (week: number): number => {
    let offset = weeks.get(week);
    if (offset === undefined) weeks.set(week, (offset = ask(week * WEEK_MS)));
    return offset;
  };
  const offsetAt = (time: number): number => {
    const week = Math.floor(time / WEEK_MS);
    const offset = ofWeek(week);
    return offset === ofWeek(week + 1) ? offset : ask(time);
  };
  return {
    name,
    offsetAt,
    at(day, minutes) {
      const local = day * DAY_MS + minutes * 60_000;
      return local - offsetAt(local - offsetAt(local));
    },
    dayOf: (time) => Math.floor((time + offsetAt(time)) / DAY_MS),
    changesIn: (week) => ofWeek(week) !== ofWeek(week + 1),
  };
}
