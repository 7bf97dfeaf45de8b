import { useCallback, useMemo, useState } from 'react';
import { looks } from '../charts/palette.js';
import type { Feed } from '../data/feed.js';
import { useStore, type Store } from '../data/store.js';
import { BookPanel } from '../panels/BookPanel.js';
import { CardsPanel } from '../panels/CardsPanel.js';
import { ComparisonPanel } from '../panels/ComparisonPanel.js';
import { EquityPanel } from '../panels/EquityPanel.js';
import { PricePanel } from '../panels/PricePanel.js';
import { DeskContext, type Desk } from './desk.js';
import { FeedBanner } from './FeedBanner.js';
import { LiveRegion } from './LiveRegion.js';
import { loadPreferences, savePreferences, type Preferences } from './preferences.js';
import { SimulatedBanner } from './SimulatedBanner.js';
import { StaleBand } from './StaleBand.js';
import { TopBar } from './TopBar.js';
import { useTheme } from './use-theme.js';

export function App({ store, feed }: { store: Store; feed: Feed }) {
  const [preferences, setPreferences] = useState(loadPreferences);
  const theme = useTheme(preferences.theme);
  const models = useStore(store, (state) => state.models.data);
  const codes = useMemo(
    () =>
      (models ?? [])
        .map((model) => model.strategy_code)
        .sort()
        .join('\n'),
    [models],
  );

  const prefer = useCallback((change: Partial<Preferences>) => {
    setPreferences((known) => {
      const next = { ...known, ...change };
      savePreferences(next);
      return next;
    });
  }, []);
  const desk = useMemo<Desk>(
    () => ({ store, feed, theme, looks: looks(codes === '' ? [] : codes.split('\n')), preferences, prefer }),
    [store, feed, theme, codes, preferences, prefer],
  );

  return (
    <DeskContext value={desk}>
      <a className="skip" href="#desk">
        Skip to the desk
      </a>
      <TopBar />
      <SimulatedBanner />
      <FeedBanner />
      <main id="desk" className="desk" tabIndex={-1}>
        <StaleBand />
        <PricePanel />
        <CardsPanel />
        <EquityPanel />
        <div className="tables">
          <ComparisonPanel />
          <BookPanel />
        </div>
      </main>
      <footer className="foot">
        <span>Paper trading only. Not investment advice.</span>
        <span>
          Charts: <a href="https://www.tradingview.com/lightweight-charts/">Lightweight Charts™</a> © TradingView
        </span>
        <a href="/openapi.json">API</a>
      </footer>
      <LiveRegion />
    </DeskContext>
  );
}
