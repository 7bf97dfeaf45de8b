import { duration } from '../format/time.js';
import { useDeskState } from './desk.js';
import { useMarketTime } from './use-market-time.js';
import { useNow } from './use-now.js';

/** A red band over the charts when what they show is old. Old values stay on screen, greyed, never hidden. */
export function StaleBand() {
  const time = useMarketTime(1000);
  const stream = useDeskState((state) => state.stream);
  const now = useNow(1000);
  const offline = stream.phase === 'offline' && now - stream.since > 3000;
  if (!offline && time?.age?.freshness !== 'stale') return null;
  return (
    <p className="stale-band" data-stale={offline ? 'offline' : 'bars'}>
      {offline
        ? `The host has not been reached for ${duration(now - stream.since)}: everything below is as it was then. Trying again by itself.`
        : `The newest bar is ${duration(time?.age?.age ?? 0)} old while the market is open: everything below is as it was then.`}
    </p>
  );
}
