import { createCalendar, USDCOP_CALENDAR } from '@signalbox/core';
import { describe, expect, it } from 'vitest';
import { readBars, type ReadBarsOptions } from './bars.js';
import { csvFromText } from './csv.js';
import type { IngestReport } from './report.js';

const calendars = new Map([['USD/COP', createCalendar(USDCOP_CALENDAR)]]);
const HEAD = 'time,symbol,open,high,low,close,volume,source\n';
const row = (time: string, prices = '4000,4001,3999,4000.5', rest = '0,feed'): string =>
  `${time},USD/COP,${prices},${rest}\n`;
const read = (body: string, options: Partial<ReadBarsOptions> = {}) =>
  readBars(csvFromText('x.csv', HEAD + body), { calendars, ...options });
const counts = (report: IngestReport): Record<string, number> =>
  Object.fromEntries(report.rejected.map((one) => [one.reason, one.count]));

/** Three bars of Tuesday, 2 January 2024. */
const GOOD = row('2024-01-02T13:00:00Z') + row('2024-01-02T13:05:00Z') + row('2024-01-02T13:10:00Z');

describe('readBars', () => {
  it('takes bars in the session and counts every other row by its reason', async () => {
    const { bars, report } = await read(
      GOOD +
        row('2024-01-08T13:00:00Z') + // Epiphany, moved to Monday
        row('2024-01-06T13:00:00Z') + // Saturday
        row('2024-01-02T18:00:00Z') + // the close is not a bar's open
        row('2024-01-02T13:02:00Z') +
        row('2024-01-03T13:00:00Z', '4000,3999,3998,4000') +
        row('2024-01-03T13:05:00Z', '4000,4001,4000.2,4000') +
        row('2024-01-03T13:10:00Z', '0,4001,3999,4000') +
        row('2024-01-03T13:15:00Z', '4000,4000001,3999,4000') +
        row('2024-01-03T13:20:00Z', '4000,4000,4000,4000', '-1,feed') +
        row('2024-01-03T13:25:00Z').replace('USD/COP', 'EUR/COP'),
    );
    expect(bars.map((bar) => new Date(bar.time).toISOString())).toEqual([
      '2024-01-02T13:00:00.000Z',
      '2024-01-02T13:05:00.000Z',
      '2024-01-02T13:10:00.000Z',
    ]);
    expect(counts(report)).toEqual({
      unknown_symbol: 1,
      out_of_range: 3,
      weekend: 1,
      holiday: 1,
      outside_session: 1,
      off_slot: 1,
      ohlc_inconsistent: 2,
    });
    expect(report.read).toBe(report.accepted + report.rejected.reduce((n, one) => n + one.count, 0));
    expect(report.rejected.find((one) => one.reason === 'holiday')!.examples).toEqual([
      { line: 5, row: expect.stringContaining('2024-01-08') },
    ]);
  });

  it('of two rows for one bar the later counts as a whole, and the earlier is reported', async () => {
    const { bars, report } = await read(GOOD + row('2024-01-02T13:05:00Z', '5000,5001,4999,5000', '7,other'));
    expect(bars).toHaveLength(3);
    expect(bars[1]).toMatchObject({ open: 5000, close: 5000, volume: 7, source: 'other' });
    expect(counts(report)).toEqual({ duplicate: 1 });
    expect(report.rejected[0]!.examples[0]).toMatchObject({ line: 3, row: expect.stringContaining('line 5 counts') });
  });

  it('sorts by time, and finds duplicates in any order', async () => {
    const { bars, report } = await read(row('2024-01-03T13:00:00Z') + GOOD + row('2024-01-03T13:00:00Z'));
    expect(bars.map((bar) => bar.time)).toEqual([...bars.map((bar) => bar.time)].sort());
    expect(counts(report)).toEqual({ duplicate: 1 });
  });

  it('rounds prices to 6 decimals, half to even, before anything else sees them', async () => {
    const { bars } = await read(row('2024-01-02T13:00:00Z', '4000.0000005,4000.0000015,4000.0000004999,4000.0000005'));
    expect(bars[0]).toMatchObject({ open: 4000, high: 4000.000002, low: 4000, close: 4000 });
  });

  it('names Bogota times labelled UTC as such; the rest of the file is taken while they are few', async () => {
    const { bars, report } = await read(GOOD + row('2024-01-03T08:00:00Z') + row('2024-01-03T12:55:00Z'));
    expect(bars).toHaveLength(3);
    expect(counts(report)).toEqual({ bogota_labelled_utc: 2 });
    expect(report.rejected[0]!.meaning).toContain('--tz America/Bogota');
  });

  it('refuses the file when most of it is Bogota time labelled UTC, with the report and the remedy', async () => {
    const body = row('2024-01-02T13:00:00Z') + row('2024-01-03T08:00:00Z') + row('2024-01-03T08:05:00Z');
    await expect(read(body)).rejects.toThrowError(
      expect.objectContaining({
        code: 'INPUT_TIMEZONE',
        message: expect.stringMatching(/x\.csv: 2 of 3 rows/),
        remedy: expect.stringContaining('--tz America/Bogota'),
        data: expect.objectContaining({ read: 3, accepted: 1 }),
      }),
    );
    const { bars } = await read(body, { zone: 'America/Bogota' });
    expect(bars.map((bar) => new Date(bar.time).toISOString())).toEqual([
      '2024-01-03T13:00:00.000Z',
      '2024-01-03T13:05:00.000Z',
    ]);
  });

  it('a line that cannot be read refuses the file, naming file, line and column', async () => {
    for (const [body, place] of [
      [row('2024-01-02T13:00:00Z', '4000,x,3999,4000'), /line 5, column high: "x" is no number/],
      [row('2024-01-02T13:00:00Z', '4000,,3999,4000'), /line 5, column high: "" is no number/],
      [row('yesterday'), /line 5, column time: "yesterday" is no time/],
      [row('2024-01-02 13:00:00'), /line 5, column time: .* does not say its time zone/],
    ] as const) {
      await expect(read(GOOD + body)).rejects.toThrowError(
        expect.objectContaining({ code: 'CSV_MALFORMED', message: expect.stringMatching(place) }),
      );
    }
  });

  it('needs its columns, takes them in any order, and only reports those it does not know', async () => {
    await expect(readBars(csvFromText('x.csv', 'time,open,high,close\n'), { calendars })).rejects.toThrowError(
      expect.objectContaining({ code: 'CSV_COLUMN_MISSING', message: expect.stringContaining('low') }),
    );
    const { bars, report } = await readBars(
      csvFromText('x.csv', 'vwap,close,low,high,open,time,created_at\n1,3,1,4,2,2024-01-02 13:00:00+00:00,2\n'),
      { calendars },
    );
    expect(bars).toEqual([
      {
        symbol: 'USD/COP',
        time: Date.UTC(2024, 0, 2, 13),
        open: 2,
        high: 4,
        low: 1,
        close: 3,
        volume: 0,
        source: 'csv',
      },
    ]);
    expect(report).toMatchObject({ unknownColumns: ['vwap'], unstoredColumns: ['created_at'] });
  });

  it('keeps the source of the file, and refuses simulated rows where real ones are wanted', async () => {
    expect((await read(GOOD)).bars[0]!.source).toBe('feed');
    const simulated = row('2024-01-02T13:00:00Z', undefined, '0,simulated');
    await expect(read(simulated)).rejects.toThrowError(
      expect.objectContaining({ code: 'WORLD_MISMATCH', message: expect.stringContaining('line 2') }),
    );
    expect((await read(simulated, { simulated: true })).bars).toHaveLength(1);
  });

  it('a bar that is not complete yet cannot be', async () => {
    const { bars, report } = await read(GOOD, { now: Date.UTC(2024, 0, 2, 13, 10) });
    expect(bars).toHaveLength(2);
    expect(counts(report)).toEqual({ out_of_range: 1 });
  });
});
