import { CALENDARS, createCalendar } from '@signalbox/core';
import { describe, expect, it } from 'vitest';
import { MACRO_COLUMNS } from './macro-columns.js';
import type { MacroRow } from './macro.js';
import { createSimulatedFeed, DEMO_SESSIONS, demoSessions } from './simulator.js';

const calendar = createCalendar(CALENDARS['usdcop']!);
const dates = demoSessions(calendar, '2026-06-10');
const world = { seed: 42, edge: 0.3, firstSession: dates[0]! };
const feed = () => createSimulatedFeed(world, { symbol: 'USD/COP', calendar });

describe('demoSessions', () => {
  it('gives 120 session days in a row that end before today, whatever day today is', () => {
    expect(dates).toHaveLength(DEMO_SESSIONS.total);
    expect(dates).toEqual(calendar.sessionsBetween(dates[0]!, '2026-06-09'));
    // a Sunday before a holiday Monday, and that Monday
    expect(demoSessions(calendar, '2026-06-07').at(-1)).toBe('2026-06-05');
    expect(demoSessions(calendar, '2026-06-08').at(-1)).toBe('2026-06-05');
    expect(demoSessions(calendar, '2026-06-09', 2)).toEqual(['2026-06-04', '2026-06-05']);
  });
});

describe('the feed of a simulated world', () => {
  it('gives session k of the world on the k-th date, marked simulated, in any order of asking', () => {
    const one = feed();
    for (const k of [0, 60, 119, 3]) {
      const session = one.session(k);
      expect([session.index, session.date]).toEqual([k, dates[k]]);
      expect(session).toEqual(feed().session(k));
      expect(new Set(session.bars.map(({ source, symbol }) => `${source} ${symbol}`))).toEqual(
        new Set(['simulated USD/COP']),
      );
    }
    expect(() => one.session(-1)).toThrow(RangeError);
  });

  it('carries macro values under the columns of the store', () => {
    const { macro } = feed().session(0);
    const dxy = MACRO_COLUMNS.findIndex(({ name }) => name === 'dxy');
    for (const { values } of macro) {
      expect(values).toHaveLength(MACRO_COLUMNS.length);
      expect(values[dxy]).toBeGreaterThan(50);
    }
    const known = new Set(MACRO_COLUMNS.map(({ name }) => name));
    for (const name of feed().columns) expect(known).toContain(name);
  });

  it('is resumable at any bar: pieces, each from a new feed, make the whole, with nothing before it is complete', () => {
    const end = calendar.sessionClose(dates[3]!)!;
    const whole = feed().since(null, end);
    expect(whole.bars).toHaveLength(4 * calendar.slotsPerSession);
    const bars = [];
    const macro: MacroRow[] = [];
    let after: number | null = null;
    for (let now = calendar.sessionOpen(dates[0]!)!; now <= end; now += 7 * 60_000) {
      const piece = feed().since(after, now);
      for (const bar of piece.bars) expect(bar.time + calendar.slotMs).toBeLessThanOrEqual(now);
      bars.push(...piece.bars);
      // rows of an open session without a complete bar come again, until a bar of it is stored
      for (const row of piece.macro) if (!macro.some(({ date }) => date === row.date)) macro.push(row);
      after = bars.at(-1)?.time ?? null;
    }
    const rest = feed().since(after, end);
    expect([...bars, ...rest.bars]).toEqual(whole.bars);
    expect(macro).toEqual(whole.macro);
    expect(feed().since(whole.bars.at(-1)!.time, end)).toEqual({ bars: [], macro: [] });
  });

  it('gives no macro row before the session at whose open it is known', () => {
    const open = calendar.sessionOpen(dates[5]!)!;
    const before = calendar.sessionOpen(dates[4]!)!;
    expect(feed().since(before, open - 1).macro).toEqual([]);
    expect(feed().since(before, open).macro).toEqual(feed().session(5).macro);
  });
});
