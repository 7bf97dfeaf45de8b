import type { Calendar } from '@signalbox/core';
import type { Pool } from 'pg';
import { confirmBars, storeBars, type SourcedBar, type StoreCounts } from '../stores/postgres/bars.js';
import { storeMacro } from '../stores/postgres/macro.js';
import { MACRO_NAMES } from './macro-columns.js';
import type { MacroRow } from './macro-intake.js';

/** Stores checked rows: what every way in ends with. */
export interface Take {
  /** Bars that were delivered after their completion are final from then on. @throws WORLD_MISMATCH, STORE_DOWN */
  bars(bars: readonly SourcedBar[]): Promise<StoreCounts>;
  /** @throws WORLD_MISMATCH, STORE_DOWN */
  macro(rows: readonly MacroRow[], source: string): Promise<StoreCounts>;
}

/** @param now market time */
export function createTake(pool: () => Pool, calendar: Calendar, now: () => number): Take {
  return {
    async bars(bars) {
      const at = now();
      const counts = await storeBars(pool(), bars, { marketTime: at });
      await confirmBars(pool(), bars, { slotMs: calendar.slotMs, now: at });
      return counts;
    },
    macro: (rows, source) => storeMacro(pool(), MACRO_NAMES, rows, source, { marketTime: now() }),
  };
}
