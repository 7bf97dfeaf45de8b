import type { Bar } from '../market/bar.js';
import type { Calendar } from '../market/calendar.js';
import type { FeatureConfig, FeatureSource } from './config.js';
import { PositionFeatures } from './position-features.js';
import { describeFeature } from './definition.js';
import { canonicalJson, hashDefinition } from './hash.js';
import { numberSteps } from './number-steps.js';
import type { BatchStream, FeatureRows } from './row.js';
import type { SeriesTable } from './series.js';
import { sha256 } from './sha256.js';
import { BarFeatureStream } from './stream.js';
import { createSymbolBars, type SymbolBars } from './symbol-bars.js';

export type { BatchStream, FeatureRow, FeatureRows, FeatureStream } from './row.js';

/** A checked feature file, compiled for one calendar. */
export interface FeaturePlan {
  /** `version` of the feature file. */
  readonly version: string;
  /** Features of the bar, in the order of a row. */
  readonly names: readonly string[];
  /** Features of each strategy's own position, beside them. */
  readonly positionNames: readonly string[];
  /** SHA-256 (hex) of each feature's definition: what an artifact pins. */
  readonly hashes: Readonly<Record<string, string>>;
  /** What was hashed, defaults filled in: `firstDifference` of two names the field that differs. */
  readonly definitions: Readonly<Record<string, object>>;
  readonly calendar: Calendar;
  /** Position features of one strategy. */
  position(): PositionFeatures;
  /** A new stream that begins at the symbol's first stored bar. */
  stream(series: SeriesTable, others?: SymbolBars): BatchStream;
  /** Other symbols whose bars features read. */
  readonly symbols: readonly string[];
  /** Hash of everything that decides a row, in order, and of the calendar: whose snapshots are whose. */
  readonly fingerprint: string;
}

/** The features of many bars, row after row in the order of `names`. Bars outside slots have no row. */
export interface FeatureTable extends FeatureRows {
  readonly names: readonly string[];
}

/** Compiles a checked feature file for a calendar. */
export function compileFeatures(config: FeatureConfig, calendar: Calendar): FeaturePlan {
  const names = Object.freeze(config.features.map((feature) => feature.name));
  const all = [...config.features, ...config.position_features];
  const described = all.map(
    (feature) => [feature.name, describeFeature(feature, config.series, config.transforms)] as const,
  );
  const definitions = Object.freeze(Object.fromEntries(described));
  const hashes = Object.freeze(Object.fromEntries(described.map(([name, it]) => [name, hashDefinition(it)])));
  return Object.freeze<FeaturePlan>({
    version: config.version,
    names,
    positionNames: Object.freeze(config.position_features.map((feature) => feature.name)),
    hashes,
    definitions,
    calendar,
    position: () =>
      new PositionFeatures(config.position_features, calendar.slotsPerSession, (feature) =>
        numberSteps(feature, config.transforms),
      ),
    stream: (series, others = createSymbolBars()) => new BarFeatureStream(config, names, calendar, series, others),
    symbols: Object.freeze(symbolsOf(config)),
    fingerprint: sha256(canonicalJson([names.map((name) => [name, hashes[name]]), calendar.id, calendar.version])),
  });
}

/** The features of a symbol's bars from its first one on: the stream's own kernels, so equal to streaming to the bit. */
export function computeFeatures(
  plan: FeaturePlan,
  series: SeriesTable,
  bars: readonly Bar[],
  others?: SymbolBars,
): FeatureTable {
  const { names } = plan;
  const width = names.length;
  const times = new Float64Array(bars.length);
  const values = new Float64Array(bars.length * width);
  const status = new Uint8Array(bars.length * width);
  const rows = plan.stream(series, others).pushAll(bars, { times, values, status });
  return {
    names,
    times: times.subarray(0, rows),
    values: values.subarray(0, rows * width),
    status: status.subarray(0, rows * width),
  };
}

/** Other symbols whose bars features read. */
export function symbolsOf(config: FeatureConfig): string[] {
  return [...new Set(config.features.flatMap(({ source }) => symbolOf(source)))];
}

function symbolOf(source: FeatureSource): string[] {
  return 'bar' in source && source.symbol !== undefined ? [source.symbol] : [];
}
