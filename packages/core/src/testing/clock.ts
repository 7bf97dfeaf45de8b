import type { Clock } from '../market/clock.js';

/** A clock that stands still until it is told to move. */
export interface FakeClock extends Clock {
  /** Moves market time forward by so many milliseconds, and returns the new time. */
  advance(milliseconds: number): number;
  /** Sets market time, backwards too. */
  set(time: number): void;
}

/**
 * Market time under a test's control: nothing moves it but `advance` and `set`.
 *
 * @example
 * const clock = createFakeClock(Date.UTC(2026, 7, 3, 13));
 * clock.advance(300_000);
 */
export function createFakeClock(time = 0, mode: Clock['mode'] = 'replay'): FakeClock {
  let now = time;
  return {
    mode,
    speed: mode === 'wall' ? 1 : 0,
    now: () => now,
    advance: (milliseconds) => (now += milliseconds),
    set: (to) => {
      now = to;
    },
  };
}
