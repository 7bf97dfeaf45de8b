import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { columnsOf, csvFromText, CSV_LIMITS, openCsv, readCsv, type CsvInput, type ReadCsvOptions } from './csv.js';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'signalbox-csv-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function rows(
  input: CsvInput | string,
  options?: ReadCsvOptions,
): Promise<{ columns: string[]; rows: [number, ...string[]][] }> {
  const found: { columns: string[]; rows: [number, ...string[]][] } = { columns: [], rows: [] };
  await readCsv(
    typeof input === 'string' ? csvFromText('x.csv', input) : input,
    (columns) => {
      found.columns = [...columns];
      return (fields, line) => found.rows.push([line, ...fields]);
    },
    options,
  );
  return found;
}
const fails = (code: string, message: RegExp): object =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('readCsv', () => {
  it('numbers lines from the header, whatever the line ends and however chunks fall', async () => {
    const text = 'a,b\r\n1,2\r\n\r\n3,ñ\n';
    const expected = [
      [2, '1', '2'],
      [4, '3', 'ñ'],
    ];
    expect((await rows(text)).rows).toEqual(expected);
    const bytes = [...Buffer.from(text)].map((byte) => Buffer.from([byte]));
    expect((await rows({ name: 'x.csv', stream: Readable.from(bytes) })).rows).toEqual(expected);
    expect((await rows('a,b\n1,2')).rows).toEqual([[2, '1', '2']]);
    expect((await rows('\ufeffA , b\n1,2')).columns).toEqual(['a', 'b']);
  });

  it('reads quoted fields by RFC 4180, and says the right lines before and after the first quote', async () => {
    const text = 'a,b\n1,2\n"x, ""y""",3\n4,5\n';
    expect((await rows(text)).rows).toEqual([
      [2, '1', '2'],
      [3, 'x, "y"', '3'],
      [4, '4', '5'],
    ]);
    const bytes = [...Buffer.from(text)].map((byte) => Buffer.from([byte]));
    expect((await rows({ name: 'x.csv', stream: Readable.from(bytes) })).rows).toHaveLength(3);
    await expect(rows('a,b\n1,2\n"x",3\n4\n')).rejects.toThrowError(
      fails('CSV_MALFORMED', /x\.csv, line 4: 1 fields where the header names 2/),
    );
    await expect(rows('a,b\n1,"2\n')).rejects.toThrowError(
      fails('CSV_MALFORMED', /x\.csv, line \d: the quotes do not fit/),
    );
  });

  it('names file and line of what is malformed', async () => {
    await expect(rows('a,b\n1,2\n1,2,3\n')).rejects.toThrowError(
      fails('CSV_MALFORMED', /x\.csv, line 3: 3 fields where the header names 2/),
    );
    await expect(rows('')).rejects.toThrowError(fails('CSV_MALFORMED', /empty/));
    await expect(rows('a,a\n')).rejects.toThrowError(fails('CSV_MALFORMED', /names a twice/));
    await expect(
      rows({ name: 'x.csv', stream: Readable.from([Buffer.from([0x61, 10, 0xff, 0xfe, 10])]) }),
    ).rejects.toThrowError(fails('CSV_MALFORMED', /UTF-8/));
  });

  it('bounds line, columns and size before it holds them', async () => {
    const limits = { ...CSV_LIMITS, line: 20, columns: 3, bytes: 100 };
    await expect(rows(`a\n${'x'.repeat(21)}\n`, { limits })).rejects.toThrowError(
      fails('CSV_MALFORMED', /line 2: longer than 20/),
    );
    await expect(rows(`a\n${'x'.repeat(21)}`, { limits })).rejects.toThrowError(
      fails('CSV_MALFORMED', /line 2: longer than 20/),
    );
    await expect(rows(`a\n"${'x'.repeat(30)}"\n`, { limits })).rejects.toThrowError(
      fails('CSV_MALFORMED', /longer than 20/),
    );
    await expect(rows('a,b,c,d\n', { limits })).rejects.toThrowError(fails('CSV_MALFORMED', /4 columns/));
    await expect(rows(`a\n${'x\n'.repeat(60)}`, { limits })).rejects.toThrowError(
      fails('CSV_MALFORMED', /more than 100 bytes/),
    );
  });

  it('stops when asked', async () => {
    const stop = new AbortController();
    stop.abort();
    await expect(rows('a\n1\n', { signal: stop.signal })).rejects.toThrowError(
      expect.objectContaining({ name: 'AbortError' }),
    );
  });
});

describe('openCsv', () => {
  it('reads .csv and .csv.gz alike, and refuses other endings and absent files by code', async () => {
    const text = 'a,b\n1,2\n';
    writeFileSync(join(dir, 'x.csv'), text);
    writeFileSync(join(dir, 'x.csv.gz'), gzipSync(text));
    expect((await rows(await openCsv(join(dir, 'x.csv')))).rows).toEqual([[2, '1', '2']]);
    expect((await rows(await openCsv(join(dir, 'x.csv.gz')))).rows).toEqual([[2, '1', '2']]);
    await expect(openCsv(join(dir, 'x.parquet'))).rejects.toThrowError(
      fails('PARAMETER_INVALID', /neither \.csv nor \.csv\.gz/),
    );
    await expect(openCsv(join(dir, 'none.csv'))).rejects.toThrowError(fails('INPUT_NOT_FOUND', /none\.csv/));
  });

  it('a damaged or cut-off gzip file is malformed, not an internal fault', async () => {
    const packed = gzipSync('a,b\n' + '1,2\n'.repeat(1000));
    writeFileSync(join(dir, 'cut.csv.gz'), packed.subarray(0, packed.length - 12));
    writeFileSync(join(dir, 'no.csv.gz'), 'a,b\n1,2\n');
    await expect(openCsv(join(dir, 'cut.csv.gz')).then(rows)).rejects.toThrowError(
      fails('CSV_MALFORMED', /cut\.csv\.gz.*gzip/),
    );
    await expect(openCsv(join(dir, 'no.csv.gz')).then(rows)).rejects.toThrowError(
      fails('CSV_MALFORMED', /no\.csv\.gz.*gzip/),
    );
  });
});

it('columnsOf names every absent column', () => {
  expect(() => columnsOf('x.csv', ['time', 'open'], ['time', 'high', 'low'])).toThrowError(
    fails('CSV_COLUMN_MISSING', /x\.csv, line 1.*high, low/),
  );
});
