import { describe, expect, it } from 'vitest';
import { csvFromText } from './csv.js';
import { readMacro } from './macro.js';
import { MACRO_COLUMNS, MACRO_NOT_STORED } from './macro-columns.js';

const read = (text: string) => readMacro(csvFromText('m.csv', text));
const at = (name: string): number => MACRO_COLUMNS.findIndex((column) => column.name === name);

describe('readMacro', () => {
  it('knows the 37 series of the store, each under two names', () => {
    expect(MACRO_COLUMNS).toHaveLength(37);
    expect(new Set(MACRO_COLUMNS.flatMap((column) => [column.name, column.longName])).size).toBe(74);
  });

  it('reads long and stored names; an empty field is no value; 4 decimals, half to even', async () => {
    const { rows, columns } = await read(
      'date,fxrt_index_dxy_usa_d_dxy,vix\n2024-01-03,100.00005,\n2024-01-02,99.5,13.00015\n',
    );
    expect(columns).toEqual(['dxy', 'vix']);
    expect(rows.map((row) => row.date)).toEqual(['2024-01-02', '2024-01-03']);
    expect(rows[0]!.values[at('vix')]).toBe(13.0002);
    expect(rows[1]!.values[at('dxy')]).toBe(100);
    expect(rows[1]!.values[at('vix')]).toBeNull();
    expect(rows[1]!.values[at('brent')]).toBeNull();
  });

  it('of two rows for one date the later counts as a whole', async () => {
    const { rows, report } = await read('date,dxy,vix\n2024-01-02,99,13\n2024-01-02,,14\n');
    expect(rows).toHaveLength(1);
    expect(rows[0]!.values[at('dxy')]).toBeNull();
    expect(report).toMatchObject({
      read: 2,
      accepted: 1,
      rejected: [{ reason: 'duplicate', count: 1, examples: [{ line: 2 }] }],
    });
  });

  it('names columns that it does not know apart from those that have no place', async () => {
    const { report } = await read(`date,dxy,moon,${Object.keys(MACRO_NOT_STORED)[0]},itcr_usa\n2024-01-02,99,1,2,3\n`);
    expect(report.unknownColumns).toEqual(['moon']);
    expect(report.unstoredColumns).toEqual([Object.keys(MACRO_NOT_STORED)[0], 'itcr_usa']);
  });

  it('refuses what cannot be read, by file, line and column', async () => {
    const fails = (code: string, message: RegExp) =>
      expect.objectContaining({ code, message: expect.stringMatching(message) });
    await expect(read('date,dxy\n2024-01-02,n/a\n')).rejects.toThrowError(
      fails('CSV_MALFORMED', /m\.csv, line 2, column dxy: "n\/a" is no number/),
    );
    await expect(read('date,dxy\n02/01/2024,1\n')).rejects.toThrowError(fails('CSV_MALFORMED', /line 2, column date/));
    await expect(read('date,dxy\n2024-02-30,1\n')).rejects.toThrowError(fails('CSV_MALFORMED', /line 2, column date/));
    await expect(read('day,dxy\n')).rejects.toThrowError(fails('CSV_COLUMN_MISSING', /date/));
    await expect(read('date,moon\n')).rejects.toThrowError(fails('CSV_COLUMN_MISSING', /macro series/));
    await expect(read('date,dxy,fxrt_index_dxy_usa_d_dxy\n')).rejects.toThrowError(
      fails('CSV_MALFORMED', /dxy stands in two columns/),
    );
  });

  it('a value too large for its column is out of range', async () => {
    const { rows, report } = await read('date,dxy,m2\n2024-01-02,1000000,1\n2024-01-03,1,1000000\n');
    expect(rows.map((row) => row.date)).toEqual(['2024-01-03']);
    expect(report.rejected[0]).toMatchObject({
      reason: 'out_of_range',
      examples: [{ line: 2, row: '2024-01-02 dxy' }],
    });
  });
});
