import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { startDropFolder, type DropFolder, type DropReport } from '../../src/ingest/drop-folder.js';
import { createTake, type Take } from '../../src/ingest/take.js';
import { calendar, history, live, symbol } from '../cycles/market.js';
import { testDatabase, type TestDatabase } from '../postgres.js';

const open: DropFolder[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});
const lines = history
  .slice(0, 60)
  .map(
    ({ time, open: o, high, low, close }) => `${new Date(time).toISOString()},${symbol},${o},${high},${low},${close},0`,
  );
const CSV = `time,symbol,open,high,low,close,volume\n${lines.join('\n')}\n`;
const MACRO = 'date,dxy,vix\n2025-03-03,106.5,22.8\n';

function watch(
  database: TestDatabase,
  folder: string,
  take: Partial<Take> = {},
): { said: string[]; errors: unknown[] } {
  const said: string[] = [];
  const errors: unknown[] = [];
  open.push(
    startDropFolder({
      folder,
      calendars: new Map([[symbol, calendar]]),
      take: {
        ...createTake(
          () => database.pool,
          calendar,
          () => live[0]!.time,
        ),
        ...take,
      },
      say: (text) => said.push(text),
      onError: (error) => errors.push(error),
      everyMs: 40,
    }),
  );
  return { said, errors };
}
const folderOf = (): string => mkdtempSync(join(tmpdir(), 'signalbox-drop-'));
const appears = (path: string) => expect.poll(() => existsSync(path), { timeout: 10_000 }).toBe(true);
const reportOf = (path: string): DropReport => JSON.parse(readFileSync(`${path}.report.json`, 'utf8')) as DropReport;
const stored = async ({ pool }: TestDatabase): Promise<number> =>
  (await pool.query('SELECT 1 FROM usdcop_m5_ohlcv')).rowCount!;

describe('a drop folder', () => {
  it('takes bars and macro values by their header, and moves each file to done with its report beside it', async () => {
    const database = await testDatabase({ world: 'market' });
    const folder = folderOf();
    watch(database, folder);
    writeFileSync(join(folder, 'bars.csv.gz'), gzipSync(CSV));
    writeFileSync(join(folder, 'macro.csv'), MACRO);
    for (const name of ['bars.csv.gz', 'macro.csv']) await appears(join(folder, 'done', `${name}.report.json`));
    expect(await stored(database)).toBe(60);
    expect(reportOf(join(folder, 'done', 'bars.csv.gz'))).toMatchObject({
      status: 'done',
      report: { kind: 'bars', read: 60, accepted: 60 },
      stored: { inserted: 60, unchanged: 0, revised: 0 },
    });
    expect((await database.pool.query('SELECT dxy FROM macro_indicators_daily')).rows).toEqual([{ dxy: 106.5 }]);
    expect(readdirSync(folder).sort()).toEqual(['done', 'rejected']);

    // the same name again: both stay
    writeFileSync(join(folder, 'macro.csv'), MACRO);
    await expect
      .poll(() => readdirSync(join(folder, 'done')).filter((name) => name.endsWith('macro.csv')).length, {
        timeout: 10_000,
      })
      .toBe(2);
  }, 30_000);

  it('rejects what cannot be taken as a whole, with the reason, and stores nothing of it', async () => {
    const database = await testDatabase({ world: 'market' });
    const folder = folderOf();
    const { said } = watch(database, folder);
    writeFileSync(join(folder, 'broken.csv'), `${CSV}2025-03-03T13:00:00Z,${symbol},x,1,1,1,0\n`);
    writeFileSync(join(folder, 'other.csv'), 'name,size\na,1\n');
    writeFileSync(
      join(folder, 'bogota.csv'),
      CSV.replace(/T(\d\d):/g, (_, hour) => `T${String(Number(hour) - 5).padStart(2, '0')}:`),
    );
    for (const [name, code] of [
      ['broken.csv', 'CSV_MALFORMED'],
      ['other.csv', 'CSV_COLUMN_MISSING'],
      ['bogota.csv', 'INPUT_TIMEZONE'],
    ] as const) {
      await appears(join(folder, 'rejected', `${name}.report.json`));
      expect(reportOf(join(folder, 'rejected', name))).toMatchObject({
        status: 'rejected',
        stored: null,
        error: { code },
      });
      expect(existsSync(join(folder, 'rejected', name))).toBe(true);
    }
    expect(await stored(database)).toBe(0);
    expect(said).toHaveLength(3);
  }, 30_000);

  it('waits for a file that is still being written, and leaves alone what is none of its files', async () => {
    const database = await testDatabase({ world: 'market' });
    const folder = folderOf();
    mkdirSync(join(folder, 'sub.csv'));
    writeFileSync(join(folder, '.hidden.csv'), CSV);
    writeFileSync(join(folder, 'bars.csv.part'), CSV);
    symlinkSync('/etc/passwd', join(folder, 'link.csv'));
    const path = join(folder, 'slow.csv');
    writeFileSync(path, 'time,symbol,open,high,low,close,volume\n');
    watch(database, folder);
    for (const line of lines) {
      appendFileSync(path, `${line}\n`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await appears(join(folder, 'done', 'slow.csv.report.json'));
    const taken = reportOf(join(folder, 'done', 'slow.csv'));
    // the machine may have stood still for longer than two looks; what was moved away went on being written
    expect(taken.error).toBeNull();
    expect(readdirSync(folder).sort()).toEqual([
      '.hidden.csv',
      'bars.csv.part',
      'done',
      'link.csv',
      'rejected',
      'sub.csv',
    ]);
  }, 30_000);

  it('a stop between storing and moving loses nothing: the file is read again, and changes nothing', async () => {
    const database = await testDatabase({ world: 'market' });
    const folder = folderOf();
    writeFileSync(join(folder, 'bars.csv'), CSV);
    const whole = createTake(
      () => database.pool,
      calendar,
      () => live[0]!.time,
    );
    const { errors } = watch(database, folder, {
      bars: async (bars) => {
        await whole.bars(bars);
        throw new Error('killed here');
      },
    });
    await expect.poll(() => errors.length, { timeout: 10_000 }).toBeGreaterThan(0);
    await open.pop()!.stop();
    expect([await stored(database), existsSync(join(folder, 'bars.csv'))]).toEqual([60, true]);
    watch(database, folder);
    await appears(join(folder, 'done', 'bars.csv.report.json'));
    expect(reportOf(join(folder, 'done', 'bars.csv')).stored).toEqual({ inserted: 0, unchanged: 60, revised: 0 });
  }, 30_000);

  it('two hosts on one folder: each file is taken once, and told once', async () => {
    const database = await testDatabase({ world: 'market' });
    const folder = folderOf();
    const both = [watch(database, folder), watch(database, folder)];
    for (let i = 0; i < 6; i++) writeFileSync(join(folder, `m${i}.csv`), MACRO);
    for (let i = 0; i < 6; i++) await appears(join(folder, 'done', `m${i}.csv.report.json`));
    await expect.poll(() => both.flatMap(({ said }) => said).length, { timeout: 5_000 }).toBe(6);
    expect(readdirSync(join(folder, 'done'))).toHaveLength(12);
    expect(both.flatMap(({ errors }) => errors)).toEqual([]);
  }, 30_000);
});
