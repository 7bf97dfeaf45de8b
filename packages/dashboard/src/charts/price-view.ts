import {
  CandlestickSeries,
  createChart,
  LineSeries,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts';
import type { OpenSession } from '../data/market-clock.js';
import { sessions } from '../data/sessions.js';
import { BAR_MS } from '../data/staleness.js';
import type { Candle } from '../data/types.js';
import { price } from '../format/number.js';
import { marketTime } from '../format/time.js';
import { chartOptions } from './chart-options.js';
import { LanePrimitive, lanesHeight } from './lane-primitive.js';
import type { Level, Mark } from './marks.js';
import { CHART_COLORS, type Look, type Theme } from './palette.js';
import { PricePrimitive } from './price-primitive.js';

const seconds = (ms: number): UTCTimestamp => (ms / 1000) as UTCTimestamp;
const row = (bar: Candle) => ({
  time: seconds(bar.time),
  open: bar.open,
  high: bar.high,
  low: bar.low,
  close: bar.close,
});
const same = (a: Candle | undefined, b: Candle | undefined): boolean =>
  a !== undefined &&
  b !== undefined &&
  a.time === b.time &&
  a.close === b.close &&
  a.high === b.high &&
  a.low === b.low &&
  a.open === b.open;

export interface PriceContent {
  readonly bars: readonly Candle[];
  readonly session: OpenSession | null;
  readonly marks: readonly Mark[];
  readonly levels: readonly Level[];
  /** Strategies with a lane, top to bottom. */
  readonly lanes: readonly string[];
  readonly looks: ReadonlyMap<string, Look>;
  readonly theme: Theme;
}

/**
 * The price chart. Closed hours take no room, because the library spaces points evenly. It shows the previous and the current
 * session, with the current one's remaining slots empty, until someone drags it; `follow` returns.
 */
export class PriceView {
  readonly #chart: IChartApi;
  readonly #candles: ISeriesApi<'Candlestick'>;
  readonly #slots: ISeriesApi<'Line'>;
  /** Ours, because the library's own takes the fill of the candle, which for a rising bar is the background. */
  readonly #last: IPriceLine;
  readonly #price = new PricePrimitive();
  readonly #lanes = new LanePrimitive();
  readonly #element: HTMLElement;
  readonly #released: () => void;
  #bars: readonly Candle[] = [];
  #session: OpenSession | null = null;
  #laneCount = -1;
  /** The library shares a new height among the panes in a frame of its own; ours comes after it. */
  readonly #resizes = new ResizeObserver(() => requestAnimationFrame(() => requestAnimationFrame(this.#fitLanes)));
  #following = true;
  #destroyed = false;
  #theme: Theme | null = null;

  constructor(element: HTMLElement, hover: (time: number | null) => void, released: () => void) {
    this.#element = element;
    this.#released = released;
    this.#chart = createChart(element, chartOptions('dark'));
    this.#resizes.observe(element);
    this.#candles = this.#chart.addSeries(CandlestickSeries, {
      priceFormat: { type: 'custom', formatter: price, minMove: 0.01 },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.#last = this.#candles.createPriceLine({ price: 0, lineStyle: 3, lineWidth: 1, axisLabelVisible: true });
    this.#slots = this.#chart.addSeries(
      LineSeries,
      { lastValueVisible: false, priceLineVisible: false, lineVisible: false },
      1,
    );
    this.#candles.attachPrimitive(this.#price);
    this.#slots.attachPrimitive(this.#lanes);
    this.#candles.priceScale().applyOptions({ scaleMargins: { top: 0.12, bottom: 0.1 } });
    this.#chart.subscribeCrosshairMove((event) => hover(event.time === undefined ? null : Number(event.time) * 1000));
    for (const type of ['pointerdown', 'wheel', 'touchstart'] as const)
      element.addEventListener(type, this.#release, { passive: true });
    this.#chart.timeScale().subscribeSizeChange(this.#frame);
  }

  readonly #release = (): void => {
    if (!this.#following) return;
    this.#following = false;
    this.#released();
  };

  /** Shows the newest sessions again and keeps them in view. */
  follow(): void {
    this.#following = true;
    this.#frame();
  }

  show(content: PriceContent): void {
    this.#paint(content.theme);
    this.#setBars(content.bars, content.session);
    const newest = content.bars.at(-1);
    const { up, down } = CHART_COLORS[content.theme];
    if (newest) this.#last.applyOptions({ price: newest.close, color: newest.close < newest.open ? down : up });
    if (content.lanes.length !== this.#laneCount) {
      this.#laneCount = content.lanes.length;
      this.#fitLanes();
    }
    const { marks, looks, theme } = content;
    const days = sessions(content.bars).flatMap((day) => day.bars[0]?.time ?? []);
    this.#widen(content.lanes);
    this.#price.show({ bars: content.bars, days, marks, levels: content.levels, looks, theme });
    this.#lanes.show({ codes: content.lanes, marks, looks, theme });
  }

  destroy(): void {
    for (const type of ['pointerdown', 'wheel', 'touchstart'] as const)
      this.#element.removeEventListener(type, this.#release);
    this.#resizes.disconnect();
    this.#destroyed = true;
    this.#chart.remove();
  }

  /** Lanes keep their height; the price takes what is left. */
  readonly #fitLanes = (): void => {
    if (!this.#destroyed) this.#chart.panes()[1]?.setHeight(Math.max(2, lanesHeight(this.#laneCount)));
  };

  /** The lanes' names stand on the price axis; a phone has no room for them. */
  #widen(codes: readonly string[]): void {
    const longest = Math.max(0, ...codes.map((code) => code.length));
    const minimumWidth = this.#element.clientWidth < 600 ? 0 : Math.min(124, 30 + 7 * longest);
    this.#candles.priceScale().applyOptions({ minimumWidth });
    this.#slots.priceScale().applyOptions({ minimumWidth });
  }

  #paint(theme: Theme): void {
    if (theme === this.#theme) return;
    this.#theme = theme;
    const { up, down, background } = CHART_COLORS[theme];
    this.#chart.applyOptions(chartOptions(theme));
    // days are named inside the picture, so the axis needs times only
    this.#chart.applyOptions({ timeScale: { tickMarkFormatter: (time: Time) => marketTime(Number(time) * 1000) } });
    // rising bars are hollow, falling ones filled: colour is the second sign
    this.#candles.applyOptions({
      upColor: background,
      borderUpColor: up,
      wickUpColor: up,
      downColor: down,
      borderDownColor: down,
      wickDownColor: down,
    });
  }

  #setBars(bars: readonly Candle[], session: OpenSession | null): void {
    const known = this.#bars;
    const changed = bars !== known;
    if (changed) {
      const first = known.length > 0 ? bars.findIndex((bar) => bar.time === known[0]?.time) : -1;
      const last = known.length - 1;
      // in place: every bar but the newest known one is unchanged, so the tail is enough
      const grows = first === 0 && bars.length >= known.length && (last === 0 || same(bars[last - 1], known[last - 1]));
      if (grows) for (const bar of bars.slice(last)) this.#candles.update(row(bar));
      else this.#candles.setData(bars.map(row));
      this.#bars = bars;
    }
    if (changed || session?.opensAt !== this.#session?.opensAt) {
      this.#session = session;
      const slots: { time: Time }[] = [];
      if (session) for (let t = session.opensAt; t < session.closesAt; t += BAR_MS) slots.push({ time: seconds(t) });
      this.#slots.setData(slots);
      this.#frame();
    }
  }

  readonly #frame = (): void => {
    if (!this.#following || this.#bars.length === 0) return;
    const days = sessions(this.#bars);
    const recent = days.slice(-2).reduce((sum, day) => sum + day.bars.length, 0);
    const newest = this.#bars[this.#bars.length - 1]?.time ?? 0;
    const ahead = this.#session ? Math.max(0, Math.round((this.#session.closesAt - BAR_MS - newest) / BAR_MS)) : 0;
    // a narrow screen shows fewer bars instead of hair lines, and less of the empty future
    const fit = Math.max(24, Math.floor(this.#chart.timeScale().width() / 5));
    const room = Math.min(ahead, Math.max(6, fit - recent)) + 2;
    const to = this.#bars.length - 1 + room;
    this.#chart.timeScale().setVisibleLogicalRange({ from: Math.max(this.#bars.length - recent, to - fit) - 1.5, to });
  };
}
