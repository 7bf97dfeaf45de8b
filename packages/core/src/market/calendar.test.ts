import { describe, expect, it } from 'vitest';
import { createCalendar, type CalendarData } from './calendar.js';
import { USDCOP_CALENDAR } from './calendars.js';
import { usHolidays } from './holidays.js';
import type { Slot } from './slot.js';

const calendar = createCalendar(USDCOP_CALENDAR);
const at = (iso: string): number => Date.parse(iso);

/** Everything that a 24×5 and a 24×7 market need. */
const FX: CalendarData = {
  id: 'fx',
  version: '1',
  zone: 'America/New_York',
  open: '00:00',
  close: '24:00',
  days: [1, 2, 3, 4, 5],
  holidays: ['2026-12-25'],
  slotMinutes: 5,
};
const CRYPTO: CalendarData = {
  ...FX,
  id: 'crypto',
  zone: 'Europe/Madrid',
  days: [1, 2, 3, 4, 5, 6, 7],
  holidays: [],
  slotMinutes: 60,
};

describe('USD/COP sessions (section 3)', () => {
  it('60 slots, open times 08:00 to 12:55 Bogota, left-closed and right-open', () => {
    expect(calendar.slotsPerSession).toBe(60);
    expect(calendar.slot(at('2024-01-02T12:55:00Z'))).toBeUndefined();
    expect(calendar.slot(at('2024-01-02T13:00:00Z'))).toMatchObject({ session: '2024-01-02', index: 0, last: false });
    expect(calendar.slot(at('2024-01-02T17:50:00Z'))).toMatchObject({ index: 58, last: false });
    expect(calendar.slot(at('2024-01-02T17:55:00Z'))).toMatchObject({ index: 59, last: true });
    expect(calendar.slot(at('2024-01-02T18:00:00Z'))).toBeUndefined();
    expect(calendar.sessionOpen('2024-01-02')).toBe(at('2024-01-02T13:00:00Z'));
    expect(calendar.sessionClose('2024-01-02')).toBe(at('2024-01-02T18:00:00Z'));
  });

  it('a time between slot boundaries, a weekend and a holiday are no slots', () => {
    for (const time of [
      '2024-01-02T13:02:00Z',
      '2024-01-02T13:00:00.001Z',
      '2024-01-06T14:00:00Z',
      '2024-01-08T14:00:00Z',
    ]) {
      expect(calendar.slot(at(time)), time).toBeUndefined();
    }
    expect(calendar.slot(NaN)).toBeUndefined();
    expect(calendar.slot(1e300)).toBeUndefined();
    expect(calendar.sessionOpen('2024-01-08')).toBeUndefined();
    expect(calendar.holidayOf('2024-01-08')).toBe('Epiphany');
    expect(calendar.holidayOf('2024-01-09')).toBeUndefined();
  });

  it('US holidays do not close it', () => {
    const closed = usHolidays(2024).filter((h) => !calendar.isSessionDay(h.date) && !calendar.holidayOf(h.date));
    expect(closed).toEqual([]);
    expect(calendar.isSessionDay('2024-07-04')).toBe(true);
  });

  it('ordinals count slots and skip nights, weekends and holidays', () => {
    const ordinal = (time: string) => calendar.slot(at(time))!.ordinal;
    expect(ordinal('2024-01-03T13:00:00Z') - ordinal('2024-01-02T17:55:00Z')).toBe(1);
    // Friday, then a weekend and Epiphany on Monday
    expect(ordinal('2024-01-09T13:00:00Z') - ordinal('2024-01-05T17:55:00Z')).toBe(1);
    expect(ordinal('2000-01-03T13:00:00Z'), 'the first session day of 2000').toBe(0);
  });

  it('ordinals, counted one by one over 41 years', () => {
    let expected = 0;
    for (const date of calendar.sessionsBetween('1990-01-01', '2050-01-01')) {
      expect(calendar.slot(calendar.sessionOpen(date)!)!.ordinal).toBe(expected);
      expected += 60;
    }
    expect(expected / 60).toBeGreaterThan(41 * 240);
  });

  it('does not depend on the order of questions', () => {
    const other = createCalendar(USDCOP_CALENDAR);
    const times = ['2031-05-06T13:05:00Z', '2004-02-03T17:00:00Z', '2019-12-02T13:00:00Z'].map(at);
    expect(times.map((t) => other.slot(t))).toEqual(times.map((t) => calendar.slot(t)));
  });

  it('status: open, the 60 minutes before as pre_market, else closed', () => {
    const status = (time: string) => calendar.status(at(time));
    expect(status('2024-01-02T11:59:59.999Z')).toBe('closed');
    expect(status('2024-01-02T12:00:00Z')).toBe('pre_market');
    expect(status('2024-01-02T12:59:59.999Z')).toBe('pre_market');
    expect(status('2024-01-02T13:00:00Z')).toBe('open');
    expect(status('2024-01-02T17:59:59.999Z')).toBe('open');
    expect(status('2024-01-02T18:00:00Z')).toBe('closed');
    expect(status('2024-01-08T12:30:00Z'), 'a holiday has no session to precede').toBe('closed');
  });

  it('next_open is the first start after now, next_close the first end after now', () => {
    const next = (time: string) =>
      [calendar.nextOpen(at(time)), calendar.nextClose(at(time))].map((t) => new Date(t).toISOString());
    expect(next('2024-01-02T12:59:59Z')).toEqual(['2024-01-02T13:00:00.000Z', '2024-01-02T18:00:00.000Z']);
    expect(next('2024-01-02T13:00:00Z')).toEqual(['2024-01-03T13:00:00.000Z', '2024-01-02T18:00:00.000Z']);
    expect(next('2024-01-05T18:00:00Z')).toEqual(['2024-01-09T13:00:00.000Z', '2024-01-09T18:00:00.000Z']);
  });

  it('session days before, after and between, and the local date', () => {
    expect(calendar.nextSessionDay('2024-01-05')).toBe('2024-01-09');
    expect(calendar.previousSessionDay('2024-01-09')).toBe('2024-01-05');
    expect(calendar.sessionsBetween('2024-01-05', '2024-01-10')).toEqual(['2024-01-05', '2024-01-09', '2024-01-10']);
    expect(calendar.sessionDate(at('2024-01-02T04:59:59Z'))).toBe('2024-01-01');
    expect(calendar.sessionDate(at('2024-01-02T05:00:00Z'))).toBe('2024-01-02');
  });

  it('says so where its data end instead of inventing a session', () => {
    expect(calendar.slot(at('2041-01-02T14:00:00Z'))).toBeUndefined();
    expect(() => calendar.nextSessionDay('2040-12-31')).toThrow(expect.objectContaining({ code: 'CALENDAR_UNKNOWN' }));
    expect(() => calendar.previousSessionDay('2000-01-01')).toThrow(
      expect.objectContaining({ code: 'CALENDAR_UNKNOWN' }),
    );
  });
});

