import type { Bar } from '../market/bar.js';
import type { Calendar } from '../market/calendar.js';
import type { Slot } from '../market/slot.js';
import { BarFeatures, type BarUse } from './bar-features.js';
import type { FeatureDefinition } from './config.js';
import { WARMING_UP } from './finish.js';
import type { BatchStream, FeatureRow, FeatureRows } from './row.js';
import { SeriesFeatures, type SeriesUse } from './series-features.js';
import type { SeriesTable } from './series.js';
import { SessionCursor } from './session-cursor.js';
import { TRANSFORMS } from './transforms.js';

/** The engine itself: kernels over runs of bars. A pushed bar is a run of one, so streaming and batch are one code. */
export class BarFeatureStream implements BatchStream {
  readonly row: FeatureRow;
  readonly #session: SessionCursor;
  readonly #barFeatures: BarFeatures;
  readonly #seriesFeatures: SeriesFeatures;

  constructor(
    features: readonly FeatureDefinition[],
    names: readonly string[],
    calendar: Calendar,
    series: SeriesTable,
  ) {
    const width = features.length;
    this.row = {
      names,
      values: new Float64Array(width).fill(NaN),
      status: new Uint8Array(width).fill(WARMING_UP),
    };
    const bars: BarUse[] = [];
    const others: SeriesUse[] = [];
    features.forEach((feature, at) => {
      const transform = TRANSFORMS.get(feature.transforms[0]!.name)!;
      if ('recursive' in transform) bars.push({ feature, transform, at });
      else if (transform.takes === 'series' || transform.takes === 'two series')
        others.push({ feature, transform, at });
    });
    this.#session = new SessionCursor(calendar);
    this.#barFeatures = new BarFeatures(bars, calendar.slotsPerSession, width);
    this.#seriesFeatures = new SeriesFeatures(others, series, calendar.slotMs, this.row);
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
    return row;
  }

  pushAll(bars: readonly Bar[], { times, values, status }: FeatureRows): number {
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
