import { createCalendar, USDCOP_CALENDAR } from '@signalbox/core';
import { describe, expect, it } from 'vitest';
import { readBars } from '../src/ingest/bars.js';
import { openCsv } from '../src/ingest/csv.js';
import { readMacro } from '../src/ingest/macro.js';
import { storeBars } from '../src/stores/postgres/bars.js';
import { testDatabase } from './postgres.js';

/** The development files: not part of the project. Set SIGNALBOX_BARS_FILE and SIGNALBOX_MACRO_FILE to run this. */
const barsFile = process.env['SIGNALBOX_BARS_FILE'];
const macroFile = process.env['SIGNALBOX_MACRO_FILE'];

describe.runIf(barsFile && macroFile)('real data', () => {
  const calendars = new Map([['USD/COP', createCalendar(USDCOP_CALENDAR)]]);

  it('82,206 bars are read, 78,169 accepted, each rejection counted by its reason; stored once, then unchanged', async () => {
    const { bars, report } = await readBars(await openCsv(barsFile!), { calendars });
    expect(report).toMatchObject({ read: 82_206, accepted: 78_169, unknownColumns: [] });
    expect(report.rejected.map(({ reason, count }) => [reason, count])).toEqual([['holiday', 4_037]]);
    expect(report.closeOnlyShare).toBeCloseTo(0.94, 2);
    const { pool } = await testDatabase({ world: 'market' });
    expect(await storeBars(pool, bars)).toEqual({ inserted: 78_169, unchanged: 0, revised: 0 });
    expect(await storeBars(pool, bars)).toEqual({ inserted: 0, unchanged: 78_169, revised: 0 });
  });

  it('1,629 days of macro values are read into 37 series', async () => {
    const { rows, columns, report } = await readMacro(await openCsv(macroFile!));
    expect(report).toMatchObject({ read: 1_629, accepted: 1_629, rejected: [], unknownColumns: [] });
    expect(rows).toHaveLength(1_629);
    expect(columns).toHaveLength(37);
    expect(report.unstoredColumns).toHaveLength(4);
  });
});
