import type { Calendar } from '../market/calendar.js';
import type { StateReader, StateWriter } from '../market/saved-state.js';
import { BarFeatures, type BarUse } from './bar-features.js';
import { MISSING, WARMING_UP } from './finish.js';
import type { FeatureRow } from './row.js';
import type { SymbolBars } from './symbol-bars.js';
import type { Transforms } from './transforms.js';

/**
 * Features of another symbol's bars: the same kernels over that symbol's bars in this calendar's slots. A bar sees the other
 * symbol's bar of its own slot; where that one is absent they are missing.
 */
export class SymbolFeatures {
  readonly symbol: string;
  readonly #calendar: Calendar;
  readonly #bars: SymbolBars;
  readonly #features: BarFeatures;
  readonly #columns: readonly number[];
  readonly #stable: readonly number[];
  /** Open time of the last bar taken. */
  #last = -Infinity;
  /** Place of the next bar in the table; −1: to be looked up. */
  #next = -1;

  constructor(
    symbol: string,
    uses: readonly BarUse[],
    calendar: Calendar,
    bars: SymbolBars,
    width: number,
    transforms: Transforms,
  ) {
    this.symbol = symbol;
    this.#calendar = calendar;
    this.#bars = bars;
    this.#features = new BarFeatures(uses, calendar.slotsPerSession, width, transforms);
    this.#columns = uses.map((use) => use.at);
    this.#stable = uses.map((use) => use.feature.stable_after);
  }

  /** Writes them for a bar that opens at `time`. */
  update(time: number, row: FeatureRow): void {
    const bars = this.#bars.of(this.symbol);
    if (this.#next < 0) this.#next = firstAfter(bars, this.#last);
    const features = this.#features;
    while (this.#next < bars.length && bars[this.#next]!.time <= time) {
      const bar = bars[this.#next++]!;
      const slot = this.#calendar.slot(bar.time);
      if (!slot) continue;
      features.push(bar, slot.ordinal);
      features.write(row.values, row.status, 0);
      this.#last = bar.time;
    }
    if (this.#last === time) return;
    this.#columns.forEach((column, i) => {
      row.values[column] = NaN;
      row.status[column] = features.bars < this.#stable[i]! ? WARMING_UP : MISSING;
    });
  }

  save(to: StateWriter): void {
    to.number(this.#last);
    this.#features.save(to);
  }

  restore(from: StateReader): void {
    this.#last = from.number();
    this.#next = -1;
    this.#features.restore(from);
  }
}

function firstAfter(bars: readonly { readonly time: number }[], time: number): number {
  let low = 0;
  let high = bars.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (bars[middle]!.time <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}
