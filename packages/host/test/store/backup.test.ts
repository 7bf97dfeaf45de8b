import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backup } from '../../src/stores/backup/backup.js';
import { restore } from '../../src/stores/backup/restore.js';
import { brokenAudit, readAudit } from '../../src/stores/postgres/audit.js';
import { maintain } from '../../src/stores/postgres/maintain.js';
import { openClient } from '../../src/stores/postgres/pool.js';
import { quotedName, tablesOf } from '../../src/stores/postgres/tables.js';
import { run } from '../../src/cli/index.js';
import { databaseUrl } from '../running-host.js';
import { testDatabase, testServer, type TestDatabase } from '../postgres.js';

let db: TestDatabase;
let folder: string;
let file: string;
const made: string[] = [];
let count = 0;
const fresh = (): string => {
  const name = `test_${process.pid}_restored_${++count}`;
  made.push(name, `${name}_next`);
  return name;
};

/** Every row of every table as text, and every sequence. */
async function content(connection: TestDatabase['connection']): Promise<Record<string, unknown>> {
  const client = await openClient(connection);
  try {
    const { heads } = await tablesOf(client);
    const found: Record<string, unknown> = {};
    for (const { table } of heads) {
      const { rows } = await client.query<{ text: string }>(
        `SELECT t::text AS text FROM ${quotedName(table)} t ORDER BY 1`,
      );
      found[table] = rows.map((row) => row.text);
    }
    const { rows } = await client.query(
      `SELECT schemaname, sequencename, last_value FROM pg_sequences WHERE schemaname IN ('public', 'dw') ORDER BY 1, 2`,
    );
    return { ...found, sequences: rows };
  } finally {
    await client.end();
  }
}

/** A restored world is the old one row for row, but for logins, which have ended, and the audit's entry that says so. */
async function expectRestored(connection: TestDatabase['connection']): Promise<void> {
  const [then, now] = [await content(db.connection), await content(connection)];
  const [old, entries] = [then['dw.audit'] as string[], now['dw.audit'] as string[]];
  expect({ ...now, 'dw.audit': entries.filter((row) => old.includes(row)) }).toEqual({
    ...then,
    'dw.login_session': [],
  });
  expect(then['dw.login_session']).toHaveLength(1);
  const client = await openClient(connection);
  try {
    expect((await readAudit(client, 1))[0]).toMatchObject({ action: 'restore', detail: { sessionsEnded: 1 } });
    expect([entries.length - old.length, await brokenAudit(client)]).toEqual([1, null]);
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sb-backup-'));
  db = await testDatabase({ world: 'market' });
  await db.pool.query(`INSERT INTO dw.dim_strategy (strategy_code, strategy_name, strategy_type, parameters)
    VALUES ('RL_PPO', 'tab	newline
back\\slash, ñ 漢 \\N', 'RL', '{"a": "b\\nc"}')`);
  await db.pool.query(`INSERT INTO usdcop_m5_ohlcv (time, open, high, low, close)
    SELECT '2020-01-02T13:00Z'::timestamptz + i * interval '5 minutes', 4000, 4100.123456, 3900, 4000 + i % 100 FROM generate_series(0, 19999) i`);
  await db.pool.query(`UPDATE usdcop_m5_ohlcv SET close = 4050.5, high = 4200 WHERE time < '2020-01-02T14:00Z'`);
  await db.pool.query(
    `INSERT INTO macro_indicators_daily (date, dxy) VALUES ('2020-01-02', 97.1234), ('2020-01-03', NULL)`,
  );
  await db.pool
    .query(`INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal, confidence, features, opinion)
    SELECT 1, '2020-01-02T13:05Z'::timestamptz + i * interval '5 minutes', 'flat', 0.5, ARRAY[1e-300, 0.1 + i, NULL], '{"signal": "flat"}' FROM generate_series(0, 499) i`);
  await db.pool.query(`INSERT INTO users (email, password_hash) VALUES ('a@b.c', 'hash')`);
  await db.pool.query(`INSERT INTO dw.login_session (digest, user_id, expires_at)
    SELECT sha256('token'), user_id, now() + interval '1 hour' FROM users`);
  await db.pool.query(`UPDATE dw.events SET seq = id`);
  file = join(folder, 'one.sbk');
}, 60_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  const admin = await openClient((await testServer()).admin);
  for (const name of made) await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  await admin.end();
});

