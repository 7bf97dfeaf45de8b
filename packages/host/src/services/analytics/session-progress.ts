import type { Calendar } from '@signalbox/core';
import { iso } from '../respond.js';
import { route } from '../route.js';
import { Query } from '../schemas.js';
import { PROGRESS_STATUS, SessionProgress, symbolParameter } from './schemas.js';
import { frame } from './window.js';

export const sessionProgress = route({
  path: '/api/analytics/session-progress',
  summary: "How far today's session is",
  description:
    "At market time, by the calendar: today's session, or the next one on a day without. `data_points` are the session's " +
    'stored bars that are complete.',
  query: Query({ symbol: symbolParameter }),
  response: SessionProgress,
  errors: [404],
  async handler({ query }, deps) {
    const { calendar, clock, reads } = deps;
    const { instrument, head, simulated } = frame(query.symbol, 1, deps);
    const now = clock.now();
    const today = calendar.sessionDate(now);
    const date = calendar.isSessionDay(today) ? today : calendar.nextSessionDay(today);
    const [open, close] = [calendar.sessionOpen(date)!, calendar.sessionClose(date)!];
    const passed = Math.min(Math.max(now - open, 0), close - open);
    const [prices] = await reads.sessionPrices(instrument.symbol, [{ open, close }], now, calendar.slotMs);
    return {
      ...head(prices?.bars ?? 0),
      status: statusOf(today, now, calendar),
      progress: Math.round((passed / (close - open)) * 10_000) / 100,
      bars_elapsed: Math.floor(passed / calendar.slotMs),
      bars_total: Math.floor((close - open) / calendar.slotMs),
      time_remaining_minutes: Math.ceil((close - open - passed) / 60_000),
      session_start: iso(open),
      session_end: iso(close),
      current_time: iso(now),
      notes: {},
      simulated,
    };
  },
});

function statusOf(date: string, time: number, calendar: Calendar): (typeof PROGRESS_STATUS)[number] {
  if (calendar.isSessionDay(date)) {
    const status = calendar.status(time);
    return status === 'open' ? 'OPEN' : status === 'pre_market' ? 'PRE_MARKET' : 'CLOSED';
  }
  if ([0, 6].includes(new Date(date).getUTCDay())) return 'WEEKEND';
  return calendar.holidayOf(date) === undefined ? 'CLOSED' : 'HOLIDAY';
}
