import { createSymbolBars, SignalboxError, type Bar, type SeriesTable, type SymbolBars } from '@signalbox/core';
import type { Pool } from 'pg';
import { readBars } from '../stores/postgres/bars.js';
import { readMacro } from '../stores/postgres/macro.js';
import { addMacro } from './macro-series.js';
import { addOthers } from './market-memory.js';
import type { Plan } from './plan.js';

/** What a training learns from, as a database has it. */
export interface StoredTraining {
  readonly bars: readonly Bar[];
  /** Of other symbols that features read. */
  readonly others: SymbolBars;
  readonly series: SeriesTable;
}

/**
 * Bars that were complete at `now` and lie inside the sessions, with the other symbols' and the macro values: the same for the
 * command and the job.
 * @throws SignalboxError INPUT_NOT_FOUND where there are no bars of the symbol, or of another that features read
 */
export async function readStoredTraining(pool: Pool, plan: Plan, now = Date.now()): Promise<StoredTraining> {
  const { calendar, instrument } = plan;
  const to = now - calendar.slotMs;
  const bars = (await readBars(pool, { symbol: instrument.symbol, to })).filter((bar) => calendar.slot(bar.time));
  if (bars.length === 0)
    throw new SignalboxError(
      'INPUT_NOT_FOUND',
      `no bars of ${instrument.symbol} are stored`,
      'Take bars in first: signalbox ingest bars FILE.',
    );
  const others = createSymbolBars();
  await addOthers(pool, plan, others, to);
  requireOthers(plan, others, 'Take them in first: signalbox ingest bars FILE, with the symbol under "instruments".');
  const series = plan.series();
  addMacro(series, await readMacro(pool, series.names));
  return { bars, others, series };
}

/** A column of a symbol without bars would be empty, and nobody would know why. @throws INPUT_NOT_FOUND */
export function requireOthers({ config, features }: Plan, others: SymbolBars, remedy: string): void {
  const empty = features.symbols.find((symbol) => others.of(symbol).length === 0);
  if (empty === undefined) return;
  const readers = config.features.filter(({ source }) => 'symbol' in source && source.symbol === empty);
  throw new SignalboxError(
    'INPUT_NOT_FOUND',
    `there are no bars of ${empty}, which ${readers.map(({ name }) => name).join(', ')} read${readers.length === 1 ? 's' : ''}`,
    remedy,
  );
}
