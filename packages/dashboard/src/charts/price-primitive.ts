import type {
  IPrimitivePaneRenderer,
  ISeriesPrimitive,
  SeriesAttachedParameter,
  Time,
  UTCTimestamp,
  AutoscaleInfo,
  Logical,
} from 'lightweight-charts';
import { price as formatPrice } from '../format/number.js';
import { marketDay } from '../format/time.js';
import { DIRECTIONS, OUTLINES } from './glyph.js';
import { spread, type Level, type Mark } from './marks.js';
import { CHART_COLORS, colorOf, type Look, type Theme } from './palette.js';
import type { Candle } from '../data/types.js';

type Target = Parameters<IPrimitivePaneRenderer['draw']>[0];

const DASH: Readonly<Record<Level['kind'], number[]>> = { entry: [], stop: [5, 3], target: [1.5, 3] };
const paths = new Map<string, Path2D>();
function path(data: string): Path2D {
  let made = paths.get(data);
  if (!made) paths.set(data, (made = new Path2D(data)));
  return made;
}

/** Draws one outline around (x, y). */
export function stamp(ctx: CanvasRenderingContext2D, data: string, x: number, y: number, radius: number): void {
  ctx.save();
  ctx.translate(x, y);
  ctx.scale(radius, radius);
  ctx.fill(path(data));
  ctx.restore();
}

/** What the price pane shows beyond candles: days, turns of the strategies, and levels of open positions. */
export interface Overlay {
  readonly bars: readonly Candle[];
  /** First bar of each session, epoch ms. */
  readonly days: readonly number[];
  readonly marks: readonly Mark[];
  readonly levels: readonly Level[];
  readonly looks: ReadonlyMap<string, Look>;
  readonly theme: Theme;
}

export class PricePrimitive implements ISeriesPrimitive<Time> {
  #host: SeriesAttachedParameter<Time> | undefined;
  #overlay: Overlay = { bars: [], days: [], marks: [], levels: [], looks: new Map(), theme: 'dark' };

  attached(host: SeriesAttachedParameter<Time>): void {
    this.#host = host;
  }
  detached(): void {
    this.#host = undefined;
  }
  show(overlay: Overlay): void {
    this.#overlay = overlay;
    this.#host?.requestUpdate();
  }

