import { SlotGap } from '../indicators/gap.js';
import type { Bar } from '../market/bar.js';
import type { Calendar } from '../market/calendar.js';
import type { Slot } from '../market/slot.js';
import { BarBlock } from './bar-block.js';
import type { BarKernel } from './bar-kernel.js';
import type { FeatureDefinition } from './config.js';
import { Finish, WARMING_UP } from './finish.js';
import type { BatchStream, FeatureRow, FeatureRows } from './row.js';
import { SeriesFeatures, type SeriesUse } from './series-features.js';
import type { SeriesTable } from './series.js';
import { TRANSFORMS, type BarTransform, type BarUse } from './transforms.js';

/** Bars a block: enough that starting a kernel costs nothing, few enough that a block stays in the nearest cache. */
const BLOCK = 128;

/** The engine itself: kernels over blocks of bars. A pushed bar is a block of one, so streaming and batch are one code. */
export class BarFeatureStream implements BatchStream {
  readonly row: FeatureRow;
  readonly #calendar: Calendar;
  readonly #block = new BarBlock(BLOCK);
  /** Features made of bars: `raw[feature * BLOCK + bar]`, and the kernels that write there, in the order of the chains. */
  readonly #raw: Float64Array;
  readonly #kernels: readonly BarKernel[];
  readonly #finish: Finish;
  readonly #seriesFeatures: SeriesFeatures;
  readonly #gap: SlotGap;
  readonly #wide = new Uint8Array(BLOCK);
  #bars = 0;

  constructor(
    features: readonly FeatureDefinition[],
    names: readonly string[],
    calendar: Calendar,
    series: SeriesTable,
  ) {
    const width = features.length;
    const values = new Float64Array(width).fill(NaN);
    this.row = { names, values, status: new Uint8Array(width).fill(WARMING_UP) };
    this.#calendar = calendar;
    this.#gap = new SlotGap(calendar.slotsPerSession);

    const heads = features.map(({ transforms }) => TRANSFORMS.get(transforms[0]!.name)!);
    const barColumns = heads.flatMap((head, at) => ('recursive' in head ? [at] : []));
    const raw = new Float64Array(barColumns.length * BLOCK);
    const uses = new Map<BarTransform, BarUse[]>();
    const steps: BarKernel[] = [];
    const recursive = new Uint8Array(barColumns.length);
    barColumns.forEach((at, i) => {
      const { source, transforms } = features[at]!;
      const [first, ...rest] = transforms;
      const head = heads[at] as BarTransform;
      const column = raw.subarray(i * BLOCK, (i + 1) * BLOCK);
      const field = 'bar' in source && typeof source.bar === 'string' ? source.bar : 'close';
      uses.set(head, [...(uses.get(head) ?? []), { parameters: first!, field, column }]);
      for (const step of rest) {
        const next = TRANSFORMS.get(step.name)!;
        if (next.takes === 'bar number') steps.push(next.create(step, column));
      }
      recursive[i] = head.recursive ? 1 : 0;
    });
    this.#raw = raw;
    this.#kernels = [...[...uses].flatMap(([head, all]) => head.create(all)), ...steps];
    const barFeatures = barColumns.map((at) => features[at]!);
    this.#finish = new Finish(barFeatures, barColumns, recursive, width);
    const seriesUses = heads.flatMap((transform, at): SeriesUse[] =>
      'recursive' in transform || transform.takes === 'bar number' ? [] : [{ feature: features[at]!, transform, at }],
    );
    this.#seriesFeatures = new SeriesFeatures(seriesUses, series, calendar.slotMs, this.row);
  }

  push(bar: Bar, slot: Slot): FeatureRow {
    const block = this.#block;
    const { values, status } = this.row;
    block.add(bar, slot);
    const features = this.#seriesFeatures;
    if (features.due(block, 0, this.#bars)) features.update(block, 0, this.#bars);
    this.#finishBars(values, status, 0);
    return this.row;
  }

  pushAll(bars: readonly Bar[], { times, values, status }: FeatureRows): number {
    const block = this.#block;
    const calendar = this.#calendar;
    let rows = 0;
    for (let i = 0; i < bars.length; i++) {
      const bar = bars[i]!;
      const slot = calendar.slot(bar.time);
      if (!slot) continue;
      times[rows++] = bar.time;
      block.add(bar, slot);
      if (block.count < BLOCK) continue;
      this.#joinSeries(values, status, rows - BLOCK);
      this.#finishBars(values, status, rows - BLOCK);
    }
    const row = rows - block.count;
    this.#joinSeries(values, status, row);
    this.#finishBars(values, status, row);
    if (rows > 0) {
      const width = this.row.names.length;
      this.row.values.set(values.subarray((rows - 1) * width, rows * width));
      this.row.status.set(status.subarray((rows - 1) * width, rows * width));
    }
    return rows;
  }

  /** Writes the features made of bars for the block, in rows from `row` on, and empties it. */
  #finishBars(values: Float64Array, status: Uint8Array, row: number): void {
    const block = this.#block;
    const { count } = block;
    const kernels = this.#kernels;
    for (let i = 0; i < kernels.length; i++) kernels[i]!.push(block);
    this.#gap.pushAll(block.ordinals, count, this.#wide);
    this.#finish.write(this.#raw, BLOCK, count, this.#bars, this.#wide, values, status, row);
    this.#bars += count;
    block.count = 0;
  }

  /** Writes the features made of series likewise: the same numbers for as many bars as they hold. */
  #joinSeries(values: Float64Array, status: Uint8Array, row: number): void {
    const block = this.#block;
    const features = this.#seriesFeatures;
    let from = 0;
    for (let i = 0; i < block.count; i++) {
      if (!features.due(block, i, this.#bars + i)) continue;
      features.repeat(values, status, row + from, row + i);
      features.update(block, i, this.#bars + i);
      from = i;
    }
    features.repeat(values, status, row + from, row + block.count);
  }
}
