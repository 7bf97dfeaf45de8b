import {
  ColorType,
  CrosshairMode,
  TickMarkType,
  type ChartOptions,
  type DeepPartial,
  type Time,
} from 'lightweight-charts';
import { marketDay, marketMoment, marketTime } from '../format/time.js';
import { CHART_COLORS, type Theme } from './palette.js';

/** The library draws time as UTC and knows no zones: every label is formatted by us, in the market's zone. */
export const tick = (time: Time, type: TickMarkType): string => {
  const ms = Number(time) * 1000;
  return type === TickMarkType.Time || type === TickMarkType.TimeWithSeconds ? marketTime(ms) : marketDay(ms);
};

/** Options that both charts share. Attribution stands in the page's foot: the library's own logo would inject a style element. */
export function chartOptions(theme: Theme): DeepPartial<ChartOptions> {
  const colors = CHART_COLORS[theme];
  return {
    autoSize: true,
    layout: {
      background: { type: ColorType.Solid, color: colors.background },
      textColor: colors.text,
      fontFamily: 'system-ui, sans-serif',
      fontSize: 11,
      attributionLogo: false,
      panes: { enableResize: false, separatorColor: colors.line },
    },
    grid: { vertLines: { visible: false }, horzLines: { color: colors.grid } },
    crosshair: {
      mode: CrosshairMode.Normal,
      vertLine: { color: colors.crosshair, labelBackgroundColor: colors.tag, style: 2 },
      horzLine: { color: colors.crosshair, labelBackgroundColor: colors.tag, style: 2 },
    },
    rightPriceScale: { borderColor: colors.line },
    timeScale: { borderColor: colors.line, timeVisible: true, secondsVisible: false, tickMarkFormatter: tick },
    localization: { timeFormatter: (time: Time) => marketMoment(Number(time) * 1000), locale: 'en-US' },
    handleScale: { axisPressedMouseMove: { time: true, price: false } },
  };
}
