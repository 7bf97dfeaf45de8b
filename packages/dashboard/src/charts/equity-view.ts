import {
  createChart,
  LineSeries,
  LineStyle,
  type IChartApi,
  type ISeriesApi,
  type UTCTimestamp,
} from 'lightweight-charts';
import type { Curve } from '../data/types.js';
import { percent, plainPercent, usd } from '../format/number.js';
import { epoch } from '../format/time.js';
import { chartOptions } from './chart-options.js';
import { colorOf, type Look, type Theme } from './palette.js';

export type Unit = 'usd' | 'percent';

const STYLES = [LineStyle.Solid, LineStyle.Solid, LineStyle.LargeDashed, LineStyle.Dotted, LineStyle.Dashed] as const;

export interface EquityContent {
  readonly curves: readonly Curve[];
  readonly looks: ReadonlyMap<string, Look>;
  readonly theme: Theme;
  readonly unit: Unit;
}

interface Pair {
  readonly equity: ISeriesApi<'Line'>;
  readonly drawdown: ISeriesApi<'Line'>;
}

/** Equity of every strategy, and under it how far each is below its own peak. One time axis and one cross-hair for both. */
export class EquityView {
  readonly #chart: IChartApi;
  readonly #series = new Map<string, Pair>();

  constructor(element: HTMLElement) {
    this.#chart = createChart(element, chartOptions('dark'));
    this.#chart.applyOptions({
      rightPriceScale: { scaleMargins: { top: 0.1, bottom: 0.08 } },
      timeScale: { rightOffset: 4 },
    });
  }

  show({ curves, looks, theme, unit }: EquityContent): void {
    this.#chart.applyOptions(chartOptions(theme));
    const codes = new Set(curves.map((curve) => curve.strategy_code));
    for (const [code, pair] of this.#series) {
      if (codes.has(code)) continue;
      this.#chart.removeSeries(pair.equity);
      this.#chart.removeSeries(pair.drawdown);
      this.#series.delete(code);
    }
    for (const curve of curves) {
      const pair = this.#pair(curve.strategy_code);
      const look = looks.get(curve.strategy_code);
      const color = colorOf(look, theme);
      pair.equity.applyOptions({
        color,
        lineStyle: STYLES[(look?.index ?? 0) % STYLES.length] ?? LineStyle.Solid,
        title: curve.strategy_code,
        priceFormat: {
          type: 'custom',
          minMove: 0.01,
          formatter: unit === 'usd' ? (value: number) => usd(value, 0) : (value: number) => percent(value),
        },
      });
      pair.drawdown.applyOptions({ color });
      const points = curve.data.flatMap((point) => {
        const ms = epoch(point.timestamp);
        return ms === null ? [] : [{ point, time: (ms / 1000) as UTCTimestamp }];
      });
      pair.equity.setData(
        points.map(({ point, time }) => ({ time, value: unit === 'usd' ? point.equity_value : point.return_pct })),
      );
      pair.drawdown.setData(points.map(({ point, time }) => ({ time, value: -point.drawdown_pct })));
    }
    this.#chart.panes()[0]?.setStretchFactor(5);
    this.#chart.panes()[1]?.setStretchFactor(2);
    this.#chart.timeScale().fitContent();
  }

  destroy(): void {
    this.#chart.remove();
  }

  #pair(code: string): Pair {
    let pair = this.#series.get(code);
    if (!pair) {
      const shared = { lineWidth: 2 as const, priceLineVisible: false, crosshairMarkerRadius: 3 };
      pair = {
        equity: this.#chart.addSeries(LineSeries, { ...shared, lastValueVisible: true }, 0),
        drawdown: this.#chart.addSeries(
          LineSeries,
          {
            ...shared,
            lineWidth: 1,
            lastValueVisible: false,
            priceFormat: {
              type: 'custom',
              minMove: 0.01,
              formatter: (value: number) => (value === 0 ? '0 %' : `−${plainPercent(Math.abs(value))}`),
            },
          },
          1,
        ),
      };
      this.#series.set(code, pair);
    }
    return pair;
  }
}
