import { createSymbolBars } from '@signalbox/core';
import type { Pool } from 'pg';
import { readBarsAsKnown } from '../stores/postgres/bars-as-known.js';
import { readMacroAsKnown } from '../stores/postgres/macro.js';
import { addMacro } from './macro-series.js';
import type { Plan } from './plan.js';

/** The features of one bar by name; NaN is missing. Position features are the strategy's, not the bar's, and not here. */
export interface KnownFeatures {
  readonly names: readonly string[];
  readonly values: Float64Array;
  /** 0 present, 1 warming up, 2 missing. */
  readonly status: Uint8Array;
}

/**
 * The features of the bar that opened at `barTime`, computed from what was known at market time `asOf` (epoch milliseconds):
 * bars and macro values that were overwritten since stand as they were, those that came later are left out. With the bar's
 * completion as `asOf` they are those that live decided on, to the bit; with a later time, those of a recompute. Null where
 * the bar itself was not known, or lies in no slot.
 *
 * Runs all bars from the first: about 0.2 s for six years.
 */
export async function featuresAsKnown(
  pool: Pool,
  plan: Plan,
  barTime: number,
  asOf: number,
): Promise<KnownFeatures | null> {
  const { features, calendar, instrument } = plan;
  if (!calendar.slot(barTime)) return null;
  const series = plan.series();
  addMacro(series, await readMacroAsKnown(pool, series.names, asOf));
  const others = createSymbolBars();
  for (const symbol of features.symbols)
    for (const bar of await readBarsAsKnown(pool, symbol, barTime, asOf)) others.add(symbol, bar);
  const stream = features.stream(series, others);
  let known = false;
  for (const bar of await readBarsAsKnown(pool, instrument.symbol, barTime, asOf)) {
    const slot = calendar.slot(bar.time);
    if (!slot) continue;
    stream.push(bar, slot);
    known = bar.time === barTime;
  }
  if (!known) return null;
  const { names, values, status } = stream.row;
  return { names, values: values.slice(), status: status.slice() };
}
