import { useEffect, useMemo, useRef } from 'react';
import { useDesk, useDeskState } from '../app/desk.js';
import { EquityView, type EquityContent } from '../charts/equity-view.js';
import type { Curve } from '../data/types.js';
import { percent, usd } from '../format/number.js';
import { Choice } from './Choice.js';
import { Panel } from './Panel.js';

const WINDOWS = [
  ['24h', '24 h'],
  ['7d', '7 d'],
  ['30d', '30 d'],
] as const;
const UNITS = [
  ['percent', '%'],
  ['usd', 'USD'],
] as const;

export function EquityPanel() {
  const { feed, theme, looks, preferences, prefer } = useDesk();
  const curves = useDeskState((state) => state.curves);
  const curveWindow = useDeskState((state) => state.curveWindow);
  const content = useMemo(
    () => ({
      curves: (curves.data?.curves ?? []).filter(
        (curve) => curve.data.length > 0 && !preferences.hidden.includes(curve.strategy_code),
      ),
      looks,
      theme,
      unit: preferences.unit,
    }),
    [curves.data, preferences.hidden, preferences.unit, looks, theme],
  );
  return (
    <Panel
      id="equity"
      title="Equity and drawdown"
      resource={curves}
      href="/api/models/equity-curves?hours=720&resolution=1h"
      retry={() => feed.refresh(['curves'])}
      tools={
        <>
          <Choice label="Window" options={WINDOWS} value={curveWindow} choose={(window) => feed.showCurves(window)} />
          <Choice label="Unit" options={UNITS} value={preferences.unit} choose={(unit) => prefer({ unit })} />
        </>
      }
      empty={(data) =>
        data.curves.every((curve) => curve.data.length === 0)
          ? {
              title: 'No equity yet',
              hint: 'Each strategy gets a value with every bar; the first one comes with the next bar.',
            }
          : null
      }
    >
      {() => <EquityChart content={content} />}
    </Panel>
  );
}

const describe = (curves: readonly Curve[]): string =>
  `Equity curves. ${curves
    .map(
      ({ strategy_code, summary }) =>
        `${strategy_code} ${usd(summary?.ending_equity)}, ${percent(summary?.total_return_pct)}`,
    )
    .join('; ')}. The table of performance holds the same figures.`;

function EquityChart({ content }: { content: EquityContent }) {
  const element = useRef<HTMLDivElement>(null);
  const view = useRef<EquityView | null>(null);
  useEffect(() => {
    if (!element.current) return;
    const made = new EquityView(element.current);
    view.current = made;
    return () => {
      view.current = null;
      made.destroy();
    };
  }, []);
  useEffect(() => view.current?.show(content), [content]);
  return (
    <div
      ref={element}
      className="chart"
      role="img"
      aria-label={describe(content.curves)}
      data-curves={content.curves.length}
    />
  );
}
