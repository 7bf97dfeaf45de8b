// How long the demo world's sessions take to make: 120 sessions of 60 bars with their macro rows.
import { createCalendar, USDCOP_CALENDAR } from '@signalbox/core';
import { createSimulator, DEMO_EDGE } from '@signalbox/core/testing';

const calendar = createCalendar(USDCOP_CALENDAR);
const make = () => {
  const began = performance.now();
  createSimulator({ seed: 1, calendar, edge: DEMO_EDGE, firstSession: '2026-01-02' }).sessions(120);
  return performance.now() - began;
};
const cold = make();
const warm = Math.min(...Array.from({ length: 9 }, make));
const row = (name, value) => ({ name, value: Number(value.toFixed(1)), unit: 'ms' });
console.log(
  JSON.stringify({
    bench: 'simulator, 120 sessions (7,200 bars)',
    rows: [row('first call', cold), row('best of nine', warm)],
  }),
);
