import type { SeriesTable } from '@signalbox/core';
import type { MacroObservation } from '../stores/postgres/macro.js';

/** Puts stored macro values into the table that features read; a series that no feature reads is left out. */
export function addMacro(table: SeriesTable, values: Iterable<MacroObservation>): void {
  for (const { series, date, value, firstSeen } of values) {
    if (table.has(series)) table.add(series, date, value, firstSeen);
  }
}
