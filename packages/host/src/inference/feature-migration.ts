import { computeFeatures, createSymbolBars } from '@signalbox/core';
import type { Pool } from 'pg';
import { readBars } from '../stores/postgres/bars.js';
import { storeFeatureSet } from '../stores/postgres/feature-sets.js';
import { storeFeatureRows, type FeatureValues } from '../stores/postgres/feature-values.js';
import { ensureFeatureView } from '../stores/postgres/feature-view.js';
import { currentSnapshot, registerReader } from '../stores/postgres/market-progress.js';
import { readMacro } from '../stores/postgres/macro.js';
import { addMacro } from './macro-series.js';
import { addOthers } from './market-memory.js';
import type { Plan } from './plan.js';

/** Bars of one commit. */
const BATCH = 5_000;

export interface FeatureMigration {
  readonly bars: number;
  /** Rows that were written now; the others were there. */
  readonly written: number;
}

/**
 * Makes `inference_features_5m` for the features of a plan and writes their values for every complete bar that has none of this
 * feature file. It may be stopped after any commit and run again: what is written stays, the rest follows.
 */
export async function migrateFeatures(
  pool: Pool,
  plan: Plan,
  options: {
    readonly signal?: AbortSignal;
    readonly onProgress?: (done: number, total: number) => void;
    /** Market time, epoch milliseconds: a bar that is not complete then is left out. Wall time by default, which is never behind. */
    readonly now?: number;
  } = {},
): Promise<FeatureMigration> {
  const { features, featureHash, instrument, calendar } = plan;
  const { symbol } = instrument;
  await storeFeatureSet(pool, featureHash, features);
  await ensureFeatureView(pool, features.names, featureHash);
  const to = (options.now ?? Date.now()) - calendar.slotMs;
  const seen = await currentSnapshot(pool);
  const bars = (await readBars(pool, { symbol, to })).filter((bar) => calendar.slot(bar.time) !== undefined);
  const series = plan.series();
  addMacro(series, await readMacro(pool, series.names));
  const others = createSymbolBars();
  await addOthers(pool, plan, others, to);
  if (bars.length > 0) await registerReader(pool, symbol, features.symbols, bars.at(-1)!.time, seen);
  const { rows: there } = await pool.query<{ time: number }>(
    'SELECT time FROM dw.feature_values WHERE symbol = $1 AND feature_hash = $2',
    [symbol, featureHash],
  );
  const known = new Set(there.map(({ time }) => time));
  const { times, values } = computeFeatures(features, series, bars, others);
  const width = features.names.length;
  let batch: FeatureValues[] = [];
  let written = 0;
  for (let i = 0; i < times.length; i++) {
    const time = times[i]!;
    if (!known.has(time)) batch.push({ time, symbol, values: values.subarray(i * width, (i + 1) * width) });
    if (batch.length === BATCH || (i === times.length - 1 && batch.length > 0)) {
      written += await storeFeatureRows(pool, batch, featureHash);
      batch = [];
      options.onProgress?.(i + 1, times.length);
      options.signal?.throwIfAborted();
    }
  }
  return { bars: times.length, written };
}
