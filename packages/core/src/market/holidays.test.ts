import { describe, expect, it } from 'vitest';
import { CALENDARS, USDCOP_CALENDAR } from './calendars.js';
import { epochDay, isoDate, isoWeekday } from './date.js';
import { colombianHolidays, easterSunday, isUsHoliday, usHolidays } from './holidays.js';

describe('Colombian holidays', () => {
  it('the shipped data are what the rule gives, 2000 to 2040', () => {
    const rule = Array.from({ length: 41 }, (_, i) => colombianHolidays(2000 + i)).flat();
    expect(USDCOP_CALENDAR.holidays).toEqual(rule.map((h) => h.date));
    expect(USDCOP_CALENDAR.holidayNames).toEqual(Object.fromEntries(rule.map((h) => [h.date, h.name])));
    expect(USDCOP_CALENDAR.covers).toEqual({ from: '2000-01-01', to: '2040-12-31' });
    expect(CALENDARS[USDCOP_CALENDAR.id]).toBe(USDCOP_CALENDAR);
  });

  it('2024 by the official list', () => {
    expect(colombianHolidays(2024).map((h) => h.date.slice(5))).toEqual(
      // prettier-ignore
      ['01-01', '01-08', '03-25', '03-28', '03-29', '05-01', '05-13', '06-03', '06-10', '07-01', '07-20', '08-07', '08-19', '10-14', '11-04', '11-11', '12-08', '12-25'],
    );
  });

  it('9 July is kept, on its Monday, from 2026 on', () => {
    const july = (year: number) =>
      colombianHolidays(year)
        .filter((h) => h.name.includes('Chiquinquir'))
        .map((h) => h.date);
    expect([july(2025), july(2026), july(2027)]).toEqual([[], ['2026-07-13'], ['2027-07-12']]);
  });

  it('two on one date count once', () => {
    const twice = colombianHolidays(2000).filter((h) => h.date === '2000-07-03');
    expect(twice).toEqual([{ date: '2000-07-03', name: 'Sacred Heart; Saint Peter and Saint Paul' }]);
    expect(new Set(USDCOP_CALENDAR.holidays).size).toBe(USDCOP_CALENDAR.holidays.length);
  });

  it('moved holidays fall on Mondays', () => {
    const moved = Array.from({ length: 41 }, (_, i) => colombianHolidays(2000 + i))
      .flat()
      .filter((h) => h.name === 'Assumption');
    expect(moved.every((h) => isoWeekday(epochDay(h.date)) === 1)).toBe(true);
  });

  it('Easter by published dates', () => {
    const published = {
      2000: '2000-04-23',
      2008: '2008-03-23',
      2011: '2011-04-24',
      2024: '2024-03-31',
      2038: '2038-04-25',
    };
    for (const [year, date] of Object.entries(published)) expect(isoDate(easterSunday(Number(year)))).toBe(date);
  });
});

describe('US holidays', () => {
  it('2026, with the observed Friday of a Saturday', () => {
    expect(usHolidays(2026).map((h) => h.date.slice(5))).toEqual(
      // prettier-ignore
      ['01-01', '01-19', '02-16', '04-03', '05-25', '06-19', '07-03', '09-07', '10-12', '11-11', '11-26', '12-25'],
    );
  });
  it('a New Year on Saturday is observed in the old year', () => {
    expect(isUsHoliday('2021-12-31')).toBe(true);
    expect(isUsHoliday('2022-01-01')).toBe(false);
    expect(isUsHoliday('2020-06-19'), 'Juneteenth begins in 2021').toBe(false);
  });
});
