import { SignalboxError, type Calendar, type Clock } from '@signalbox/core';

export interface ReplayClockOptions {
  /** Market time at which the replay begins, epoch milliseconds. */
  readonly start: number;
  /** Market seconds per wall second; 60 by default. */
  readonly speed?: number;
  readonly calendar: Calendar;
  /** Wall time, epoch milliseconds. */
  readonly wallNow: () => number;
}

/**
 * `running` behind the wall; `paused` by command; `joined`: inside a session and at wall time, at speed 1; `caught_up_closed`:
 * no session lies between here and the wall, so the demo begins again as a new world.
 */
export type ReplayPhase = 'running' | 'paused' | 'joined' | 'caught_up_closed';

export interface ReplayState {
  readonly phase: ReplayPhase;
  /** Market time, epoch milliseconds. */
  readonly now: number;
  /** Market seconds per wall second at this moment; 0 while paused or caught up. */
  readonly speed: number;
  /** The speed that was asked for. */
  readonly wantedSpeed: number;
}

export interface NextBar {
  /** Market time at which the next slot is complete. */
  readonly completesAt: number;
  /** Wall milliseconds until then. */
  readonly waitMs: number;
}

/** Market time of a simulated world. */
export interface ReplayClock extends Clock {
  readonly mode: 'replay';
  state(): ReplayState;
  /** The next slot that completes; null while paused or caught up with a closed market. */
  nextBarAt(): NextBar | null;
  pause(): void;
  resume(): void;
  /** Goes to the completion of the next slot and stands still there; stays where it is when the wall has not come so far. */
  step(): void;
  /** Throws PARAMETER_INVALID unless `speed` is above 0. */
  setSpeed(speed: number): void;
}

/** Market time that passes after a close before closed hours are skipped, so that the last bar is handled on its own day. */
export const AFTER_CLOSE_MS = 60_000;

/**
 * Replays sessions at `speed` and skips closed hours. Never goes back, never passes the wall. It has no timer: wall time is read when
 * it is asked.
 */
export function createReplayClock({ start, speed = 60, calendar, wallNow }: ReplayClockOptions): ReplayClock {
  let market = start;
  let wall = wallNow();
  let wanted = checked(speed);
  let paused = false;
  let phase: ReplayPhase = 'running';

  /** End of the hours in which time passes at `time`; undefined in closed hours. */
  const passesUntil = (time: number): number | undefined => {
    // its own day's session, else one that closed a moment before midnight
    for (const day of [calendar.sessionDate(time), calendar.sessionDate(time - AFTER_CLOSE_MS)]) {
      const open = calendar.sessionOpen(day);
      const end = (calendar.sessionClose(day) ?? -Infinity) + AFTER_CLOSE_MS;
      if (open !== undefined && time >= open && time < end) {
        // a market that does not close between sessions runs on into the next one
        return calendar.sessionOpen(calendar.sessionDate(end)) === end - AFTER_CLOSE_MS ? end - AFTER_CLOSE_MS : end;
      }
    }
    return undefined;
  };

  const advance = (): void => {
    const before = wall;
    wall = wallNow();
    if (paused) {
      phase = 'paused';
      return;
    }
    let left = Math.max(0, wall - before) * wanted;
    phase = 'running';
    for (;;) {
      const end = passesUntil(market);
      if (end === undefined) {
        const open = calendar.nextOpen(market);
        if (open > wall) {
          phase = 'caught_up_closed';
          return;
        }
        market = open;
        continue;
      }
      if (market + left >= wall && wall < end) {
        market = Math.max(market, wall);
        phase = 'joined';
        return;
      }
      if (market + left < end) {
        market += left;
        return;
      }
      left -= end - market;
      market = end;
    }
  };

  /** Market time of the first slot completion after `time`, and how much passing time lies before it. */
  const nextCompletion = (time: number): { at: number; passing: number } => {
    const close = calendar.nextClose(time);
    const open = calendar.sessionOpen(calendar.sessionDate(close - 1))!;
    const end = passesUntil(time);
    if (time >= open) {
      const at = open + (Math.floor((time - open) / calendar.slotMs) + 1) * calendar.slotMs;
      return { at: Math.min(at, close), passing: Math.min(at, close) - time };
    }
    return { at: open + calendar.slotMs, passing: (end === undefined ? 0 : end - time) + calendar.slotMs };
  };

  const clock: ReplayClock = {
    mode: 'replay',
    get speed() {
      return clock.state().speed;
    },
    now() {
      advance();
      return market;
    },
    state() {
      advance();
      const running = { running: wanted, joined: Math.min(1, wanted), paused: 0, caught_up_closed: 0 }[phase];
      return { phase, now: market, speed: running, wantedSpeed: wanted };
    },
    nextBarAt() {
      advance();
      if (phase === 'paused' || phase === 'caught_up_closed') return null;
      const { at, passing } = nextCompletion(market);
      // it can be no earlier than the wall itself
      return { completesAt: at, waitMs: Math.max(0, Math.ceil(Math.max(passing / wanted, at - wall))) };
    },
    pause() {
      advance();
      paused = true;
      phase = 'paused';
    },
    resume() {
      advance();
      paused = false;
      advance();
    },
    step() {
      advance();
      const { at } = nextCompletion(market);
      if (at <= wall) market = at;
      paused = true;
      phase = 'paused';
    },
    setSpeed(value) {
      checked(value);
      advance();
      wanted = value;
    },
  };
  return clock;
}

function checked(speed: number): number {
  if (Number.isFinite(speed) && speed > 0) return speed;
  throw new SignalboxError(
    'PARAMETER_INVALID',
    `speed: ${speed} is not a number above 0`,
    'Give market seconds per wall second, for example 60.',
  );
}
