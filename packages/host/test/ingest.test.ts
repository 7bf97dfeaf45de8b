import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { createCalendar, USDCOP_CALENDAR, type Bar } from '@signalbox/core';
import { createSimulator } from '@signalbox/core/testing';
import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Ingested } from '../src/cli/ingest.js';
import { run } from '../src/cli/index.js';
import { qualityOf, type Quality } from '../src/ingest/quality.js';
import { startPostgres, type PostgresServer } from '../src/stores/postgres/embedded.js';
import { openPool } from '../src/stores/postgres/pool.js';
import { premises } from '../src/stores/postgres/premises.js';
import { openWorld } from '../src/stores/postgres/world.js';

const calendar = createCalendar(USDCOP_CALENDAR);
// simulated prices in a file that says otherwise: to the store they are a market's
const sessions = createSimulator({ seed: 3, calendar, edge: 0, firstSession: '2024-01-02' }).sessions(12);
const bars = sessions.flatMap((session) => session.bars);
const HEAD = 'time,symbol,open,high,low,close,volume,source';
const lineOf = (bar: Bar, time = new Date(bar.time).toISOString()): string =>
  `${time},USD/COP,${bar.open},${bar.high},${bar.low},${bar.close},${bar.volume},feed`;
const bogota = (bar: Bar): string => lineOf(bar, new Date(bar.time - 5 * 3_600_000).toISOString());

let dir: string;
let server: PostgresServer;
let pool: Pool;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'signalbox-ingest-'));
  writeFileSync(join(dir, 'package.json'), '{}');
  // the command adopts the server that runs already
  server = await startPostgres({ projectDir: dir, env: {}, settings: { fsync: 'off' } });
  pool = openPool((await openWorld(server, 'usdcop_trading', { kind: 'market' })).connection);
});
afterAll(async () => {
  await pool.end();
  await server.stop();
  const place = await premises(dir);
  rmSync(place.base, { recursive: true, force: true });
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  await pool.query('DELETE FROM usdcop_m5_ohlcv; DELETE FROM macro_indicators_daily');
});

async function ingest(kind: 'bars' | 'macro', name: string, text: string, ...flags: string[]) {
  writeFileSync(join(dir, name), name.endsWith('.gz') ? gzipSync(text) : text);
  let out = '';
  let err = '';
  const streams = {
    stdout: { write: (t: string) => (out += t) },
    stderr: { write: (t: string) => (err += t) },
    env: {},
  };
  const code = await run(['ingest', kind, name, '--json', ...flags], streams, dir);
  const { data, errors } = JSON.parse(out) as {
    data: Ingested;
    errors: { code: string; message: string; remedy: string }[];
  };
  return { code, data, error: errors[0], err };
}
const csv = (lines: readonly string[], head = HEAD): string => `${[head, ...lines].join('\n')}\n`;
const stored = async (): Promise<number> =>
  (await pool.query<{ n: number }>('SELECT count(*)::int AS n FROM usdcop_m5_ohlcv')).rows[0]!.n;
const reasons = (data: Ingested): Record<string, number> =>
  Object.fromEntries(data.rejected.map((one) => [one.reason, one.count]));

