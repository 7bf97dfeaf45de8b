import type { FeatureConfig } from '../features/config.js';
import { defaultFeatures } from '../features/default.js';
import { compileFeatures, type FeaturePlan } from '../features/engine.js';
import { createSeriesTable, type SeriesTable } from '../features/series.js';
import { createSymbolBars, type SymbolBars } from '../features/symbol-bars.js';
import type { Bar } from '../market/bar.js';
import { createCalendar, type Calendar } from '../market/calendar.js';
import { USDCOP_CALENDAR } from '../market/calendars.js';
import { USD_COP, type Instrument } from '../market/instrument.js';
import type { MacroRow } from './macro-walk.js';
import { createSimulator } from './simulator.js';

export interface WorldOptions {
  /** Whole number; 1 by default. The same seed gives the same bars everywhere. */
  readonly seed?: number;
  /** Strength of the planted edge, 0 by default: a martingale. */
  readonly edge?: number;
  /** 12 by default: 720 bars of USD/COP, enough for every default feature. */
  readonly sessions?: number;
  /** `YYYY-MM-DD`; 2026-08-03 by default. */
  readonly firstSession?: string;
  readonly instrument?: Instrument;
  readonly calendar?: Calendar;
  /** The feature file; the engine's own by default. */
  readonly features?: FeatureConfig;
  /** Stored bars in order of time, instead of simulated ones. */
  readonly bars?: readonly Bar[];
  /** Macro rows that go with `bars`. */
  readonly macro?: readonly MacroRow[];
  /**
   * Bars of other symbols that features read, by symbol, in order of time. Beside simulated bars those that are not given are simulated;
   * beside `bars` their features stay missing.
   */
  readonly others?: Readonly<Record<string, readonly Bar[]>>;
}

/** A small market for tests: bars, macro, and the features that the engine makes of them. */
export interface World {
  readonly instrument: Instrument;
  readonly calendar: Calendar;
  readonly features: FeatureConfig;
  readonly plan: FeaturePlan;
  readonly bars: readonly Bar[];
  readonly macro: readonly MacroRow[];
  /** Bars of other symbols that features read, by symbol. */
  readonly others: Readonly<Record<string, readonly Bar[]>>;
}

/**
 * Fixture bars: the first sessions of a seeded simulated market, or stored bars that are given.
 *
 * @example
 * const { bars } = fixtureWorld({ seed: 7, sessions: 2 });
 */
export function fixtureWorld(options: WorldOptions = {}): World {
  const { seed = 1, edge = 0, sessions = 12, firstSession = '2026-08-03', instrument = USD_COP } = options;
  const calendar = options.calendar ?? createCalendar(USDCOP_CALENDAR);
  const features = options.features ?? defaultFeatures();
  const plan = compileFeatures(features, calendar);
  const base = { instrument, calendar, features, plan };
  const given = options.others ?? {};
  if (options.bars) return { ...base, bars: options.bars, macro: options.macro ?? [], others: given };
  const simulate = (worldSeed: number, worldEdge: number) =>
    createSimulator({ seed: worldSeed, calendar, edge: worldEdge, firstSession, tick: instrument.tick }).sessions(
      sessions,
    );
  const made = simulate(seed, edge);
  const simulated = plan.symbols
    .filter((symbol) => symbol !== instrument.symbol && !Object.hasOwn(given, symbol))
    .map((symbol, i) => [symbol, simulate(seed + OTHER_SEED * (i + 1), 0).flatMap((session) => session.bars)] as const);
  return {
    ...base,
    bars: made.flatMap((session) => session.bars),
    macro: made.flatMap((session) => session.macro),
    others: { ...Object.fromEntries(simulated), ...given },
  };
}

/** Between the seeds of a world's symbols: far from the seeds that tests choose. */
const OTHER_SEED = 1_000_003;

/** Bars of other symbols as the engine reads them; a feature that names the world's own symbol reads `bars`. */
export function othersOf(
  world: Pick<World, 'instrument' | 'plan' | 'others'>,
  bars: readonly Bar[],
  others = world.others,
): SymbolBars {
  const table = createSymbolBars();
  for (const symbol of world.plan.symbols)
    for (const bar of symbol === world.instrument.symbol ? bars : (others[symbol] ?? [])) table.add(symbol, bar);
  return table;
}

/** The macro rows as the engine reads them; series that the feature file does not name are left out. */
export function seriesOf(world: Pick<World, 'features' | 'calendar'>, macro: readonly MacroRow[]): SeriesTable {
  const series = createSeriesTable(world.features, world.calendar);
  for (const { date, values } of macro)
    for (const [name, value] of Object.entries(values)) if (series.has(name)) series.add(name, date, value);
  return series;
}
