import type { Bar } from '../market/bar.js';
import type { Calendar } from '../market/calendar.js';
import type { FeatureConfig } from './config.js';
import { describeFeature } from './definition.js';
import { hashDefinition } from './hash.js';
import type { FeatureStream } from './row.js';
import type { SeriesTable } from './series.js';
import { BarFeatureStream } from './stream.js';

export type { FeatureRow, FeatureStream } from './row.js';

/** A checked feature file, compiled for one calendar. */
export interface FeaturePlan {
  /** `version` of the feature file. */
  readonly version: string;
  readonly names: readonly string[];
  /** SHA-256 (hex) of each feature's definition: what an artifact pins. */
  readonly hashes: Readonly<Record<string, string>>;
  /** What was hashed, defaults filled in: `firstDifference` of two names the field that differs. */
  readonly definitions: Readonly<Record<string, object>>;
  readonly calendar: Calendar;
  /** A new stream that begins at the symbol's first stored bar. */
  stream(series: SeriesTable): FeatureStream;
}

/** The features of many bars, row after row in the order of `names`. */
export interface FeatureTable {
  readonly names: readonly string[];
  /** Open times of the bars that lie in a slot: the others have no row. */
  readonly times: Float64Array;
  /** `values[row * names.length + column]`. */
  readonly values: Float64Array;
  readonly status: Uint8Array;
}

/** Compiles a checked feature file for a calendar. */
export function compileFeatures(config: FeatureConfig, calendar: Calendar): FeaturePlan {
  const names = Object.freeze(config.features.map((feature) => feature.name));
  const described = config.features.map((feature) => [feature.name, describeFeature(feature, config.series)] as const);
  const definitions = Object.freeze(Object.fromEntries(described));
  const hashes = Object.freeze(Object.fromEntries(described.map(([name, it]) => [name, hashDefinition(it)])));
  return Object.freeze<FeaturePlan>({
    version: config.version,
    names,
    hashes,
    definitions,
    calendar,
    stream: (series) => new BarFeatureStream(config.features, names, calendar, series),
  });
}

/** The features of a symbol's bars from its first one on: a loop over `push`, so equal to streaming to the bit. */
export function computeFeatures(plan: FeaturePlan, series: SeriesTable, bars: readonly Bar[]): FeatureTable {
  const { calendar, names } = plan;
  const width = names.length;
  const stream = plan.stream(series);
  const { values, status } = stream.row;
  const times = new Float64Array(bars.length);
  const allValues = new Float64Array(bars.length * width);
  const allStatus = new Uint8Array(bars.length * width);
  let rows = 0;
  let at = 0;
  for (const bar of bars) {
    const slot = calendar.slot(bar.time);
    if (!slot) continue;
    stream.push(bar, slot);
    times[rows++] = bar.time;
    for (let i = 0; i < width; i++, at++) {
      allValues[at] = values[i]!;
      allStatus[at] = status[i]!;
    }
  }
  return {
    names,
    times: times.subarray(0, rows),
    values: allValues.subarray(0, at),
    status: allStatus.subarray(0, at),
  };
}
