import { SlotGap } from '../indicators/gap.js';
import type { Bar } from '../market/bar.js';
import type { Calendar } from '../market/calendar.js';
import { epochDay } from '../market/date.js';
import type { Slot } from '../market/slot.js';
import type { BarField, BarKernel } from './bar-kernel.js';
import type { FeatureDefinition, Normalisation } from './config.js';
import type { FeatureRow, FeatureStream } from './row.js';
import { SeriesLeg, type SeriesKernel } from './series-leg.js';
import type { SeriesTable } from './series.js';
import { SlotHistory } from './slot-history.js';
import { TRANSFORMS } from './transforms.js';

const PRESENT = 0;
const WARMING_UP = 1;
const MISSING = 2;

interface BarColumn {
  readonly index: number;
  readonly kernel: BarKernel;
  readonly stableAfter: number;
  readonly recursive: boolean;
}

interface SeriesColumnOfRow {
  readonly index: number;
  readonly kernel: SeriesKernel;
  readonly stableAfter: number;
}

/** The engine itself: nothing is allocated per bar, and macro features are computed when they can have changed. */
export class BarFeatureStream implements FeatureStream {
  readonly row: FeatureRow;
  readonly #slotMs: number;
  readonly #series: SeriesTable;
  readonly #histories: SlotHistory[] = [];
  readonly #legs: SeriesLeg[] = [];
  readonly #barColumns: BarColumn[] = [];
  readonly #seriesColumns: SeriesColumnOfRow[] = [];
  /** Normalised value = (value − shift) / scale, then within low … high; one quadruple per feature. */
  readonly #norms: Float64Array;
  readonly #gap: SlotGap;
  #bars = 0;
  #ordinal = -Infinity;
  #session = '';
  #nextObservation = -Infinity;
  #seriesSize = -1;
  /** Bars from which on no series feature is warming up. */
  readonly #seriesStable: number;

  constructor(
    features: readonly FeatureDefinition[],
    names: readonly string[],
    calendar: Calendar,
    series: SeriesTable,
  ) {
    this.row = {
      names,
      values: new Float64Array(features.length).fill(NaN),
      status: new Uint8Array(features.length).fill(WARMING_UP),
    };
    this.#slotMs = calendar.slotMs;
    this.#series = series;
    this.#gap = new SlotGap(calendar.slotsPerSession);
    this.#norms = Float64Array.from(features.flatMap(({ normalisation }) => normQuadruple(normalisation)));
    const history = sharedHistories(features, this.#histories);
    const legs = new Map<string, SeriesLeg>();
    const leg = (name: string): SeriesLeg => {
      let found = legs.get(name);
      if (!found) legs.set(name, (found = new SeriesLeg(series.column(name))));
      return found;
    };
    features.forEach((feature, index) => {
      const { source, stable_after: stableAfter } = feature;
      const [first, ...rest] = feature.transforms;
      const head = TRANSFORMS.get(first!.name)!;
      if ('recursive' in head) {
        const field = 'bar' in source && typeof source.bar === 'string' ? source.bar : 'close';
        let kernel = head.create(first!, field, history);
        for (const step of rest) {
          const next = TRANSFORMS.get(step.name)!;
          if (next.takes === 'bar number') kernel = next.create(step, kernel);
        }
        this.#barColumns.push({ index, kernel, stableAfter, recursive: head.recursive });
      } else if (head.takes !== 'bar number') {
        const named = 'series' in source ? [source.series].flat() : [];
        this.#seriesColumns.push({ index, kernel: head.create(named.map(leg)), stableAfter });
      }
    });
    this.#legs.push(...legs.values());
    this.#seriesStable = Math.max(0, ...this.#seriesColumns.map((column) => column.stableAfter));
  }

  push(bar: Bar, slot: Slot): FeatureRow {
    const ordinal = slot.ordinal;
    if (!(ordinal > this.#ordinal))
      throw new RangeError(`bar ${new Date(bar.time).toISOString()} is not later than the one before it`);
    this.#ordinal = ordinal;
    for (const history of this.#histories) history.push(bar, ordinal);
    const wide = this.#gap.push(ordinal);
    const bars = this.#bars;
    for (const { index, kernel, stableAfter, recursive } of this.#barColumns) {
      const value = kernel.push(bar, ordinal);
      if (bars < stableAfter) this.#hide(index, WARMING_UP);
      else if (recursive && wide) this.#hide(index, MISSING);
      else this.#set(index, value);
    }
    this.#see(bar.time + this.#slotMs, slot.session);
    this.#bars = bars + 1;
    return this.row;
  }

  /** Macro features change with an observation, with the date, and while they warm up. */
  #see(completion: number, session: string): void {
    const size = this.#series.size;
    const arrived = completion >= this.#nextObservation || size !== this.#seriesSize;
    if (arrived) {
      this.#seriesSize = size;
      let next = Infinity;
      for (const leg of this.#legs) next = Math.min(next, leg.advance(completion));
      this.#nextObservation = next;
    }
    if (!arrived && session === this.#session && this.#bars > this.#seriesStable) return;
    this.#session = session;
    const day = epochDay(session);
    for (const { index, kernel, stableAfter } of this.#seriesColumns) {
      if (this.#bars < stableAfter) this.#hide(index, WARMING_UP);
      else this.#set(index, kernel.value(day));
    }
  }

  #set(index: number, value: number): void {
    // NaN and ±Infinity alike: before the clip, which would make a number of an infinite value
    if (value - value !== 0) return this.#hide(index, MISSING);
    const norms = this.#norms;
    const at = index * 4;
    const scaled = (value - norms[at]!) / norms[at + 1]!;
    const low = norms[at + 2]!;
    const high = norms[at + 3]!;
    // + 0 turns −0 into 0
    this.row.values[index] = (scaled < low ? low : scaled > high ? high : scaled) + 0;
    this.row.status[index] = PRESENT;
  }

  #hide(index: number, status: number): void {
    this.row.values[index] = NaN;
    this.row.status[index] = status;
  }
}

function normQuadruple(normalisation: Normalisation): [number, number, number, number] {
  const [low, high] = normalisation.clip ?? [-Infinity, Infinity];
  if (normalisation.kind === 'range') return [normalisation.min, normalisation.max - normalisation.min, low, high];
  if (normalisation.kind === 'z_score') return [normalisation.mean, normalisation.sd, low, high];
  return [0, 1, low, high];
}

/** One history per bar field, long enough for all who look back on it. */
function sharedHistories(
  features: readonly FeatureDefinition[],
  all: SlotHistory[],
): (field: BarField, slots: number) => SlotHistory {
  const reach = new Map<BarField, number>();
  for (const { source, transforms } of features) {
    const slots = transforms[0]!['slots'];
    if (!('bar' in source) || typeof source.bar !== 'string' || typeof slots !== 'number') continue;
    reach.set(source.bar, Math.max(slots, reach.get(source.bar) ?? 0));
  }
  const byField = new Map<BarField, SlotHistory>();
  for (const [field, slots] of reach) {
    const history = new SlotHistory(field, slots);
    byField.set(field, history);
    all.push(history);
  }
  return (field) => byField.get(field)!;
}
