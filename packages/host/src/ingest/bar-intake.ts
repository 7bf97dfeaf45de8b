import { createZone, round, type Calendar } from '@signalbox/core';
import type { SourcedBar } from '../stores/postgres/bars.js';
import { Rejections, type RejectReason } from './report.js';

export interface BarIntakeOptions {
  /** Calendars by symbol. */
  readonly calendars: ReadonlyMap<string, Calendar>;
  /** Wall time, epoch milliseconds: a bar that is not complete by then cannot be. */
  readonly now: number;
  /** Takes a bar that has opened and is not complete yet. */
  readonly unfinished?: boolean;
  /** Told of each row that is not taken. */
  readonly onReject?: (place: number, reason: RejectReason) => void;
}

/** The checks of a bar, the same whatever way it comes: of two rows for one bar the later counts as a whole. */
export class BarIntake {
  readonly rejections = new Rejections();
  /** That of rows which name none. */
  readonly defaultSymbol: string;
  private readonly lanes = new Map<string, Lane>();

  constructor(private readonly options: BarIntakeOptions) {
    this.defaultSymbol = options.calendars.keys().next().value!;
    for (const [symbol, calendar] of options.calendars) {
      const lane: Lane = { symbol, ...timingOf(calendar), accepted: new Accepted() };
      this.lanes.set(symbol, lane).set(symbol.replace('/', ''), lane);
    }
  }

  /** One row. `place`: its line or index; `row` is called only for rows that are shown as examples. */
  put(
    place: number,
    symbol: string,
    time: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
    source: string,
    row: () => string,
  ): void {
    const { now, unfinished } = this.options;
    const lane = this.lanes.get(symbol);
    if (lane === undefined) return this.reject('unknown_symbol', place, row);
    const { calendar } = lane;
    const bar: SourcedBar = {
      symbol: lane.symbol,
      time,
      open: inRange(open) ? round(open, 6) : 0,
      high: inRange(high) ? round(high, 6) : 0,
      low: inRange(low) ? round(low, 6) : 0,
      close: inRange(close) ? round(close, 6) : 0,
      volume: volume >= 0 && volume <= Number.MAX_SAFE_INTEGER ? round(volume, 0) : -1,
      source,
    };
    if (
      !(bar.open > 0 && bar.high > 0 && bar.low > 0 && bar.close > 0 && bar.volume >= 0) ||
      (unfinished ? time : time + calendar.slotMs) > now
    )
      return this.reject('out_of_range', place, row);
    if (calendar.slot(time) === undefined) return this.reject(lane.misplaced(time), place, row);
    if (bar.high < bar.open || bar.high < bar.close || bar.low > bar.open || bar.low > bar.close)
      return this.reject('ohlc_inconsistent', place, row);
    const earlier = lane.accepted.put(bar, place);
    if (earlier !== undefined)
      this.reject('duplicate', earlier, () => `${new Date(time).toISOString()} ${lane.symbol}; line ${place} counts`);
  }

  /** The accepted bars in order of time. */
  finish(): { readonly bars: SourcedBar[]; readonly closeOnlyShare: number | null } {
    const lanes = [...new Set(this.lanes.values())].map((lane) => lane.accepted.sorted());
    const bars = lanes.length === 1 ? lanes[0]! : lanes.flat().sort((a, b) => a.time - b.time);
    const closeOnly = bars.reduce((n, bar) => n + (bar.high === bar.low ? 1 : 0), 0);
    return { bars, closeOnlyShare: bars.length > 0 ? closeOnly / bars.length : null };
  }

  private reject(reason: RejectReason, place: number, row: () => string): void {
    this.rejections.add(reason, place, row);
    this.options.onReject?.(place, reason);
  }
}

interface Lane extends Timing {
  readonly symbol: string;
  readonly accepted: Accepted;
}

interface Timing {
  readonly calendar: Calendar;
  readonly misplaced: (time: number) => RejectReason;
}

/** One symbol's accepted bars. Rows mostly come in order of time: only others need looking up. */
class Accepted {
  private readonly bars: SourcedBar[] = [];
  private readonly lines: number[] = [];
  private places: Map<number, number> | undefined;
  private newest = -Infinity;

  /** Returns the place of the bar that this one replaces. */
  put(bar: SourcedBar, line: number): number | undefined {
    if (bar.time > this.newest) this.newest = bar.time;
    else {
      this.places ??= new Map(this.bars.map((one, i) => [one.time, i]));
      const place = this.places.get(bar.time);
      if (place !== undefined) {
        const earlier = this.lines[place]!;
        this.bars[place] = bar;
        this.lines[place] = line;
        return earlier;
      }
    }
    this.places?.set(bar.time, this.bars.length);
    this.bars.push(bar);
    this.lines.push(line);
    return undefined;
  }

  sorted(): SourcedBar[] {
    return this.places ? this.bars.sort((a, b) => a.time - b.time) : this.bars;
  }
}

/** NUMERIC(12,6). */
const PRICE_LIMIT = 1e6;

function inRange(price: number): boolean {
  return price > 0 && price < PRICE_LIMIT;
}

/** Why a time at which no slot opens is none. */
function timingOf(calendar: Calendar): Timing {
  const zone = createZone(calendar.zone);
  return {
    calendar,
    misplaced(time) {
      // the digits taken for the calendar's local time instead of UTC
      const shifted = time - zone.offsetAt(time);
      if (shifted !== time && calendar.slot(shifted) !== undefined) return 'bogota_labelled_utc';
      const date = calendar.sessionDate(time);
      if (!calendar.isSessionDay(date)) {
        const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
        if (weekday === 0 || weekday === 6) return 'weekend';
        return calendar.holidayOf(date) === undefined ? 'outside_session' : 'holiday';
      }
      return time >= calendar.sessionOpen(date)! && time < calendar.sessionClose(date)!
        ? 'off_slot'
        : 'outside_session';
    },
  };
}
