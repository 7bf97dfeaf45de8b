import { useMemo, useState } from 'react';
import { useDesk, useDeskState } from '../app/desk.js';
import { levelsOf, marksOf } from '../charts/marks.js';
import { openSession } from '../data/market-clock.js';
import { serves } from '../data/card.js';
import type { Candle } from '../data/types.js';
import { fraction, price } from '../format/number.js';
import { marketMoment, MARKET_ZONE } from '../format/time.js';
import { Arrow, Glyph } from './Glyph.js';
import { Legend } from './Legend.js';
import { Panel } from './Panel.js';
import { PriceChart } from './PriceChart.js';
import type { Mark } from '../charts/marks.js';

export function PricePanel() {
  const { feed, theme, looks, preferences } = useDesk();
  const candles = useDeskState((state) => state.candles);
  const signals = useDeskState((state) => state.signals.data);
  const models = useDeskState((state) => state.models.data);
  const positions = useDeskState((state) => state.positions.data);
  const clock = useDeskState((state) => state.clock.data);
  const [hovered, setHovered] = useState<number | null>(null);

  const speaking = useMemo(() => {
    const codes = (models ?? [])
      .filter((model) => serves(model) || (signals?.[model.strategy_code]?.length ?? 0) > 0)
      .map((model) => model.strategy_code);
    return codes.sort();
  }, [models, signals]);
  const opensAt = clock ? (openSession(clock)?.opensAt ?? null) : null;
  const session = useMemo(() => (clock ? openSession(clock) : null), [opensAt]);

  const content = useMemo(() => {
    const lanes = speaking.filter((code) => !preferences.hidden.includes(code));
    return {
      bars: candles.data ?? [],
      session,
      marks: lanes.flatMap((code) => marksOf(code, signals?.[code] ?? [])),
      levels: levelsOf((positions?.positions ?? []).filter((position) => lanes.includes(position.strategy_code))),
      lanes,
      looks,
      theme,
    };
  }, [candles.data, session, signals, positions, speaking, preferences.hidden, looks, theme]);

  const newest = candles.data?.at(-1);
  return (
    <Panel
      id="price"
      title="USD/COP · 5 min"
      resource={candles}
      href="/api/candlesticks/USDCOP?timeframe=5m&limit=300"
      retry={() => feed.refresh(['candles', 'signals'])}
      tools={<Legend codes={speaking} />}
      empty={(bars) =>
        bars.length === 0
          ? {
              title: 'No bars yet',
              hint: 'Load some with npx --no-install signalbox ingest bars FILE; the demo world makes its own.',
            }
          : null
      }
    >
      {(bars) => (
        <>
          <Readout bar={hovered === null ? newest : bars.find((bar) => bar.time === hovered)} marks={content.marks} />
          <PriceChart content={content} label={describe(bars, content.marks.length)} hover={setHovered} />
        </>
      )}
    </Panel>
  );
}

function describe(bars: readonly Candle[], marks: number): string {
  const last = bars.at(-1);
  if (!last) return 'Price chart without bars';
  return `Candlestick chart of USD/COP, ${bars.length} bars of 5 minutes up to ${marketMoment(last.time)} ${MARKET_ZONE}, last close ${price(last.close)}, with ${marks} signals. The same signals stand in the strategy cards.`;
}

/** The bar under the cross-hair, else the newest one, with what each strategy said on it. */
function Readout({ bar, marks }: { bar: Candle | undefined; marks: readonly Mark[] }) {
  const { looks } = useDesk();
  if (!bar) return <p className="readout" />;
  return (
    <p className="readout">
      <span className="muted">{marketMoment(bar.time)}</span>
      {(['open', 'high', 'low', 'close'] as const).map((field) => (
        <span key={field}>
          <span className="muted">{field[0]?.toUpperCase()}</span> {price(bar[field])}
        </span>
      ))}
      {marks
        .filter((mark) => mark.time === bar.time)
        .map((mark) => (
          <span key={mark.code} className="said">
            <Glyph look={looks.get(mark.code)} size={10} />
            <Arrow direction={mark.direction} size={8} /> {mark.direction}{' '}
            {mark.confidence !== null && fraction(mark.confidence)}
          </span>
        ))}
    </p>
  );
}
