import { Account } from '../access/Account.js';
import { useMay } from '../access/session.js';
import { price } from '../format/number.js';
import { ClockControls } from './ClockControls.js';
import { useDeskState } from './desk.js';
import { SessionClock } from './SessionClock.js';
import { StreamPill } from './StreamPill.js';
import { ThemeToggle } from './ThemeToggle.js';

export function TopBar() {
  const simulated = useDeskState((state) => state.clock.data?.simulated ?? false);
  const replay = useDeskState((state) => state.clock.data?.mode === 'replay');
  const last = useDeskState((state) => state.candles.data?.at(-1)?.close ?? null);
  const mayMove = useMay('trader');
  return (
    <header className="top">
      <h1>
        <img src="/favicon.svg" alt="" width="20" height="20" />
        Signalbox
      </h1>
      <p className="ticker">
        <span className="muted">USD/COP</span> <strong>{price(last)}</strong>
      </p>
      <SessionClock />
      <StreamPill />
      <span className="spring" />
      {replay && mayMove && <ClockControls />}
      {simulated && <strong className="simulated">SIMULATED</strong>}
      <Account />
      <ThemeToggle />
    </header>
  );
}
