import { SlotGap } from '../indicators/gap.js';
import type { Bar } from '../market/bar.js';
import type { Calendar } from '../market/calendar.js';
import type { Slot } from '../market/slot.js';
import { BarBlock } from './bar-block.js';
import type { BarKernel } from './bar-kernel.js';
import type { FeatureDefinition } from './config.js';
import { Finish, WARMING_UP, type Rows } from './finish.js';
import type { BatchStream, FeatureRow, FeatureRows } from './row.js';
import { SeriesJoin } from './series-join.js';
import type { SeriesTable } from './series.js';
import { TRANSFORMS } from './transforms.js';

/** Bars a block: long enough that starting a kernel costs nothing, short enough that a block stays in the nearest cache. */
const BLOCK = 128;

interface BarFeature {
  /** What the kernels write and `finish` reads. */
  readonly raw: Float64Array;
  readonly finish: Finish;
  /** A value that rests on all bars before it is hidden where too many of the latest slots are absent. */
  readonly recursive: boolean;
}

/** The engine itself: kernels over blocks of bars. A pushed bar is a block of one, so streaming and batch are one code. */
export class BarFeatureStream implements BatchStream {
  readonly row: FeatureRow;
  readonly #calendar: Calendar;
  readonly #block = new BarBlock(BLOCK);
  /** Features made of bars: the steps of their chains, in order. */
  readonly #kernels: BarKernel[] = [];
  readonly #barFeatures: BarFeature[] = [];
  readonly #seriesFeatures: SeriesJoin;
  readonly #gap: SlotGap;
  readonly #wide = new Uint8Array(BLOCK);
  readonly #shown = new Uint8Array(BLOCK);
  readonly #single: Rows;
  #bars = 0;

  constructor(
    features: readonly FeatureDefinition[],
    names: readonly string[],
    calendar: Calendar,
    series: SeriesTable,
  ) {
    const width = features.length;
    const values = new Float64Array(width).fill(NaN);
    const status = new Uint8Array(width).fill(WARMING_UP);
    this.row = { names, values, status };
    this.#single = { values, status, width, row: 0 };
    this.#calendar = calendar;
    this.#gap = new SlotGap(calendar.slotsPerSession);
    this.#seriesFeatures = new SeriesJoin(width, calendar.slotMs, series);
    features.forEach((feature, at) => {
      const { source, transforms } = feature;
      const [first, ...rest] = transforms;
      const head = TRANSFORMS.get(first!.name)!;
      if ('recursive' in head) {
        const raw = new Float64Array(BLOCK);
        const field = 'bar' in source && typeof source.bar === 'string' ? source.bar : 'close';
        this.#kernels.push(head.create(first!, field, raw));
        for (const step of rest) {
          const next = TRANSFORMS.get(step.name)!;
          if (next.takes === 'bar number') this.#kernels.push(next.create(step, raw));
        }
        this.#barFeatures.push({ raw, finish: new Finish(at, feature), recursive: head.recursive });
      } else if (head.takes !== 'bar number') {
        const legs = 'series' in source ? [source.series].flat() : [];
        this.#seriesFeatures.add(at, feature, head.create(legs.map((name) => this.#seriesFeatures.leg(name))));
      }
    });
  }

  push(bar: Bar, slot: Slot): FeatureRow {
    this.#block.add(bar, slot);
    this.#write(this.#single);
    return this.row;
  }

  pushAll(bars: readonly Bar[], into: FeatureRows): number {
    const block = this.#block;
    const calendar = this.#calendar;
    const { times, values, status } = into;
    const rows: Rows = { values, status, width: this.row.names.length, row: 0 };
    const flush = (): void => {
      times.set(block.times.subarray(0, block.count), rows.row);
      const { count } = block;
      this.#write(rows);
      rows.row += count;
    };
    for (const bar of bars) {
      const slot = calendar.slot(bar.time);
      if (!slot) continue;
      block.add(bar, slot);
      if (block.count === BLOCK) flush();
    }
    flush();
    return rows.row;
  }

  /** Writes the block's rows and empties it. */
  #write(rows: Rows): void {
    const block = this.#block;
    const { count, ordinals } = block;
    const wide = this.#wide;
    const gap = this.#gap;
    for (let i = 0; i < count; i++) wide[i] = gap.push(ordinals[i]!) ? 1 : 0;
    const kernels = this.#kernels;
    for (let i = 0; i < kernels.length; i++) kernels[i]!.push(block);
    const features = this.#barFeatures;
    for (let i = 0; i < features.length; i++) {
      const { raw, finish, recursive } = features[i]!;
      finish.write(raw, count, this.#bars, recursive ? wide : this.#shown, rows);
    }
    this.#seriesFeatures.write(block, this.#bars, rows);
    this.#bars += count;
    block.count = 0;
  }
}
