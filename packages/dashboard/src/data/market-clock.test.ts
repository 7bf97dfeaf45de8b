import { describe, expect, it } from 'vitest';
import { barInProgress, marketNow, openSession, readClock } from './market-clock.js';
import type { Clock } from './types.js';

const clock: Clock = {
  mode: 'replay',
  speed: 60,
  now: '2025-06-13T16:02:46.000Z',
  world: 'simulated',
  simulated: true,
  market_status: 'open',
  next_open: '2025-06-16T13:00:00.000Z',
  next_close: '2025-06-13T18:00:00.000Z',
};
const at = (text: string): number => Date.parse(text);

describe('market time between two readings', () => {
  const reading = readClock(clock, 1000)!;

  it('runs at the speed of the replay clock', () => {
    expect(marketNow(reading, 3000)).toBe(at('2025-06-13T16:04:46.000Z'));
  });

  it('stands still while paused (speed 0)', () => {
    expect(marketNow(readClock({ ...clock, speed: 0 }, 1000)!, 99_000)).toBe(at(clock.now));
  });

  it('never runs past the end of the session: what the replay clock skips is for the host to say', () => {
    expect(marketNow(reading, 1_000_000, at(clock.next_close))).toBe(at(clock.next_close));
  });

  it('does not go back when the machine’s clock does', () => {
    expect(marketNow(reading, 0)).toBe(at(clock.now));
  });

  it('an unreadable time is no reading', () => {
    expect(readClock({ ...clock, now: '' }, 0)).toBeNull();
  });
});

describe('the session in progress', () => {
  it('starts at the next session’s time of day, weekends included, and has as many bars as fit', () => {
    expect(openSession(clock)).toEqual({
      opensAt: at('2025-06-13T13:00:00.000Z'),
      closesAt: at(clock.next_close),
      bars: 60,
    });
  });

  it('is none while the market is closed', () => {
    expect(openSession({ ...clock, market_status: 'closed' })).toBeNull();
  });

  it('counts the bar in progress from 1: `bar 37/60 · next 2:14`', () => {
    const session = openSession(clock)!;
    const now = at(clock.now);
    const bar = barInProgress(session, now);
    expect(bar.index).toBe(37);
    expect(bar.completeAt - now).toBe(134_000);
    expect(barInProgress(session, session.opensAt).index).toBe(1);
    expect(barInProgress(session, session.closesAt).index).toBe(60);
  });
});
