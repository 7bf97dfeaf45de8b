import { DAY_MS, epochDay, isoDate, isoWeekday } from './date.js';

export interface Holiday {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly name: string;
}

type Rule =
  | {
      readonly name: string;
      readonly month: number;
      readonly day: number;
      readonly monday?: true;
      readonly since?: number;
    }
  | { readonly name: string; readonly easter: number };

/** Colombian public holidays: law 51 of 1983 moves those marked `monday` to the Monday on or after their day. */
const COLOMBIA: readonly Rule[] = [
  { name: "New Year's Day", month: 1, day: 1 },
  { name: 'Epiphany', month: 1, day: 6, monday: true },
  { name: "Saint Joseph's Day", month: 3, day: 19, monday: true },
  { name: 'Maundy Thursday', easter: -3 },
  { name: 'Good Friday', easter: -2 },
  { name: 'Labour Day', month: 5, day: 1 },
  { name: 'Ascension', easter: 43 },
  { name: 'Corpus Christi', easter: 64 },
  { name: 'Sacred Heart', easter: 71 },
  { name: 'Saint Peter and Saint Paul', month: 6, day: 29, monday: true },
  { name: 'Our Lady of Chiquinquirá', month: 7, day: 9, monday: true, since: 2026 },
  { name: 'Independence Day', month: 7, day: 20 },
  { name: 'Battle of Boyacá', month: 8, day: 7 },
  { name: 'Assumption', month: 8, day: 15, monday: true },
  { name: 'Day of Ethnic Diversity', month: 10, day: 12, monday: true },
  { name: "All Saints' Day", month: 11, day: 1, monday: true },
  { name: 'Independence of Cartagena', month: 11, day: 11, monday: true },
  { name: 'Immaculate Conception', month: 12, day: 8 },
  { name: 'Christmas Day', month: 12, day: 25 },
];

/** Colombian public holidays of a year, by date; two on one date are one entry that names both. */
export function colombianHolidays(year: number): Holiday[] {
  const names = new Map<number, string>();
  const sunday = easterSunday(year);
  for (const rule of COLOMBIA) {
    if ('easter' in rule) add(names, sunday + rule.easter, rule.name);
    else if (year >= (rule.since ?? 0)) {
      const day = dayOf(year, rule.month, rule.day);
      add(names, rule.monday ? day + ((8 - isoWeekday(day)) % 7) : day, rule.name);
    }
  }
  return sorted(names);
}

/**
 * Public holidays of the United States (federal; one on a Saturday is observed on Friday, on a Sunday on Monday) with Good
 * Friday, on which its exchanges rest. They are reported and close nothing here.
 */
export function usHolidays(year: number): Holiday[] {
  const names = new Map<number, string>();
  const fixed = (on: number, month: number, day: number, name: string): void => {
    const actual = dayOf(on, month, day);
    const weekday = isoWeekday(actual);
    const observed = weekday === 6 ? actual - 1 : weekday === 7 ? actual + 1 : actual;
    if (isoDate(observed).startsWith(String(year))) add(names, observed, name);
  };
  fixed(year, 1, 1, "New Year's Day");
  fixed(year + 1, 1, 1, "New Year's Day");
  add(names, nth(year, 1, 1, 3), 'Martin Luther King Jr. Day');
  add(names, nth(year, 2, 1, 3), "Presidents' Day");
  add(names, easterSunday(year) - 2, 'Good Friday');
  add(names, nth(year, 6, 1, 1) - 7, 'Memorial Day');
  if (year >= 2021) fixed(year, 6, 19, 'Juneteenth');
  fixed(year, 7, 4, 'Independence Day');
  add(names, nth(year, 9, 1, 1), 'Labor Day');
  add(names, nth(year, 10, 1, 2), 'Columbus Day');
  fixed(year, 11, 11, 'Veterans Day');
  add(names, nth(year, 11, 4, 4), 'Thanksgiving');
  fixed(year, 12, 25, 'Christmas Day');
  return sorted(names);
}

/** True on a public holiday of the United States: worth a line in a report, no reason to close. */
export function isUsHoliday(date: string): boolean {
  return usHolidays(Number(date.slice(0, 4))).some((holiday) => holiday.date === date);
}

/** Easter Sunday as a day number: the anonymous Gregorian computus (Nature, 1876; Meeus, Astronomical Algorithms, ch. 8). */
export function easterSunday(year: number): number {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const f = Math.floor((b + 8) / 25);
  const g = Math.floor((b - f + 1) / 3);
  const h = (19 * a + b - Math.floor(b / 4) - g + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const n = h + l - 7 * m + 114;
  return dayOf(year, Math.floor(n / 31), (n % 31) + 1);
}

function dayOf(year: number, month: number, day: number): number {
  return Date.UTC(year, month - 1, day) / DAY_MS;
}

/** The nth given weekday of a month. */
function nth(year: number, month: number, weekday: number, n: number): number {
  const first = dayOf(year, month, 1);
  return first + ((weekday - isoWeekday(first) + 7) % 7) + (n - 1) * 7;
}

function add(names: Map<number, string>, day: number, name: string): void {
  const other = names.get(day);
  names.set(day, other ? `${other}; ${name}` : name);
}

function sorted(names: Map<number, string>): Holiday[] {
  return [...names]
    .map(([day, name]) => ({ date: isoDate(day), name }))
    .sort((a, b) => epochDay(a.date) - epochDay(b.date));
}
