import type { Bar } from '../market/bar.js';
import type { Calendar } from '../market/calendar.js';
import type { Slot } from '../market/slot.js';
import type { StateReader, StateWriter } from '../market/saved-state.js';
import { BarFeatures, type BarUse } from './bar-features.js';
import { CalendarFeatures, type PlacedFeature } from './calendar-features.js';
import type { FeatureConfig } from './config.js';
import { WARMING_UP } from './finish.js';
import type { BatchStream, FeatureRow, FeatureRows } from './row.js';
import { SeriesFeatures, type SeriesUse } from './series-features.js';
import type { SeriesTable } from './series.js';
import { SessionCursor } from './session-cursor.js';
import type { SymbolBars } from './symbol-bars.js';
import { SymbolFeatures } from './symbol-features.js';
import { TRANSFORMS, type BarTransform, type Transform } from './transforms.js';

/** The engine itself: kernels over runs of bars. A pushed bar is a run of one, so streaming and batch are one code. */
export class BarFeatureStream implements BatchStream {
  readonly row: FeatureRow;
  readonly #calendar: Calendar;
  readonly #session: SessionCursor;
  readonly #barFeatures: BarFeatures;
  readonly #seriesFeatures: SeriesFeatures;
  /** Null where no feature is of the calendar. */
  readonly #calendarFeatures: CalendarFeatures | null;
  readonly #symbolFeatures: readonly SymbolFeatures[];

  constructor(
    { features, transforms = TRANSFORMS }: Pick<FeatureConfig, 'features' | 'transforms'>,
    names: readonly string[],
    calendar: Calendar,
    series: SeriesTable,
    symbolBars: SymbolBars,
  ) {
    const width = features.length;
    this.row = {
      names,
      values: new Float64Array(width).fill(NaN),
      status: new Uint8Array(width).fill(WARMING_UP),
    };
    const bars: BarUse[] = [];
    const others: SeriesUse[] = [];
    const ofCalendar: PlacedFeature[] = [];
    const ofSymbol = new Map<string, BarUse[]>();
    features.forEach((feature, at) => {
      if ('calendar' in feature.source) {
        ofCalendar.push({ feature, at });
        return;
      }
      const transform = transforms.get(feature.transforms[0]!.name)!;
      const symbol = 'bar' in feature.source ? feature.source.symbol : undefined;
      if (fromBars(transform) && symbol !== undefined)
        ofSymbol.set(symbol, [...(ofSymbol.get(symbol) ?? []), { feature, transform, at }]);
      else if (fromBars(transform)) bars.push({ feature, transform, at });
      else if (transform.takes === 'series' || transform.takes === 'two series')
        others.push({ feature, transform, at });
    });
    this.#calendar = calendar;
    this.#session = new SessionCursor(calendar);
    this.#barFeatures = new BarFeatures(bars, calendar.slotsPerSession, width, transforms);
    this.#seriesFeatures = new SeriesFeatures(others, series, calendar.slotMs, this.row, transforms);
    this.#calendarFeatures =
      ofCalendar.length > 0 ? new CalendarFeatures(ofCalendar, calendar, width, transforms) : null;
    this.#symbolFeatures = [...ofSymbol].map(
      ([symbol, uses]) => new SymbolFeatures(symbol, uses, calendar, symbolBars, width, transforms),
    );
  }

  push(bar: Bar, slot: Slot): FeatureRow {
    const { row } = this;
    const { time } = bar;
    const session = this.#session;
    const features = this.#barFeatures;
    const before = features.bars;
    features.push(bar, slot.ordinal);
    if (slot.session !== session.session) session.enter(time, slot);
    if (this.#seriesFeatures.due(time)) this.#seriesFeatures.update(time, session, before);
    features.write(row.values, row.status, 0);
    if (this.#perBar) this.#addPerBar(time, slot, before);
    return row;
  }

  pushAll(bars: readonly Bar[], rows: FeatureRows): number {
    return this.#perBar ? this.#pushEach(bars, rows) : this.#pushRuns(bars, rows);
  }

  save(to: StateWriter): void {
    this.#barFeatures.save(to);
    for (const symbol of this.#symbolFeatures) symbol.save(to);
    to.numbers(this.row.values);
    to.numbers(this.row.status);
  }

  restore(from: StateReader): void {
    this.#barFeatures.restore(from);
    for (const symbol of this.#symbolFeatures) symbol.restore(from);
    from.into(this.row.values);
    from.into(this.row.status);
  }

  /** True where features have to be made bar by bar, of the calendar or of other symbols. */
  get #perBar(): boolean {
    return this.#calendarFeatures !== null || this.#symbolFeatures.length > 0;
  }

  #addPerBar(time: number, slot: Slot, before: number): void {
    this.#calendarFeatures?.update(slot, before, this.row);
    for (const symbol of this.#symbolFeatures) symbol.update(time, this.row);
  }

  #pushEach(bars: readonly Bar[], { times, values, status }: FeatureRows): number {
    const { row } = this;
    const width = row.names.length;
    let rows = 0;
    for (const bar of bars) {
      const slot = this.#calendar.slot(bar.time);
      if (!slot) continue;
      this.push(bar, slot);
      times[rows] = bar.time;
      values.set(row.values, rows * width);
      status.set(row.status, rows++ * width);
    }
    return rows;
  }

  #pushRuns(bars: readonly Bar[], { times, values, status }: FeatureRows): number {
    const session = this.#session;
    const features = this.#barFeatures;
    const series = this.#seriesFeatures;
    const before = features.bars;
    // the first row that the series' present numbers are for
    let run = 0;
    let i = 0;
    try {
      while (i < bars.length) {
        const { time } = bars[i]!;
        if (!session.find(time)) {
          i++;
          continue;
        }
        const rows = features.bars - before;
        if (features.full) features.write(values, status, rows - features.waiting);
        if (series.due(time)) {
          series.repeat(values, status, run, rows);
          series.update(time, session, features.bars);
          run = rows;
        }
        const limit = Math.min(session.close, Math.max(series.until, time + 1));
        i = features.take(bars, i, session, limit, times, rows);
      }
    } finally {
      // after a bar that was refused, too: those before it have been taken
      const rows = features.bars - before;
      features.write(values, status, rows - features.waiting);
      series.repeat(values, status, run, rows);
      this.#keepLast(values, status, rows);
    }
    return features.bars - before;
  }

  #keepLast(values: Float64Array, status: Uint8Array, rows: number): void {
    if (rows === 0) return;
    const width = this.row.names.length;
    this.row.values.set(values.subarray((rows - 1) * width, rows * width));
    this.row.status.set(status.subarray((rows - 1) * width, rows * width));
  }
}

const fromBars = (transform: Transform): transform is BarTransform =>
  transform.takes === 'bar field' || transform.takes === 'bar range';
