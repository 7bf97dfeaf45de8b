import { barInProgress } from '../data/market-clock.js';
import { countdown, duration, epoch, MARKET_ZONE, marketLongDay, marketMoment, marketSeconds } from '../format/time.js';
import { useMarketTime } from './use-market-time.js';

const WORDS = { open: 'open', pre_market: 'pre-market', closed: 'closed' } as const;

/** Market time and where the session stands: `open · bar 37/60 · next 2:14`. */
export function SessionClock() {
  const time = useMarketTime(250);
  if (!time) return <p className="session muted">no market time yet</p>;
  const { clock, now, session, age } = time;
  const bar = session ? barInProgress(session, now) : null;
  const nextOpen = epoch(clock.next_open);
  return (
    <>
      <p className="session market-time">
        <time dateTime={new Date(now).toISOString()}>
          <strong>{marketSeconds(now)}</strong>
        </time>
        <span className="where">
          <span>{marketLongDay(now)}</span>
          <span>{MARKET_ZONE}</span>
        </span>
      </p>
      <p className={`session status-${clock.market_status}`}>
        <i className="dot" aria-hidden /> {WORDS[clock.market_status]}
        {bar && session && (
          <>
            {' '}
            · bar <strong>{bar.index}</strong>/{session.bars} · next <strong>{countdown(bar.completeAt - now)}</strong>
          </>
        )}
        {!session && nextOpen !== null && <> · opens {marketMoment(nextOpen)}</>}
      </p>
      {age && (
        <p className={`session age-${age.freshness}`}>
          last bar <strong>{age.age < 1000 ? 'now' : `${duration(age.age)} ago`}</strong>
        </p>
      )}
    </>
  );
}
