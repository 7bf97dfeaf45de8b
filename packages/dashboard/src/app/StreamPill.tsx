import { useDeskState } from './desk.js';
import { duration } from '../format/time.js';
import { useNow } from './use-now.js';

/** State of the live connection, in a word and a colour. */
export function StreamPill() {
  const { phase, caughtUp, gap, since, seq } = useDeskState((state) => state.stream);
  const now = useNow(1000);
  const text =
    phase === 'live'
      ? 'live'
      : phase === 'connecting'
        ? 'connecting'
        : phase === 'offline'
          ? `offline ${duration(now - since)} · retrying`
          : gap
            ? 'resumed · events lost, all reloaded'
            : `resumed · caught up ${caughtUp} ${caughtUp === 1 ? 'event' : 'events'}`;
  return (
    <p className={`pill stream-${phase}`} title={seq === null ? 'No event yet' : `Event ${seq}`} data-stream={phase}>
      <i className="dot" aria-hidden /> {text}
    </p>
  );
}
