// A file of bars, read, checked, reported and stored, beside psql's `\copy` of the same rows with a merge, in turns on one
// server with its durable default settings. SIGNALBOX_BARS names the file; without it the simulator makes one of that size.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createCalendar, USDCOP_CALENDAR } from '@signalbox/core';
import { createSimulator } from '@signalbox/core/testing';
import { readBars } from '../src/ingest/bars.js';
import { openCsv } from '../src/ingest/csv.js';
import { storeBars } from '../src/stores/postgres/bars.js';
import { startPostgres } from '../src/stores/postgres/embedded.js';
import { openPool } from '../src/stores/postgres/pool.js';
import { premises } from '../src/stores/postgres/premises.js';
import { openWorld } from '../src/stores/postgres/world.js';

const ROWS = 82_206;
const ROUNDS = 3;
const calendar = createCalendar(USDCOP_CALENDAR);
const projectDir = mkdtempSync(join(tmpdir(), 'signalbox-bench-ingest-'));
const file = join(projectDir, 'bars.csv');
const given = process.env['SIGNALBOX_BARS'];
if (given) writeFileSync(file, given.endsWith('.gz') ? gunzipSync(readFileSync(given)) : readFileSync(given));
else {
  const simulator = createSimulator({ seed: 1, calendar, edge: 0, firstSession: '2019-01-02' });
  const bars = simulator
    .sessions(Math.ceil(ROWS / 60))
    .flatMap((session) => session.bars)
    .slice(0, ROWS);
  const lines = bars.map(
    (b) => `${new Date(b.time).toISOString().slice(0, 19)}Z,USD/COP,${b.open},${b.high},${b.low},${b.close},0,feed`,
  );
  writeFileSync(file, `time,symbol,open,high,low,close,volume,source\n${lines.join('\n')}\n`);
}
const columns = readFileSync(file, 'utf8').split('\n', 1)[0]!.trim();

const server = await startPostgres({ projectDir, env: {} });
try {
  const { connection } = await openWorld(server, 'usdcop_trading', { kind: 'market' });
  const pool = openPool(connection);
  const { host, port, user, database, password } = connection as unknown as Record<string, string>;
  const env = {
    ...process.env,
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: database,
    PGPASSWORD: password ?? '',
  };
  await pool.query(
    'CREATE TABLE plain (time timestamptz, symbol text, open numeric(12,6), high numeric(12,6), low numeric(12,6), close numeric(12,6), volume bigint, source text, PRIMARY KEY (time, symbol))',
  );
  // a script: psql takes `\copy` from -c only alone
  const script = join(projectDir, 'copy.sql');
  writeFileSync(
    script,
    `BEGIN;
CREATE TEMP TABLE incoming (LIKE plain) ON COMMIT DROP;
\\copy incoming (${columns}) FROM '${file}' CSV HEADER
INSERT INTO plain SELECT * FROM incoming ON CONFLICT (time, symbol) DO UPDATE SET open = excluded.open, high = excluded.high,
  low = excluded.low, close = excluded.close, volume = excluded.volume, source = excluded.source;
COMMIT;
`,
  );
  const ours: { empty: number[]; again: number[] } = { empty: [], again: [] };
  const copy: { empty: number[]; again: number[] } = { empty: [], again: [] };
  let read = 0;
  let accepted = 0;
  const ingest = async (): Promise<number> => {
    const from = performance.now();
    const { bars, report } = await readBars(await openCsv(file), {
      calendars: new Map([['USD/COP', calendar]]),
      now: Date.now(),
    });
    await storeBars(pool, bars);
    ({ read, accepted } = report);
    return performance.now() - from;
  };
  const psql = (): number => {
    const from = performance.now();
    execFileSync('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', script], { env });
    return performance.now() - from;
  };
  for (let round = 0; round <= ROUNDS; round++) {
    await pool.query('TRUNCATE usdcop_m5_ohlcv, plain');
    const times = [await ingest(), psql(), await ingest(), psql()] as const;
    if (round === 0) continue; // warm-up
    ours.empty.push(times[0]);
    copy.empty.push(times[1]);
    ours.again.push(times[2]);
    copy.again.push(times[3]);
  }
  const median = (values: number[]): number =>
    Math.round([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!);
  const row = (name: string, value: number, unit: string, note?: string) => ({
    name,
    value,
    unit,
    ...(note ? { note } : {}),
  });
  const share = (a: number[], b: number[]): number => Number((median(a) / median(b)).toFixed(2));
  console.log(
    JSON.stringify({
      bench: 'ingest of a file of bars beside \\copy with merge',
      rows: [
        row('rows read', read, 'rows', `${accepted} accepted`),
        row('signalbox: read, check, report, store; empty table', median(ours.empty), 'ms'),
        row('psql \\copy with merge; empty table', median(copy.empty), 'ms', 'no checks, no triggers'),
        row('share, empty table', share(ours.empty, copy.empty), '×'),
        row('signalbox: the same file again', median(ours.again), 'ms'),
        row('psql \\copy with merge again', median(copy.again), 'ms'),
        row('share, again', share(ours.again, copy.again), '×'),
      ],
    }),
  );
  await pool.end();
} finally {
  await server.stop();
  const place = await premises(projectDir);
  rmSync(place.base, { recursive: true, force: true });
  rmSync(projectDir, { recursive: true, force: true });
}