describe('ingest bars', () => {
  it('stores every accepted bar to the last digit, in .csv and .csv.gz; the same file again changes nothing', async () => {
    const text = csv(bars.map((bar) => lineOf(bar)));
    const first = await ingest('bars', 'bars.csv.gz', text);
    expect(first.code).toBe(0);
    expect(first.err).toBe('');
    expect(first.data).toMatchObject({
      read: bars.length,
      accepted: bars.length,
      rejected: [],
      stored: { inserted: bars.length, unchanged: 0, revised: 0 },
    });
    const rows = await pool.query<Bar>(
      'SELECT time, open, high, low, close, volume FROM usdcop_m5_ohlcv ORDER BY time',
    );
    expect(rows.rows).toEqual(bars);
    const again = await ingest('bars', 'bars.csv', text);
    expect(again.data).toMatchObject({
      accepted: bars.length,
      stored: { inserted: 0, unchanged: bars.length, revised: 0 },
    });
    const { rows: revisions } = await pool.query(
      `SELECT 1 FROM revisions WHERE table_name = 'usdcop_m5_ohlcv' AND new_value IS NOT NULL`,
    );
    expect(revisions).toHaveLength(0);
  });

  it('a changed bar overwrites, and its old values go to revisions', async () => {
    await ingest('bars', 'bars.csv', csv(bars.map((bar) => lineOf(bar))));
    const changed = bars.map((bar, i) => lineOf(i === 5 ? { ...bar, high: bar.high + 1, volume: 9 } : bar));
    const { data } = await ingest('bars', 'bars.csv', csv(changed));
    expect(data.stored).toEqual({ inserted: 0, unchanged: bars.length - 1, revised: 1 });
    const { rows } = await pool.query<{ column_name: string; old_value: string }>(
      `SELECT column_name, old_value FROM revisions WHERE new_value IS NOT NULL AND row_key->>'symbol' = 'USD/COP' ORDER BY 1`,
    );
    expect(rows.map((row) => row.column_name)).toEqual(['high', 'volume']);
    expect(Number(rows[0]!.old_value)).toBe(bars[5]!.high);
  });

  it.each([
    [
      'a malformed line',
      csv([...bars.slice(0, 300).map((bar) => lineOf(bar)), '2024-01-09T13:00:00Z,USD/COP,1,2']),
      'CSV_MALFORMED',
      /bars\.csv, line 302: 4 fields/,
    ],
    [
      'a price that is none',
      csv([lineOf(bars[0]!), lineOf(bars[1]!).replace(String(bars[1]!.open), 'n/a')]),
      'CSV_MALFORMED',
      /line 3, column open/,
    ],
    [
      'a missing column',
      csv(
        bars.map((bar) => lineOf(bar)),
        HEAD.replace('close', 'last'),
      ),
      'CSV_COLUMN_MISSING',
      /no column close/,
    ],
    ['simulated rows', csv(bars.map((bar) => lineOf(bar).replace('feed', 'simulated'))), 'WORLD_MISMATCH', /line 2/],
    [
      'mostly Bogota time labelled UTC',
      csv(bars.map((bar, i) => (i < 100 ? lineOf(bar) : bogota(bar)))),
      'INPUT_TIMEZONE',
      /rows carry Bogota time labelled UTC/,
    ],
  ])('%s: a coded error naming the place and the remedy, and nothing is stored', async (_, text, code, message) => {
    const ran = await ingest('bars', 'bars.csv', text);
    expect(ran.code).toBe(6);
    expect(ran.error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(ran.error!.remedy).not.toBe('');
    expect(await stored()).toBe(0);
  });

  it('a few Bogota times labelled UTC are named as such, an unknown column is reported; the rest is stored', async () => {
    const lines = bars.map((bar, i) => (i < 100 ? bogota(bar) : lineOf(bar))).map((line) => `${line},1`);
    const { code, data } = await ingest('bars', 'bars.csv', csv(lines, `${HEAD},vwap`));
    expect(code).toBe(0);
    expect(reasons(data)).toEqual({ bogota_labelled_utc: 100 });
    expect(data.unknownColumns).toEqual(['vwap']);
    expect(await stored()).toBe(bars.length - 100);
  });

  it('--tz America/Bogota takes the file that was refused', async () => {
    const text = csv(bars.map(bogota));
    expect((await ingest('bars', 'bars.csv', text)).error!.code).toBe('INPUT_TIMEZONE');
    const { data } = await ingest('bars', 'bars.csv', text, '--tz', 'America/Bogota');
    expect(data).toMatchObject({ accepted: bars.length, rejected: [] });
    expect(await stored()).toBe(bars.length);
  });

  it('--dry-run stores nothing', async () => {
    const { data } = await ingest('bars', 'bars.csv', csv(bars.map((bar) => lineOf(bar))), '--dry-run');
    expect(data).toMatchObject({ accepted: bars.length, stored: null });
    expect(await stored()).toBe(0);
  });

  it('killed in the middle of storing: nothing half written, and the next run takes it all', async () => {
    const bin = fileURLToPath(new URL('../bin/signalbox.js', import.meta.url));
    expect(
      existsSync(fileURLToPath(new URL('../dist/cli.js', import.meta.url))),
      'npm run build makes dist/cli.js',
    ).toBe(true);
    const text = csv(bars.map((bar) => lineOf(bar)));
    writeFileSync(join(dir, 'killed.csv'), text);
    const holder = await pool.connect();
    try {
      // the load stands still at the table, with its rows in the transaction
      await holder.query('BEGIN; LOCK TABLE usdcop_m5_ohlcv IN ACCESS EXCLUSIVE MODE');
      const child = spawn(process.execPath, [bin, 'ingest', 'bars', 'killed.csv'], {
        cwd: dir,
        stdio: 'ignore',
        env: { PATH: process.env['PATH'] },
      });
      const gone = new Promise((resolve) => child.on('exit', resolve));
      const waiting = async (): Promise<number> =>
        (
          await holder.query<{ n: number }>(
            `SELECT count(*)::int AS n FROM pg_locks WHERE relation = 'usdcop_m5_ohlcv'::regclass AND NOT granted`,
          )
        ).rows[0]!.n;
      for (let i = 0; i < 300 && (await waiting()) === 0; i++) await sleep(50);
      expect(await waiting(), 'the load has begun').toBeGreaterThan(0);
      child.kill('SIGKILL');
      await gone;
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
    for (let i = 0; i < 100; i++) {
      const { rows } = await pool.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'`,
      );
      if (rows[0]!.n === 0) break;
      await sleep(50);
    }
    const after = await stored();
    // the server may have finished the statement that it was in; a part of the file is what must never stand there
    expect([0, bars.length]).toContain(after);
    const { data } = await ingest('bars', 'killed.csv', text);
    expect(data.stored!.inserted + data.stored!.unchanged).toBe(bars.length);
    expect(await stored()).toBe(bars.length);
  });
});

describe('ingest report', () => {
  it('tells what is missing, outside the session, revised and close-only, against what the calendar expects', async () => {
    const [first, second, third] = sessions.map((session) => session.bars) as [Bar[], Bar[], Bar[]];
    // the second session lacks 3 bars, of the third there is none but one; one bar lies on a Saturday
    const kept = [...first, ...second.slice(3), third[0]!].map((bar) => lineOf(bar));
    const flat = { ...second[3]!, high: second[3]!.open, low: second[3]!.open, close: second[3]!.open };
    await ingest('bars', 'first.csv', [HEAD, ...kept].join('\n'));
    await ingest('bars', 'again.csv', [HEAD, lineOf(flat)].join('\n'));
    await pool.query(
      `INSERT INTO usdcop_m5_ohlcv (time, open, high, low, close, source) VALUES ('2024-01-06T14:00Z', 1, 1, 1, 1, 'hand')`,
    );
    await ingest('macro', 'macro.csv', 'date,dxy,vix\n2024-01-02,101,20\n2024-01-03,102,\n');
    await ingest('macro', 'macro2.csv', 'date,dxy\n2024-01-03,103\n');
    const date = (n: number): string => calendar.sessionDate(sessions[n]!.bars[0]!.time);
    const streams = { stdout: { write: (t: string) => (out += t) }, stderr: { write: () => {} }, env: {} };
    let out = '';
    const window = ['--from', date(0), '--to', date(2)];
    expect(await run(['ingest', 'report', '--world', 'market', '--json', ...window], streams, dir)).toBe(0);
    const { data } = JSON.parse(out) as { data: Quality };
    expect(data.bars).toEqual([
      {
        symbol: 'USD/COP',
        from: date(0),
        to: date(2),
        sessions: 3,
        expected: 180,
        stored: 118,
        missing: 62,
        sessions_without_a_bar: 0,
        outside_session: date(2) >= '2024-01-06' ? 1 : 0,
        close_only_share: 1 / 118,
        revised: expect.any(Number),
        bad_ticks: 0,
        sources: { feed: 118 },
        worst: [
          { date: date(2), missing: 59 },
          { date: date(1), missing: 3 },
        ],
      },
    ]);
    expect(data.macro).toMatchObject([
      { series: 'dxy', values: 2, from: '2024-01-02', to: '2024-01-03' },
      { series: 'vix', values: 1 },
    ]);
    // what was deleted between the tests is revised too; what this one changed comes on top
    const before = await qualityOf(pool, new Map([['USD/COP', calendar]]), Date.now());
    await ingest('bars', 'once-more.csv', [HEAD, lineOf(second[3]!)].join('\n'));
    await ingest('macro', 'macro3.csv', 'date,dxy\n2024-01-03,104\n');
    const after = await qualityOf(pool, new Map([['USD/COP', calendar]]), Date.now());
    expect(after.bars[0]!.revised - before.bars[0]!.revised).toBe(1);
    expect(after.macro[0]!.revised - before.macro[0]!.revised).toBe(1);
    expect(after.bars[0]).toMatchObject({ outside_session: 1, close_only_share: 0 });
    expect(after.bars[0]!.worst).toHaveLength(10);
    out = '';
    await run(['ingest', 'report', '--world', 'market', ...window], streams, dir);
    expect(out).toContain(`118 bars of 180 in 3 sessions, 62 missing (34.44 %)`);
    expect(out).toContain(`most missing: ${date(2)} (59), ${date(1)} (3)`);
  });
});

describe('ingest macro', () => {
  const text =
    'date,fxrt_index_dxy_usa_d_dxy,vix,moon\n2024-01-02,101.12345,13.2,1\n2024-01-03,,13.9,1\n2024-01-03,102.5,,1\n';

  it('takes long and stored names; the later row for a date counts as a whole; repeated, nothing changes', async () => {
    const { code, data } = await ingest('macro', 'macro.csv', text);
    expect(code).toBe(0);
    expect(data).toMatchObject({ read: 3, accepted: 2, unknownColumns: ['moon'], stored: { inserted: 2 } });
    const { rows } = await pool.query('SELECT date, dxy, vix, source FROM macro_indicators_daily ORDER BY date');
    expect(rows).toEqual([
      { date: '2024-01-02', dxy: 101.1234, vix: 13.2, source: 'csv' },
      { date: '2024-01-03', dxy: 102.5, vix: null, source: 'csv' },
    ]);
    expect((await ingest('macro', 'macro.csv', text)).data.stored).toEqual({ inserted: 0, unchanged: 2, revised: 0 });
  });

  it('an empty field never erases what is stored', async () => {
    await ingest('macro', 'macro.csv', text);
    const { data } = await ingest('macro', 'macro.csv', 'date,dxy,vix\n2024-01-02,,14\n');
    expect(data.stored).toMatchObject({ revised: 1 });
    const { rows } = await pool.query(`SELECT dxy, vix FROM macro_indicators_daily WHERE date = '2024-01-02'`);
    expect(rows).toEqual([{ dxy: 101.1234, vix: 14 }]);
  });

  it('a malformed value stores nothing', async () => {
    const { code, error } = await ingest('macro', 'macro.csv', 'date,dxy\n2024-01-02,1\n2024-01-03,n/a\n');
    expect(code).toBe(6);
    expect(error).toMatchObject({ code: 'CSV_MALFORMED', message: expect.stringContaining('line 3, column dxy') });
    expect((await pool.query('SELECT 1 FROM macro_indicators_daily')).rowCount).toBe(0);
  });
});
