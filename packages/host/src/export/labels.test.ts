import { createCalendar, USDCOP_CALENDAR, type Bar } from '@signalbox/core';
import { describe, expect, it } from 'vitest';
import { labelsOf } from './labels.js';

const calendar = createCalendar(USDCOP_CALENDAR);
/** Bars of a session whose open is 4000 + its slot. */
const session = (date: string, slots = Array.from({ length: 60 }, (_, i) => i)): Bar[] =>
  slots.map((i) => {
    const open = 4000 + i;
    return {
      time: calendar.sessionOpen(date)! + i * calendar.slotMs,
      open,
      high: open,
      low: open,
      close: open,
      volume: 0,
    };
  });

describe('labelsOf', () => {
  it('is ln(open t+13 / open t+1), and missing where the horizon leaves the session', () => {
    const bars = [...session('2024-01-02'), ...session('2024-01-03')];
    const labels = labelsOf(bars, calendar, 12);
    expect(labels[0]!.logReturn).toBe(Math.log(4013 / 4001));
    expect(labels[60]!.logReturn).toBe(Math.log(4013 / 4001));
    // slot 46 looks at 47 and 59, slot 47 would look at 60
    expect(labels[46]!.logReturn).toBe(Math.log(4059 / 4047));
    expect(labels.slice(47, 60).every((label) => Number.isNaN(label.logReturn))).toBe(true);
  });

  it('is missing when either slot is absent: no other bar stands in for it', () => {
    const slots = Array.from({ length: 60 }, (_, i) => i).filter((i) => i !== 20);
    const bars = session('2024-01-02', slots);
    const at = (slot: number) => labelsOf(bars, calendar, 12)[slots.indexOf(slot)]!;
    expect(at(19).logReturn).toBeNaN();
    expect(at(7).logReturn).toBeNaN();
    expect(at(8).logReturn).toBe(Math.log(4021 / 4009));
    // the fill is at the next stored bar
    expect(at(19).fillPrice).toBe(4021);
    expect(at(59).fillPrice).toBeNaN();
  });
});
