import type { MarketStatus } from './types.js';

export const BAR_MS = 5 * 60_000;

export type Freshness = 'fresh' | 'late' | 'stale' | 'closed';

export interface BarAge {
  /** Market milliseconds since the newest bar was complete. */
  readonly age: number;
  readonly freshness: Freshness;
}

/**
 * Wall seconds that the page is behind a fast clock: what `barAge` forgives is said all the same. 0 while it keeps up.
 *
 * @param age market milliseconds since the newest bar was complete
 * @param rate market seconds per wall second
 */
export function lagging(age: number, status: MarketStatus, rate: number, barMs: number = BAR_MS): number {
  if (status !== 'open' || rate <= 1) return 0;
  const behind = (age - barMs) / rate / 1000;
  return age > 1.5 * barMs && behind >= 0.5 ? behind : 0;
}

/**
 * How old the newest bar is. Amber beyond 1.5 bars, red beyond 3, counted in open hours only: a bar of yesterday's session is not
 * late one minute after today's opening.
 * What wire and page take is wall time, and a fast replay clock would count it as market lateness: 3 wall seconds are forgiven.
 *
 * @param barTime open of the newest bar, epoch ms
 * @param now market time, epoch ms
 * @param openedAt start of the session in progress, when known
 * @param rate market seconds per wall second
 */
export function barAge(
  barTime: number,
  now: number,
  status: MarketStatus,
  openedAt: number | null,
  rate = 1,
  barMs: number = BAR_MS,
): BarAge {
  const complete = barTime + barMs;
  const age = Math.max(0, now - complete);
  if (status !== 'open') return { age, freshness: 'closed' };
  const late =
    (openedAt === null ? age : Math.max(0, now - Math.max(complete, openedAt))) - (rate > 1 ? 3000 * rate : 0);
  return { age, freshness: late > 3 * barMs ? 'stale' : late > 1.5 * barMs ? 'late' : 'fresh' };
}
