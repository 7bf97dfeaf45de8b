import type { BarField } from './bar-kernel.js';
import type { CalendarField } from './calendar-features.js';
import type { PositionField } from './position-features.js';
import type { Transforms } from './transforms.js';

/** When a value may be seen: at `time` of the next session day after its date, or a number of calendar days after it. */
export type Availability =
  | { readonly rule: 'next_session_day'; readonly time: string; readonly zone: string }
  | { readonly rule: 'lag'; readonly days: number; readonly time: string; readonly zone: string };

export interface SeriesDefinition {
  readonly frequency: 'daily' | 'monthly' | 'quarterly';
  readonly available: Availability;
  /** Calendar days from an observation's date to the bar's, the limit included; past it the value is missing. */
  readonly max_age_days: number;
  readonly notes?: readonly string[];
}

/** Where a feature's numbers come from. */
export type FeatureSource =
  /** Of this symbol's bar, or of another symbol's bar in the same slot. */
  | { readonly bar: BarField; readonly symbol?: string }
  | { readonly bar: readonly ['high', 'low', 'close']; readonly symbol?: string }
  | { readonly series: string }
  | { readonly series: readonly [string, string] }
  | { readonly calendar: CalendarField }
  | { readonly position: PositionField };

/** A transform by name with its parameters, e.g. `{name: 'rsi', period: 9}`. */
export type FeatureTransform = { readonly name: string } & Readonly<Record<string, number | string>>;

/** Applied before `clip`: nothing, (x − min) / (max − min), or (x − mean) / sd. */
export type Normalisation = (
  | { readonly kind: 'none' }
  | { readonly kind: 'range'; readonly min: number; readonly max: number }
  | { readonly kind: 'z_score'; readonly mean: number; readonly sd: number }
) & { readonly clip?: readonly [number, number] };

/** One feature: a source, a chain of transforms, a normalisation. */
export interface FeatureDefinition {
  readonly name: string;
  readonly source: FeatureSource;
  readonly transforms: readonly FeatureTransform[];
  readonly normalisation: Normalisation;
  /** The value is missing while fewer stored bars precede it. */
  readonly stable_after: number;
  readonly notes?: readonly string[];
}

/** A checked feature file, defaults filled in. */
export interface FeatureConfig {
  readonly version: string;
  readonly notes?: readonly string[];
  readonly series: Readonly<Record<string, SeriesDefinition>>;
  readonly features: readonly FeatureDefinition[];
  /** Features of each strategy's own position: taken per strategy, not stored with the bar's. */
  readonly position_features: readonly FeatureDefinition[];
  /** What its chains may name; the engine's own when absent. */
  readonly transforms?: Transforms;
}

/** One thing wrong with a feature file: a dotted path and what is allowed there. */
export interface ConfigProblem {
  readonly path: string;
  readonly message: string;
}

/** A JSON Schema validator for FEATURE_CONFIG_SCHEMA, e.g. a compiled Ajv schema; returns what it finds wrong. */
export type ValidateConfig = (json: unknown) => readonly ConfigProblem[];
