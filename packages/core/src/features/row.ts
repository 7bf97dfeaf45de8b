import type { Bar } from '../market/bar.js';
import type { StateReader, StateWriter } from '../market/saved-state.js';
import type { Slot } from '../market/slot.js';

/** One bar's features. The arrays are reused for every bar: copy what you keep. */
export interface FeatureRow {
  readonly names: readonly string[];
  /** Normalised values, NaN where missing. Reused for every bar. */
  readonly values: Float64Array;
  /** 0 present, 1 warming up, 2 missing. Reused for every bar. */
  readonly status: Uint8Array;
}

/** Room for the features of many bars, row after row. */
export interface FeatureRows {
  /** Open times of the bars. */
  readonly times: Float64Array;
  /** `values[row * names.length + column]`; `status` likewise. */
  readonly values: Float64Array;
  readonly status: Uint8Array;
}

/** The features of one symbol, bar after bar. */
export interface FeatureStream {
  /** Takes the next accepted bar, in order of time, and returns `row`. Throws RangeError for a bar that is not later. */
  push(bar: Bar, slot: Slot): FeatureRow;
  readonly row: FeatureRow;
  /** Everything that a stream made of the same plan, series and bars needs to go on, to the bit. */
  save(to: StateWriter): void;
  restore(from: StateReader): void;
}

/** A stream that takes many bars at once, too. */
export interface BatchStream extends FeatureStream {
  /**
   * Takes the next bars, those without a slot left out, and writes a row for each; returns how many. The same as `push` for
   * each, to the bit, but faster; `row` is then the last bar's. Throws RangeError for a bar that is not later than the one
   * before; it takes those before that bar and none after.
   */
  pushAll(bars: readonly Bar[], into: FeatureRows): number;
}
