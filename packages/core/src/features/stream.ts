import { SlotGap } from '../indicators/gap.js';
import type { Bar } from '../market/bar.js';
import type { Calendar } from '../market/calendar.js';
import { epochDay } from '../market/date.js';
import type { Slot } from '../market/slot.js';
import type { BarKernel } from './bar-kernel.js';
import type { FeatureDefinition, Normalisation } from './config.js';
import type { FeatureRow, FeatureStream } from './row.js';
import { SeriesLeg, type SeriesKernel } from './series-leg.js';
import type { SeriesTable } from './series.js';
import { TRANSFORMS, type BarTransform, type BarUse } from './transforms.js';

const PRESENT = 0;
const WARMING_UP = 1;
const MISSING = 2;

/** The engine itself: no object or array is made per bar, and macro features are computed when they can have changed. */
export class BarFeatureStream implements FeatureStream {
  readonly row: FeatureRow;
  readonly #values: Float64Array;
  readonly #status: Uint8Array;
  readonly #slotMs: number;
  readonly #series: SeriesTable;
  readonly #legs: readonly SeriesLeg[];
  /** Features made of bars: their kernels, and the columns into which these write. */
  readonly #barKernels: readonly BarKernel[];
  /** Further steps of their chains, in place. */
  readonly #barSteps: BarKernel[] = [];
  readonly #barColumns: Int32Array;
  /** Features made of series, likewise. */
  readonly #seriesKernels: SeriesKernel[] = [];
  readonly #seriesColumns: Int32Array;
  /** Per column: stored bars before the first value, and whether a missing gap hides it. */
  readonly #stableAfter: Int32Array;
  readonly #recursive: Uint8Array;
  /** Per column, four numbers: normalised = (value − shift) / scale, then within low … high. */
  readonly #norms: Float64Array;
  readonly #gap: SlotGap;
  #bars = 0;
  #ordinal = -1;
  #session = '';
  #nextObservation = -Infinity;
  #seriesSize = -1;
  /** From this many bars on no feature is warming up. */
  readonly #stable: number;

  constructor(
    features: readonly FeatureDefinition[],
    names: readonly string[],
    calendar: Calendar,
    series: SeriesTable,
  ) {
    const values = new Float64Array(features.length).fill(NaN);
    this.#values = values;
    this.#status = new Uint8Array(features.length).fill(WARMING_UP);
    this.row = { names, values, status: this.#status };
    this.#slotMs = calendar.slotMs;
    this.#series = series;
    this.#gap = new SlotGap(calendar.slotsPerSession);
    this.#norms = Float64Array.from(features.flatMap(({ normalisation }) => shiftScaleClip(normalisation)));
    this.#stableAfter = Int32Array.from(features, (feature) => feature.stable_after);
    this.#stable = Math.max(...this.#stableAfter);
    this.#recursive = new Uint8Array(features.length);

    const legs = new Map<string, SeriesLeg>();
    const leg = (name: string): SeriesLeg => {
      let found = legs.get(name);
      if (!found) legs.set(name, (found = new SeriesLeg(series.column(name))));
      return found;
    };
    const barColumns: number[] = [];
    const barUses = new Map<BarTransform, BarUse[]>();
    const seriesColumns: number[] = [];
    features.forEach(({ source, transforms }, at) => {
      const [first, ...rest] = transforms;
      const head = TRANSFORMS.get(first!.name)!;
      if ('recursive' in head) {
        const field = 'bar' in source && typeof source.bar === 'string' ? source.bar : 'close';
        barUses.set(head, [...(barUses.get(head) ?? []), { parameters: first!, field, at }]);
        for (const step of rest) {
          const next = TRANSFORMS.get(step.name)!;
          if (next.takes === 'bar number') this.#barSteps.push(next.create(step, values, at));
        }
        barColumns.push(at);
        this.#recursive[at] = head.recursive ? 1 : 0;
      } else if (head.takes !== 'bar number') {
        this.#seriesKernels.push(head.create('series' in source ? [source.series].flat().map(leg) : []));
        seriesColumns.push(at);
      }
    });
    this.#barColumns = Int32Array.from(barColumns);
    this.#seriesColumns = Int32Array.from(seriesColumns);
    this.#barKernels = [...barUses].flatMap(([transform, uses]) => transform.create(uses, values));
    this.#legs = [...legs.values()];
  }

  push(bar: Bar, slot: Slot): FeatureRow {
    const ordinal = slot.ordinal;
    if (ordinal <= this.#ordinal) {
      throw new RangeError(`bar ${new Date(bar.time).toISOString()} is not later than the one before it`);
    }
    this.#ordinal = ordinal;
    const wide = this.#gap.push(ordinal);
    const kernels = this.#barKernels;
    for (let i = 0; i < kernels.length; i++) kernels[i]!.push(bar, ordinal);
    const steps = this.#barSteps;
    for (let i = 0; i < steps.length; i++) steps[i]!.push(bar, ordinal);
    this.#finish(this.#barColumns, wide);

    // macro features change with an observation, with the date, and while something warms up
    const completion = bar.time + this.#slotMs;
    const size = this.#series.size;
    const arrived = completion >= this.#nextObservation || size !== this.#seriesSize;
    if (arrived || slot.session !== this.#session || this.#bars <= this.#stable) {
      if (arrived) this.#advance(completion, size);
      this.#session = slot.session;
      this.#joinSeries(epochDay(slot.session));
    }
    this.#bars++;
    return this.row;
  }

  #advance(completion: number, size: number): void {
    this.#seriesSize = size;
    let next = Infinity;
    for (const leg of this.#legs) next = Math.min(next, leg.advance(completion));
    this.#nextObservation = next;
  }

  #joinSeries(day: number): void {
    this.#seriesKernels.forEach((kernel, i) => (this.#values[this.#seriesColumns[i]!] = kernel.value(day)));
    this.#finish(this.#seriesColumns, false);
  }

  /** Turns the raw numbers of some columns into values with a status. */
  #finish(columns: Int32Array, wide: boolean): void {
    const values = this.#values;
    const status = this.#status;
    const norms = this.#norms;
    const bars = this.#bars;
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]!;
      const value = values[column]!;
      if (bars < this.#stableAfter[column]!) {
        values[column] = NaN;
        status[column] = WARMING_UP;
        // NaN and ±Infinity alike, before the clip could make a number of an infinite value
      } else if (value - value !== 0 || (wide && this.#recursive[column] === 1)) {
        values[column] = NaN;
        status[column] = MISSING;
      } else {
        const at = column * 4;
        const scaled = (value - norms[at]!) / norms[at + 1]!;
        const low = norms[at + 2]!;
        const high = norms[at + 3]!;
        // + 0 turns −0 into 0
        values[column] = (scaled < low ? low : scaled > high ? high : scaled) + 0;
        status[column] = PRESENT;
      }
    }
  }
}

function shiftScaleClip(normalisation: Normalisation): [number, number, number, number] {
  const [low, high] = normalisation.clip ?? [-Infinity, Infinity];
  if (normalisation.kind === 'range') return [normalisation.min, normalisation.max - normalisation.min, low, high];
  if (normalisation.kind === 'z_score') return [normalisation.mean, normalisation.sd, low, high];
  return [0, 1, low, high];
}
