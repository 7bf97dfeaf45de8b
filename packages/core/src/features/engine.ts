import type { Bar } from '../market/bar.js';
import type { Slot } from '../market/slot.js';
import type { SeriesTable } from './series.js';

/** One bar's features. The arrays are reused for every bar: copy what you keep. */
export interface FeatureRow {
  readonly names: readonly string[];
  /** Normalised values, NaN where missing. Reused for every bar. */
  readonly values: Float64Array;
  /** 0 present, 1 warming up, 2 missing. Reused for every bar. */
  readonly status: Uint8Array;
}

/** The features of one symbol, bar after bar. */
export interface FeatureStream {
  /** Takes the next accepted bar, in order of time, and returns `row`. Throws RangeError for a bar that is not later. */
  push(bar: Bar, slot: Slot): FeatureRow;
  readonly row: FeatureRow;
}

/** A checked feature file, compiled for one calendar. */
export interface FeaturePlan {
  /** `version` of the feature file. */
  readonly version: string;
  readonly names: readonly string[];
  /** SHA-256 (hex) of each feature's definition: what an artifact pins. */
  readonly hashes: Readonly<Record<string, string>>;
  /** What was hashed, defaults filled in: compare two of them to name the field that differs. */
  readonly definitions: Readonly<Record<string, object>>;
  /** A new stream that begins at the symbol's first stored bar. */
  stream(series: SeriesTable): FeatureStream;
}