describe.each([FX, CRYPTO])('a session of 24 hours by configuration only: $id', (data) => {
  const market = createCalendar(data);

  it('every slot of two years has the next ordinal, through both changes of the clock', () => {
    const from = at('2025-06-01T00:00:00Z');
    const faults: Slot[] = [];
    let last: Slot | undefined;
    let sessions = 0;
    for (let time = from; time < at('2027-06-01T00:00:00Z'); time += market.slotMs) {
      const slot = market.slot(time);
      if (!slot) continue;
      if (last && (slot.ordinal !== last.ordinal + 1 || last.last !== (slot.index === 0))) faults.push(slot);
      if (slot.last) sessions++;
      last = slot;
    }
    expect(faults).toEqual([]);
    // New York's 31 May 2027 ends after the last bar; Madrid's 1 June 2025 began before the first
    expect(sessions).toBe(market.sessionsBetween('2025-06-01', data.id === 'fx' ? '2027-05-30' : '2027-05-31').length);
  });

  it('the day starts at 00:00 of its zone', () => {
    const open = market.sessionOpen('2026-07-01')!;
    expect(new Date(open).toISOString()).toBe(
      data.id === 'fx' ? '2026-07-01T04:00:00.000Z' : '2026-06-30T22:00:00.000Z',
    );
    expect(market.sessionClose('2026-07-01')! - open).toBe(86_400_000);
    expect(market.slotsPerSession).toBe(1440 / data.slotMinutes);
  });

  it('status', () => {
    const sunday = at('2026-07-05T23:30:00Z');
    expect(market.status(sunday)).toBe(data.id === 'fx' ? 'closed' : 'open');
    expect(market.status(at('2026-07-06T03:30:00Z'))).toBe(data.id === 'fx' ? 'pre_market' : 'open');
    expect(market.status(at('2026-07-07T03:59:59Z'))).toBe('open');
  });
});

it('a day of 25 hours has more slots, a day of 23 fewer', () => {
  const market = createCalendar(CRYPTO);
  const slots = (date: string) => (market.sessionClose(date)! - market.sessionOpen(date)!) / market.slotMs;
  expect(['2026-03-29', '2026-06-01', '2026-10-25'].map(slots)).toEqual([23, 24, 25]);
  expect(market.slot(market.sessionClose('2026-10-25')! - market.slotMs)).toMatchObject({ index: 24, last: true });
});

describe('calendar data that contradict themselves are refused', () => {
  it.each([
    [{ close: '07:00' }, 'not after open'],
    [{ open: '8:00' }, 'not HH:MM'],
    [{ slotMinutes: 7 }, 'does not divide'],
    [{ days: [0] }, '1 (Monday)'],
    [{ holidays: ['2024-02-30'] }, '2024-02-30'],
    [{ zone: 'America/Bogotá' }, 'IANA'],
  ])('%j', (change, message) => {
    const broken = { ...USDCOP_CALENDAR, ...change };
    expect(() => createCalendar(broken)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(message) }),
    );
  });
});
