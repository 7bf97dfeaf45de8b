import { epoch } from '../format/time.js';
import { marketNow, openSession, readClock, type OpenSession } from '../data/market-clock.js';
import { barAge, type BarAge } from '../data/staleness.js';
import type { Clock } from '../data/types.js';
import { useDeskState } from './desk.js';
import { useNow } from './use-now.js';

export interface MarketTime {
  readonly clock: Clock;
  /** Market time, epoch ms. */
  readonly now: number;
  readonly session: OpenSession | null;
  /** Null while there is no bar. */
  readonly age: BarAge | null;
}

/** Market time as it runs, with the session and the age of the newest bar; null before the host's clock is known. */
export function useMarketTime(interval = 500): MarketTime | null {
  const wall = useNow(interval);
  const { data: clock, at } = useDeskState((state) => state.clock);
  const newest = useDeskState((state) => state.candles.data?.at(-1)?.time ?? null);
  const reading = clock && at !== null ? readClock(clock, at) : null;
  if (!clock || !reading) return null;
  const session = openSession(clock);
  const edge = session?.closesAt ?? epoch(clock.next_open);
  const now = marketNow(reading, wall, edge);
  const age = newest === null ? null : barAge(newest, now, clock.market_status, session?.opensAt ?? null, clock.speed);
  return { clock, now, session, age };
}