describe('backup and restore', () => {
  it('a fresh database equals the old one row for row but for logins, sequences included, and works on', async () => {
    const result = await backup(db.connection, file);
    expect(result.rows).toBeGreaterThan(20_500);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['one.sbk']);
    const database = fresh();
    const seen: string[] = [];
    await restore({ server: db.server, database, kind: 'market', file, onProgress: (stage) => seen.push(stage) });
    expect(new Set(seen)).toEqual(new Set(['check', 'load']));
    await expectRestored(db.server.connection(database));
    // triggers, identities and defaults are those of a living world
    const client = await openClient(db.server.connection(database));
    await client.query(
      `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal) VALUES (1, '2026-01-02T13:05Z', 'flat')`,
    );
    await client.query(`UPDATE usdcop_m5_ohlcv SET close = 4051 WHERE time = '2020-01-02T13:00Z'`);
    expect((await client.query(`SELECT 1 FROM dw.events WHERE seq IS NULL`)).rowCount).toBe(2);
    await expect(client.query('DELETE FROM revisions')).rejects.toThrow('append-only');
    await client.end();
  }, 60_000);

  it('under load: one moment of the database, never half of a transaction', async () => {
    const busy = await testDatabase({ world: 'market' });
    await busy.pool.query(
      `INSERT INTO dw.dim_strategy (strategy_code, strategy_name, strategy_type) VALUES ('A', 'A', 'ML')`,
    );
    let stop = false;
    let n = 0;
    const writer = (async () => {
      while (!stop) {
        const client = await busy.pool.connect();
        // a signal and its equity row: both or none
        await client.query('BEGIN');
        await client.query(
          `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal) VALUES (1, to_timestamp(1577970300 + $1::int * 300), 'flat')`,
          [n],
        );
        await client.query(
          `INSERT INTO dw.fact_equity_curve (strategy_id, timestamp_utc, equity_value) VALUES (1, to_timestamp(1577970300 + $1::int * 300), 10000)`,
          [n++],
        );
        await client.query('COMMIT');
        client.release();
      }
    })();
    while (n < 20) await new Promise((resolve) => setTimeout(resolve, 5));
    const path = join(folder, 'busy.sbk');
    await backup(busy.connection, path);
    stop = true;
    await writer;
    const database = fresh();
    await restore({ server: busy.server, database, kind: 'market', file: path });
    const client = await openClient(busy.server.connection(database));
    const { rows } = await client.query<{ s: number; e: number; both: number; next: number }>(`SELECT
      (SELECT count(*) FROM dw.fact_strategy_signals) AS s, (SELECT count(*) FROM dw.fact_equity_curve) AS e,
      (SELECT count(*) FROM dw.fact_strategy_signals JOIN dw.fact_equity_curve USING (bar_time)) AS both,
      nextval('dw.fact_strategy_signals_signal_id_seq') AS next`);
    await client.end();
    expect(rows[0]!.s).toBeGreaterThanOrEqual(20);
    expect([rows[0]!.e, rows[0]!.both]).toEqual([rows[0]!.s, rows[0]!.s]);
    expect(rows[0]!.next).toBeGreaterThan(rows[0]!.s);
  }, 60_000);

  it('a truncated, altered, or foreign file is BACKUP_INVALID, and nothing is there afterwards', async () => {
    const whole = readFileSync(file);
    const plain = gunzipSync(whole);
    const changed = (edit: (bytes: Buffer) => Buffer): Buffer => gzipSync(edit(Buffer.from(plain)));
    const bad: Record<string, Buffer> = {
      'cut in the middle': whole.subarray(0, whole.length >> 1),
      'without its last byte': whole.subarray(0, whole.length - 1),
      'a byte of the packed file': Buffer.from(whole).fill(
        whole[whole.length >> 1]! ^ 1,
        whole.length >> 1,
        (whole.length >> 1) + 1,
      ),
      'a price, packed again': changed((bytes) =>
        Buffer.from(bytes.toString('latin1').replace('4050.500000', '4051.500000'), 'latin1'),
      ),
      'a line left out, packed again': changed((bytes) =>
        Buffer.from(bytes.toString('latin1').replace(/\n2020-01-02 13:05[^\n]*/, ''), 'latin1'),
      ),
      'without its end, packed again': changed((bytes) =>
        bytes.subarray(0, bytes.lastIndexOf(10, bytes.length - 2) + 1),
      ),
      'with something after it': Buffer.concat([whole, gzipSync('more')]),
      'a length of a gigabyte': changed((bytes) =>
        Buffer.from(bytes.toString('latin1').replace(/\n\d{4,}\n/, '\n999999999\n'), 'latin1'),
      ),
      'a table elsewhere': changed((bytes) =>
        Buffer.from(
          bytes.toString('latin1').replaceAll('"table":"public.users"', '"table":"pg_catalog.pg_authid"'),
          'latin1',
        ),
      ),
      'no gzip': Buffer.from('CREATE TABLE x ();'),
      empty: Buffer.alloc(0),
    };
    const database = fresh();
    for (const [what, bytes] of Object.entries(bad)) {
      const path = join(folder, 'bad.sbk');
      writeFileSync(path, bytes);
      await expect(restore({ server: db.server, database, kind: 'market', file: path }), what).rejects.toMatchObject({
        code: 'BACKUP_INVALID',
      });
    }
    const admin = await openClient(db.server.admin);
    expect((await admin.query(`SELECT 1 FROM pg_database WHERE datname LIKE $1`, [`${database}%`])).rowCount).toBe(0);
    await admin.end();
  }, 60_000);

  it('a backup of a newer version, or of the other world, is refused by name', async () => {
    const plain = gunzipSync(readFileSync(file)).toString('latin1');
    const newer = join(folder, 'newer.sbk');
    // hashes that fit: only the migration is one that this version lacks
    const body = plain
      .slice(0, plain.lastIndexOf('{"sha256"'))
      .replace('{"version":7,"name":"0007_streams.sql"', '{"version":9999,"name":"9999_later.sql"');
    const { createHash } = await import('node:crypto');
    writeFileSync(
      newer,
      gzipSync(
        Buffer.from(
          `${body}{"sha256":"${createHash('sha256').update(Buffer.from(body, 'latin1')).digest('hex')}"}\n`,
          'latin1',
        ),
      ),
    );
    await expect(restore({ server: db.server, database: fresh(), kind: 'market', file: newer })).rejects.toMatchObject({
      code: 'BACKUP_NEWER',
      message: expect.stringContaining('9999_later.sql'),
    });
    await expect(restore({ server: db.server, database: fresh(), kind: 'simulated', file })).rejects.toMatchObject({
      code: 'WORLD_MISMATCH',
    });
  });

  it('a database that holds data is replaced only by --force, and not while a host works on it', async () => {
    const full = await testDatabase({ world: 'market' });
    const options = { server: full.server, database: full.name, kind: 'market', file } as const;
    made.push(`${full.name}_next`);
    await full.pool.query(`INSERT INTO users (email, password_hash) VALUES ('old@b.c', 'hash')`);
    await expect(restore({ ...options, force: true })).rejects.toMatchObject({ code: 'HOST_RUNNING' });
    await full.pool.end();
    await expect(restore(options)).rejects.toMatchObject({
      code: 'STORE_NOT_EMPTY',
      message: expect.stringContaining('users'),
    });
    await restore({ ...options, force: true });
    await expectRestored(full.connection);
  }, 60_000);

  it('the commands: backup, restore, maintain, psql, each with --json', async () => {
    const database = fresh();
    const said = async (
      ...argv: string[]
    ): Promise<{ code: number; json: { status: string; data: Record<string, unknown>; errors: unknown[] } }> => {
      let out = '';
      const url = databaseUrl(argv[0] === 'restore' ? db.server.connection(database) : db.connection);
      const code = await run(
        [argv[0]!, '--json', ...argv.slice(1)],
        {
          stdout: { write: (text) => (out += text) },
          stderr: { write: () => {} },
          env: { PATH: process.env['PATH'], DATABASE_URL: url, SIGNALBOX_WORLD: 'market' },
        },
        folder,
      );
      return { code, json: JSON.parse(out) as never };
    };
    const kept = await said('backup', 'by-command.sbk');
    expect(kept).toMatchObject({ code: 0, json: { status: 'ok', data: { file: join(folder, 'by-command.sbk') } } });
    expect(existsSync(join(folder, 'by-command.sbk'))).toBe(true);
    expect(await said('restore', 'by-command.sbk')).toMatchObject({
      code: 0,
      json: { status: 'ok', data: { database, rows: kept.json.data['rows'] } },
    });
    expect(await said('restore', 'missing.sbk')).toMatchObject({
      code: 6,
      json: { errors: [{ code: 'INPUT_NOT_FOUND' }] },
    });
    expect(await said('backup', '/nowhere/x.sbk')).toMatchObject({
      code: 6,
      json: { errors: [{ code: 'INPUT_NOT_FOUND' }] },
    });
    expect(await said('maintain')).toMatchObject({ code: 0, json: { data: { events: { keptDays: 7 } } } });
    expect(await said('psql', '--', '-Atc', 'SELECT count(*) FROM usdcop_m5_ohlcv')).toMatchObject({
      code: 0,
      json: { data: { output: '20000\n' } },
    });
  }, 60_000);
});

