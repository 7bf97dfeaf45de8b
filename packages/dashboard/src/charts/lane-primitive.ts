import type {
  IPrimitivePaneRenderer,
  ISeriesPrimitive,
  SeriesAttachedParameter,
  Time,
  UTCTimestamp,
} from 'lightweight-charts';
import { DIRECTIONS, OUTLINES } from './glyph.js';
import type { Mark } from './marks.js';
import { CHART_COLORS, colorOf, type Look, type Theme } from './palette.js';
import { stamp } from './price-primitive.js';

type Target = Parameters<IPrimitivePaneRenderer['draw']>[0];

export const LANE_HEIGHT = 17;
const PAD = 4;

/** Height of the lanes' pane in CSS pixels. */
export const lanesHeight = (count: number): number => (count === 0 ? 0 : count * LANE_HEIGHT + 2 * PAD);

export interface Lanes {
  readonly codes: readonly string[];
  readonly marks: readonly Mark[];
  readonly looks: ReadonlyMap<string, Look>;
  readonly theme: Theme;
}

/** A lane per strategy under the price: every signal of every bar, so that agreement can be read down a column. */
export class LanePrimitive implements ISeriesPrimitive<Time> {
  #host: SeriesAttachedParameter<Time> | undefined;
  #lanes: Lanes = { codes: [], marks: [], looks: new Map(), theme: 'dark' };

  attached(host: SeriesAttachedParameter<Time>): void {
    this.#host = host;
  }
  detached(): void {
    this.#host = undefined;
  }
  show(lanes: Lanes): void {
    this.#lanes = lanes;
    this.#host?.requestUpdate();
  }

  paneViews() {
    return [{ renderer: () => ({ draw: (target: Target) => this.#draw(target, this.#paintMarks) }) }];
  }
  priceAxisPaneViews() {
    return [{ renderer: () => ({ draw: (target: Target) => this.#draw(target, this.#paintNames) }) }];
  }

  #draw(target: Target, paint: (ctx: CanvasRenderingContext2D, width: number, height: number) => void): void {
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      context.save();
      paint.call(this, context, mediaSize.width, mediaSize.height);
      context.restore();
    });
  }

  #middle(lane: number): number {
    return PAD + lane * LANE_HEIGHT + LANE_HEIGHT / 2;
  }

  #paintMarks(ctx: CanvasRenderingContext2D, width: number): void {
    const { codes, marks, looks, theme } = this.#lanes;
    const scale = this.#host?.chart.timeScale();
    if (!scale) return;
    ctx.fillStyle = CHART_COLORS[theme].grid;
    codes.forEach((_, lane) => ctx.fillRect(0, Math.round(this.#middle(lane)), width, 1));
    const radius = Math.min(4.6, Math.max(1.6, scale.options().barSpacing * 0.46));
    for (const mark of marks) {
      const lane = codes.indexOf(mark.code);
      const x = lane < 0 ? null : scale.timeToCoordinate((mark.time / 1000) as UTCTimestamp);
      if (x === null || x < -10 || x > width + 10) continue;
      ctx.fillStyle = colorOf(looks.get(mark.code), theme);
      ctx.globalAlpha = mark.confidence === null ? 0.9 : 0.45 + 0.55 * Math.min(1, mark.confidence);
      // long sits above the lane's line, short below it: direction can be read from the place as well
      const shift = mark.direction === 'long' ? -2.2 : mark.direction === 'short' ? 2.2 : 0;
      stamp(ctx, DIRECTIONS[mark.direction], x, this.#middle(lane) + shift, radius);
    }
    ctx.globalAlpha = 1;
  }

  #paintNames(ctx: CanvasRenderingContext2D, width: number): void {
    const { codes, looks, theme } = this.#lanes;
    ctx.font = '600 10px system-ui, sans-serif';
    ctx.textBaseline = 'middle';
    codes.forEach((code, lane) => {
      ctx.fillStyle = colorOf(looks.get(code), theme);
      stamp(ctx, OUTLINES[looks.get(code)?.shape ?? 'circle'], 9, this.#middle(lane), 3.6);
      ctx.fillStyle = CHART_COLORS[theme].label;
      ctx.fillText(shorten(ctx, code, width - 18), 16, this.#middle(lane) + 0.5);
    });
  }
}

function shorten(ctx: CanvasRenderingContext2D, text: string, room: number): string {
  if (ctx.measureText(text).width <= room) return text;
  let short = text;
  while (short.length > 1 && ctx.measureText(`${short}…`).width > room) short = short.slice(0, -1);
  return `${short}…`;
}