  paneViews() {
    return [
      {
        zOrder: () => 'bottom' as const,
        renderer: () => ({ draw: (target: Target) => this.#draw(target, this.#days) }),
      },
      { zOrder: () => 'top' as const, renderer: () => ({ draw: (target: Target) => this.#draw(target, this.#marks) }) },
    ];
  }

  /** Levels of positions may widen the scale by half of the candles' own range on each side; what lies beyond is named at the edge. */
  autoscaleInfo(start: Logical, end: Logical): AutoscaleInfo | null {
    const { bars, levels } = this.#overlay;
    const shown = bars.slice(Math.max(0, Math.floor(start)), Math.max(0, Math.ceil(end) + 1));
    if (shown.length === 0 || levels.length === 0) return null;
    const low = Math.min(...shown.map((bar) => bar.low));
    const high = Math.max(...shown.map((bar) => bar.high));
    const room = (high - low) * 0.5;
    const within = levels.map((level) => level.price).filter((p) => p >= low - room && p <= high + room);
    return { priceRange: { minValue: Math.min(low, ...within), maxValue: Math.max(high, ...within) } };
  }

  #draw(target: Target, paint: (ctx: CanvasRenderingContext2D, width: number, height: number) => void): void {
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      context.save();
      paint.call(this, context, mediaSize.width, mediaSize.height);
      context.restore();
    });
  }

  #x(ms: number): number | null {
    return this.#host?.chart.timeScale().timeToCoordinate((ms / 1000) as UTCTimestamp) ?? null;
  }

  #days(ctx: CanvasRenderingContext2D, width: number, height: number): void {
    const { days, theme } = this.#overlay;
    const colors = CHART_COLORS[theme];
    const half = (this.#host?.chart.timeScale().options().barSpacing ?? 6) / 2;
    ctx.font = '600 11px system-ui, sans-serif';
    ctx.textBaseline = 'top';
    days.forEach((day, i) => {
      const x = this.#x(day);
      if (x === null) return;
      const next = days[i + 1];
      const end = next === undefined ? width : (this.#x(next) ?? width) - half;
      if (i % 2 === 1) {
        ctx.fillStyle = colors.shade;
        ctx.fillRect(x - half, 0, end - x + half, height);
      }
      ctx.fillStyle = colors.line;
      ctx.fillRect(Math.round(x - half), 0, 1, height);
      ctx.fillStyle = colors.text;
      ctx.fillText(marketDay(day), x - half + 6, 7);
    });
  }

  #marks(ctx: CanvasRenderingContext2D, width: number, height: number): void {
    const { bars, marks, looks, theme } = this.#overlay;
    const series = this.#host?.series;
    if (!series) return;
    const colors = CHART_COLORS[theme];
    this.#levels(ctx, width, height);

    const byTime = new Map(bars.map((bar) => [bar.time, bar]));
    const used = new Map<string, number>();
    for (const mark of marks) {
      const bar = byTime.get(mark.time);
      const x = this.#x(mark.time);
      if (!mark.turn || !bar || x === null || x < -10 || x > width + 10) continue;
      const below = mark.direction !== 'short';
      const key = `${mark.time}${below}`;
      const stack = used.get(key) ?? 0;
      used.set(key, stack + 1);
      const edge = series.priceToCoordinate(below ? bar.low : bar.high);
      if (edge === null) continue;
      const sign = below ? 1 : -1;
      const y = edge + sign * (10 + stack * 21);
      const color = colorOf(looks.get(mark.code), theme);
      const shape = OUTLINES[looks.get(mark.code)?.shape ?? 'circle'];
      // a rim of the background keeps marks apart from candles and from each other
      ctx.fillStyle = colors.background;
      stamp(ctx, DIRECTIONS[mark.direction], x, y, 5.4);
      stamp(ctx, shape, x, y + sign * 9, 5.6);
      ctx.fillStyle = color;
      ctx.globalAlpha = mark.traded ? 1 : 0.55;
      stamp(ctx, DIRECTIONS[mark.direction], x, y, 3.8);
      stamp(ctx, shape, x, y + sign * 9, 4.2);
      ctx.globalAlpha = 1;
    }
  }

  #levels(ctx: CanvasRenderingContext2D, width: number, height: number): void {
    const { levels, looks, theme } = this.#overlay;
    const series = this.#host?.series;
    if (!series || levels.length === 0) return;
    const colors = CHART_COLORS[theme];
    const rows = levels.flatMap((level) => {
      const y = series.priceToCoordinate(level.price);
      return y === null ? [] : [{ level, y, off: y < 0 ? -1 : y > height ? 1 : 0 }];
    });
    const places = spread(
      rows.map((row) => Math.min(height - 8, Math.max(26, row.y))),
      14,
      26,
      height - 8,
    );
    ctx.font = '10.5px system-ui, sans-serif';
    ctx.textBaseline = 'middle';
    rows.forEach(({ level, y, off }, i) => {
      const color = colorOf(looks.get(level.code), theme);
      const sign = off === 0 ? '' : off < 0 ? ' ↑' : ' ↓';
      const text = width < 420 ? `${level.kind}${sign}` : `${level.kind} ${formatPrice(level.price)}${sign}`;
      const textWidth = ctx.measureText(text).width;
      const labelX = width - textWidth - 20;
      const labelY = places[i] ?? y;
      if (off === 0) {
        const from = Math.max(0, this.#x(level.from) ?? 0);
        ctx.strokeStyle = color;
        ctx.globalAlpha = 0.85;
        ctx.lineWidth = level.kind === 'entry' ? 1.4 : 1;
        ctx.setLineDash(DASH[level.kind]);
        ctx.beginPath();
        ctx.moveTo(from, y);
        ctx.lineTo(Math.max(from, labelX - 14), y);
        ctx.lineTo(labelX - 5, labelY);
        ctx.stroke();
        ctx.setLineDash([]);
        ctx.globalAlpha = 1;
      }
      ctx.globalAlpha = 0.88;
      ctx.fillStyle = colors.background;
      ctx.fillRect(labelX - 5, labelY - 7, textWidth + 24, 14);
      ctx.globalAlpha = 1;
      ctx.fillStyle = color;
      stamp(ctx, OUTLINES[looks.get(level.code)?.shape ?? 'circle'], labelX + 3, labelY, 3.6);
      ctx.fillStyle = colors.label;
      ctx.fillText(text, labelX + 11, labelY + 0.5);
    });
  }
}
