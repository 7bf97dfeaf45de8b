import { useDeskState } from './desk.js';
import { duration } from '../format/time.js';
import { lagging } from '../data/staleness.js';
import { useMarketTime } from './use-market-time.js';
import { useNow } from './use-now.js';

/** State of the live connection, in a word and a colour. */
export function StreamPill() {
  const { phase, caughtUp, gap, since, seq } = useDeskState((state) => state.stream);
  const now = useNow(1000);
  const time = useMarketTime(1000);
  const behind = time?.age ? lagging(time.age.age, time.clock.market_status, time.clock.speed) : 0;
  const lags = phase === 'live' && behind > 0;
  const text =
    phase === 'live'
      ? lags
        ? `lagging ${behind.toFixed(1)} s`
        : 'live'
      : phase === 'connecting'
        ? 'connecting'
        : phase === 'offline'
          ? `offline ${duration(now - since)} · retrying`
          : gap
            ? 'resumed · events lost, all reloaded'
            : `resumed · caught up ${caughtUp} ${caughtUp === 1 ? 'event' : 'events'}`;
  return (
    <p
      className={`pill stream-${lags ? 'resumed' : phase}`}
      title={
        lags
          ? 'The clock runs faster than the page can follow: what it shows is that much old'
          : seq === null
            ? 'No event yet'
            : `Event ${seq}`
      }
      data-stream={lags ? 'lagging' : phase}
    >
      <i className="dot" aria-hidden /> {text}
    </p>
  );
}
