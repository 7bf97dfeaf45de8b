import { epoch } from '../format/time.js';
import { BAR_MS } from './staleness.js';
import type { Clock } from './types.js';

/** A reading of the host's clock: market time at a moment of wall time. Between two readings the page lets it run on. */
export interface ClockReading {
  readonly market: number;
  readonly wall: number;
  /** Market milliseconds per wall millisecond; 0 while paused. */
  readonly rate: number;
}

export function readClock(clock: Pick<Clock, 'now' | 'speed'>, wall: number): ClockReading | null {
  const market = epoch(clock.now);
  return market === null ? null : { market, wall, rate: Math.max(0, clock.speed) };
}

/**
 * Market time now. It never runs past `limit` (the end of the session, which a replay clock jumps over): what comes after is
 * for the host to say.
 */
export function marketNow(reading: ClockReading, wall: number, limit: number | null = null): number {
  const now = reading.market + Math.max(0, wall - reading.wall) * reading.rate;
  return limit !== null && limit > reading.market ? Math.min(now, limit) : now;
}

const DAY_MS = 86_400_000;

/** The session in progress, in epoch ms; null while the market is closed. */
export interface OpenSession {
  readonly opensAt: number;
  readonly closesAt: number;
  readonly bars: number;
}

/**
 * The host says when the session ends and when the next one starts; sessions of a calendar start at one time of day, so today's
 * started a whole number of days before the next.
 */
export function openSession(clock: Clock, barMs: number = BAR_MS): OpenSession | null {
  const now = epoch(clock.now);
  const nextOpen = epoch(clock.next_open);
  const closesAt = epoch(clock.next_close);
  if (clock.market_status !== 'open' || now === null || nextOpen === null || closesAt === null) return null;
  const opensAt = nextOpen - Math.max(0, Math.ceil((nextOpen - now) / DAY_MS)) * DAY_MS;
  return closesAt > opensAt ? { opensAt, closesAt, bars: Math.round((closesAt - opensAt) / barMs) } : null;
}

/** Number of the bar in progress, from 1, and when it is complete. */
export function barInProgress(
  session: OpenSession,
  now: number,
  barMs: number = BAR_MS,
): { index: number; completeAt: number } {
  const index = Math.min(session.bars, Math.max(1, Math.floor((now - session.opensAt) / barMs) + 1));
  return { index, completeAt: session.opensAt + index * barMs };
}