describe('maintain', () => {
  it("removes events past seven days but the newest, vacuums, and says how large a table is; the reference's own lines run", async () => {
    const own = await testDatabase({ world: 'market' });
    await own.pool.query(`INSERT INTO dw.events (seq, type, time, recorded_at, payload)
      SELECT i, 'old', now(), now() - interval '8 days', '{}' FROM generate_series(1, 50) i`);
    const result = await maintain(own.pool);
    expect(result.events.removed).toBe(49);
    expect(result.tables.find(({ table }) => table === 'dw.events')).toMatchObject({ rows: 1 });
    expect(result.tables.map(({ table }) => table)).toContain('public.usdcop_m5_ohlcv');
    await own.pool.query('VACUUM ANALYZE usdcop_m5_ohlcv');
    await own.pool.query('VACUUM ANALYZE macro_indicators_daily');
    expect((await own.pool.query('SELECT * FROM timescaledb_information.hypertables')).rows).toEqual([]);
  }, 60_000);

  it('names the index whose file is far larger than its content', async () => {
    const own = await testDatabase({ world: 'market' });
    // 60,000 entries of the audit are not what this is about
    await own.pool.query('ALTER TABLE users DISABLE TRIGGER users_audit');
    await own.pool.query(
      `INSERT INTO users (email, password_hash) SELECT repeat(md5(i::text), 15), '' FROM generate_series(1, 30000) i`,
    );
    await own.pool.query('DELETE FROM users WHERE user_id % 1000 <> 0');
    const { advice } = await maintain(own.pool);
    expect(advice.map(({ remedy }) => remedy)).toContain('REINDEX INDEX CONCURRENTLY public.users_email_key;');
  }, 120_000);
});
