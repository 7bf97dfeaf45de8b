import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, rmSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRelay } from '../../src/stores/events/relay.js';
import { checkServer } from '../../src/stores/postgres/database.js';
import { startPostgres, type PostgresServer } from '../../src/stores/postgres/embedded.js';
import { migrate, readMigrations } from '../../src/stores/postgres/migrate.js';
import { openClient, openPool, withTransaction, type Queryable } from '../../src/stores/postgres/pool.js';
import { openWorld } from '../../src/stores/postgres/world.js';
import { testDatabase } from '../postgres.js';

const PASSWORD = 'kept-to-itself';
const DEBIAN = '/usr/lib/postgresql/15/bin';
const root = process.getuid?.() === 0;

/** A server as an operator runs one: over TCP, with a password, of another version than the embedded one. */
interface OwnServer {
  readonly port: number;
  readonly data: string;
  readonly child: ChildProcess;
  url(user: string, database: string, query?: string): string;
  server(user: string, database: string, query?: string): Promise<PostgresServer>;
  stop(): Promise<void>;
}

function here(): boolean {
  const found = existsSync(join(DEBIAN, 'postgres'));
  if (!found && process.env['SIGNALBOX_NO_SKIPS'])
    throw new Error('PostgreSQL 15 is not installed in /usr/lib/postgresql/15');
  if (!found) console.warn('SKIPPED: no PostgreSQL 15 (apt-get install postgresql-15)');
  return found;
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });

/** With `log`, the write-ahead log lies there: a full disk of the data alone is what can be lived through. */
async function startOwn(folder: string, log?: string): Promise<OwnServer> {
  const entry = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'))!;
  const as = root ? { uid: Number(entry[1]), gid: Number(entry[2]) } : {};
  const data = join(folder, 'data');
  const secret = join(folder, 'secret');
  writeFileSync(secret, PASSWORD);
  if (root)
    for (const path of [folder, secret, ...(log ? [log] : [])]) chownSync(path, Number(entry[1]), Number(entry[2]));
  execFileSync(
    join(DEBIAN, 'initdb'),
    [
      '-D',
      data,
      '-U',
      'admin',
      '-A',
      'scram-sha-256',
      `--pwfile=${secret}`,
      '--no-sync',
      '-E',
      'UTF8',
      '--locale=C',
      ...(log ? [`--waldir=${join(log, 'wal')}`] : []),
    ],
    { ...as, cwd: folder, stdio: 'ignore' },
  );
  const port = await freePort();
  const child = spawn(
    join(DEBIAN, 'postgres'),
    [
      '-D',
      data,
      '-c',
      `port=${port}`,
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      `unix_socket_directories=${folder}`,
      // no checkpoint in between: one that finds the disk full ends the server
      '-c',
      'max_wal_size=4GB',
      '-c',
      'checkpoint_timeout=1h',
      '-c',
      'shared_buffers=16MB',
    ],
    { ...as, cwd: folder, stdio: 'ignore' },
  );
  const url = (user: string, database: string, query = ''): string =>
    `postgresql://${user}:${PASSWORD}@127.0.0.1:${port}/${database}${query}`;
  const own: OwnServer = {
    port,
    data,
    child,
    url,
    server: (user, database, query) =>
      startPostgres({ projectDir: '/nowhere', env: { DATABASE_URL: url(user, database, query) } }),
    async stop() {
      child.kill('SIGCONT');
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      await gone;
    },
  };
  for (const end = Date.now() + 20_000; ; await sleep(50)) {
    const client = await openClient({ connectionString: url('admin', 'postgres') }).catch(() => undefined);
    if (client) {
      await client.end();
      return own;
    }
    if (Date.now() > end) throw new Error('PostgreSQL 15 did not start');
  }
}

describe.skipIf(!here())('a PostgreSQL 15 of one’s own', () => {
  let folder: string;
  let own: OwnServer;
  beforeAll(async () => {
    folder = mkdtempSync('/tmp/sb-own-');
    own = await startOwn(folder);
  }, 60_000);
  afterAll(async () => {
    await own?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const sql = async (text: string, database = 'postgres'): Promise<void> => {
    const client = await openClient({ connectionString: own.url('admin', database) });
    await client.query(text).finally(() => client.end());
  };
  const refusal = async (work: Promise<unknown>): Promise<{ code: string; message: string; remedy: string }> => {
    const error = await work.then(
      () => undefined,
      (failure: unknown) => failure,
    );
    expect(error, 'it went well').toBeInstanceOf(Error);
    const whole = error as { code: string; message: string; remedy: string; cause?: unknown };
    const texts = JSON.stringify([
      whole.message,
      whole.remedy,
      String(whole.cause),
      (whole as { stack?: string }).stack,
    ]);
    expect(texts).not.toContain(PASSWORD);
    return whole;
  };

  it('the database is made, migrated, and everything of ours works in it', async () => {
    const server = await own.server('admin', 'mine');
    const { world, connection } = await openWorld(server, 'mine', { kind: 'market' });
    expect(world.kind).toBe('market');
    const pool = openPool(connection);
    const relay = startRelay({ connection, pollMs: 20 });
    await pool.query(
      `INSERT INTO usdcop_m5_ohlcv (time, open, high, low, close) VALUES ('2025-01-02T13:00Z', 1, 1, 1, 1)`,
    );
    for (const end = Date.now() + 10_000; ; await sleep(20)) {
      if ((await pool.query('SELECT 1 FROM dw.events WHERE seq = 1')).rowCount) break;
      if (Date.now() > end) throw new Error('nothing was published');
    }
    await relay.stop();
    await pool.end();
  });

  it('a role that owns one database and may do nothing else suffices', async () => {
    await sql(`CREATE ROLE small LOGIN PASSWORD '${PASSWORD}'`);
    await sql('CREATE DATABASE small OWNER small');
    await sql('REVOKE CONNECT ON DATABASE postgres FROM PUBLIC');
    const { world } = await openWorld(await own.server('small', 'small'), 'small', { kind: 'market' });
    expect(world.kind).toBe('market');
    // one that is not there, and that it may not make
    const error = await refusal(openWorld(await own.server('small', 'absent'), 'absent', { kind: 'market' }));
    expect(error).toMatchObject({
      code: 'STORE_DATABASE_MISSING',
      message: 'there is no database absent',
      remedy: expect.stringContaining('CREATE DATABASE absent'),
    });
    // one of somebody else's: tables cannot be made
    await sql('CREATE DATABASE others');
    expect(await refusal(openWorld(await own.server('small', 'others'), 'others', { kind: 'market' }))).toMatchObject({
      code: 'STORE_NOT_PERMITTED',
      remedy: expect.stringContaining('OWNER TO'),
    });
  });

  it('wrong password, user that is not there, nobody listening, TLS where there is none: each its code, no password in any', async () => {
    const at = (url: string) =>
      startPostgres({ projectDir: '/nowhere', env: { DATABASE_URL: url } }).then((server) =>
        openWorld(server, 'mine', { kind: 'market' }),
      );
    expect(await refusal(at(own.url('admin', 'mine').replace(PASSWORD, `${PASSWORD}x`)))).toMatchObject({
      code: 'STORE_AUTH',
      message: expect.stringContaining('admin'),
    });
    expect(await refusal(at(own.url('stranger', 'mine')))).toMatchObject({
      code: 'STORE_AUTH',
      message: expect.stringContaining('stranger'),
    });
    expect(await refusal(at(own.url('admin', 'mine').replace(`:${own.port}/`, ':1/')))).toMatchObject({
      code: 'STORE_DOWN',
    });
    expect(await refusal(at(own.url('admin', 'mine', '?sslmode=require')))).toMatchObject({
      code: 'STORE_TLS',
      remedy: expect.stringContaining('sslmode'),
    });
    expect(
      await refusal(at(own.url('admin', 'mine', '?sslmode=verify-full&sslrootcert=/nowhere/ca.pem'))),
    ).toMatchObject({ code: 'STORE_TLS' });
  });

  it.skipIf(spawnSync('openssl', ['version']).status !== 0)(
    'TLS: a certificate that nobody signed is refused, and taken when its file is named',
    async () => {
      const certificate = join(own.data, 'server.crt');
      const key = join(own.data, 'server.key');
      execFileSync(
        'openssl',
        [
          'req',
          '-new',
          '-x509',
          '-days',
          '2',
          '-nodes',
          '-subj',
          '/CN=localhost',
          '-addext',
          'subjectAltName=IP:127.0.0.1',
          '-out',
          certificate,
          '-keyout',
          key,
        ],
        { stdio: 'ignore' },
      );
      execFileSync('chmod', ['600', key]);
      if (root) execFileSync('chown', ['nobody', key, certificate]);
      await sql('ALTER SYSTEM SET ssl = on');
      await sql('SELECT pg_reload_conf()');
      await sleep(300);
      const world = async (query: string) =>
        openWorld(await own.server('admin', 'mine', query), 'mine', { kind: 'market' });
      expect(await refusal(world('?sslmode=verify-full'))).toMatchObject({
        code: 'STORE_TLS',
        remedy: expect.stringContaining('sslrootcert'),
      });
      for (const query of [`?sslmode=verify-full&sslrootcert=${certificate}`, '?sslmode=no-verify']) {
        const client = await openClient((await world(query)).connection);
        expect((await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')).rows).toEqual([
          { ssl: true },
        ]);
        await client.end();
      }
    },
  );

  it('read-only: refused at the start, and named when it becomes so', async () => {
    await sql('ALTER DATABASE mine SET default_transaction_read_only = on');
    expect(await refusal(openWorld(await own.server('admin', 'mine'), 'mine', { kind: 'market' }))).toMatchObject({
      code: 'STORE_READ_ONLY',
    });
    const pool = openPool({ connectionString: own.url('admin', 'mine') });
    expect(await refusal(withTransaction(pool, (client) => client.query(`DELETE FROM users`)))).toMatchObject({
      code: 'STORE_READ_ONLY',
    });
    await pool.end();
    await sql('ALTER DATABASE mine RESET default_transaction_read_only');
  });

  it('older than 15: refused with the version', async () => {
    const old = {
      query: () => Promise.resolve({ rows: [{ version: 140_011, shown: '14.11', readOnly: false }] }),
    } as unknown as Queryable;
    await expect(checkServer(old)).rejects.toMatchObject({
      code: 'STORE_TOO_OLD',
      message: expect.stringContaining('14.11'),
    });
  });

  it('stopped for three seconds: queries end by their limits, the pool lives, no wrong answer, nothing lost', async () => {
    const pool = openPool(
      { connectionString: own.url('admin', 'mine') },
      { max: 3, statementTimeoutMs: 500, queryTimeoutMs: 700, connectionTimeoutMs: 700 },
    );
    await pool.query('CREATE TABLE IF NOT EXISTS stood (n int PRIMARY KEY)');
    const backends = (): number[] =>
      execFileSync('ps', ['-o', 'pid=', '--ppid', String(own.child.pid)], { encoding: 'utf8' })
        .trim()
        .split(/\s+/)
        .map(Number);
    const all = [own.child.pid!, ...backends()];
    let acknowledged = 0;
    const codes = new Set<string>();
    const stopped = performance.now();
    for (const pid of all) process.kill(pid, 'SIGSTOP');
    const wake = setTimeout(() => all.forEach((pid) => process.kill(pid, 'SIGCONT')), 3_000);
    let longest = 0;
    try {
      for (let n = 0; performance.now() - stopped < 4_500; n++) {
        const started = performance.now();
        await withTransaction(pool, (client) =>
          client.query('INSERT INTO stood VALUES ($1) ON CONFLICT DO NOTHING', [n]),
        ).then(
          () => acknowledged++,
          (error: { code: string }) => codes.add(error.code),
        );
        longest = Math.max(longest, performance.now() - started);
        await sleep(50);
      }
    } finally {
      clearTimeout(wake);
      for (const pid of all)
        try {
          process.kill(pid, 'SIGCONT');
        } catch {
          /* gone meanwhile */
        }
    }
    expect([...codes]).toEqual(['STORE_DOWN']);
    expect(longest).toBeLessThan(5_000);
    expect(acknowledged).toBeGreaterThan(0);
    const { rows } = await pool.query<{ n: number }>('SELECT count(*) AS n FROM stood');
    expect(rows[0]!.n).toBeGreaterThanOrEqual(acknowledged);
    await pool.end();
  }, 30_000);
});

describe.skipIf(!here() || !root || spawnSync('mountpoint', ['/']).status !== 0)('a full disk', () => {
  it('is STORE_DISK_FULL: nothing is stored, reads go on, and writing goes on by itself once there is space', async () => {
    const folder = mkdtempSync('/tmp/sb-full-');
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=220m,mode=0755', 'tmpfs', folder]).status === 0;
    if (!mounted) {
      rmSync(folder, { recursive: true });
      console.warn('SKIPPED: no tmpfs can be mounted here');
      return;
    }
    const log = mkdtempSync('/tmp/sb-wal-');
    let own: OwnServer | undefined;
    try {
      own = await startOwn(folder, log);
      const server = await own.server('admin', 'full');
      const { connection } = await openWorld(server, 'full', { kind: 'market' });
      const pool = openPool(connection);
      const write = (): Promise<unknown> =>
        withTransaction(pool, (client) =>
          client.query(
            `INSERT INTO dw.alerts (code, message) SELECT 'X', repeat('y', 1000) FROM generate_series(1, 2000)`,
          ),
        );
      await write();
      let acknowledged = 1;
      const ballast = join(folder, 'ballast');
      const free = Number(execFileSync('df', ['--output=avail', '-B1M', folder], { encoding: 'utf8' }).split('\n')[1]);
      writeFileSync(ballast, Buffer.alloc((free - 20) << 20));
      let full: unknown;
      for (let i = 0; i < 60 && !full; i++)
        await write().then(
          () => acknowledged++,
          (error: unknown) => (full = error),
        );
      expect(full).toMatchObject({ code: 'STORE_DISK_FULL' });
      const { rows } = await pool.query<{ n: number }>('SELECT count(*) AS n FROM dw.alerts');
      expect(rows[0]!.n).toBe(acknowledged * 2_000);
      rmSync(ballast);
      const started = performance.now();
      for (;;) {
        if (
          await write().then(
            () => true,
            () => false,
          )
        )
          break;
        if (performance.now() - started > 20_000) throw new Error('it did not go on');
        await sleep(100);
      }
      console.info(`writes again ${Math.round(performance.now() - started)} ms after space was freed`);
      await pool.end();
    } finally {
      await own?.stop();
      spawnSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true, force: true });
      rmSync(log, { recursive: true, force: true });
    }
  }, 90_000);
});

describe('migrations', () => {
  it('killed after any statement, the next start finishes: the same schema as undisturbed', async () => {
    const whole = await readMigrations();
    const shape = async (connection: Parameters<typeof openClient>[0]): Promise<unknown> => {
      const client = await openClient(connection);
      const { rows } =
        await client.query(`SELECT table_schema, table_name, column_name, data_type, column_default, is_nullable FROM information_schema.columns
        WHERE table_schema IN ('public', 'dw', 'timescaledb_information') ORDER BY 1, 2, 3`);
      const triggers = await client.query(
        `SELECT tgrelid::regclass::text AS t, tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2`,
      );
      const versions = await client.query('SELECT version, checksum FROM schema_migrations ORDER BY 1');
      await client.end();
      return [rows, triggers.rows, versions.rows];
    };
    const undisturbed = await testDatabase();
    const wanted = await shape(undisturbed.connection);
    const admin = await openClient(undisturbed.server.admin);
    // where a statement ends, outside of $$ … $$
    const ends = whole.flatMap((migration, m) => {
      const bare = migration.sql.replace(/\$\$[\s\S]*?\$\$|--[^\n]*|'[^']*'/g, (text) => ' '.repeat(text.length));
      return [...bare.matchAll(/;\s*\n/g)].map((found) => ({ m, at: found.index + 1 }));
    });
    const every = Math.max(1, Math.floor(ends.length / 12));
    for (const [i, { m, at }] of ends.filter((_, n) => n % every === 0).entries()) {
      const name = `test_${process.pid}_killed_${i}`;
      await admin.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`);
      const connection = undisturbed.server.connection(name);
      const broken = whole
        .slice(0, m + 1)
        .map((migration, n) =>
          n < m
            ? migration
            : { ...migration, sql: `${migration.sql.slice(0, at)}\nSELECT pg_terminate_backend(pg_backend_pid());` },
        );
      await expect(migrate(connection, broken)).rejects.toThrow();
      await migrate(connection);
      expect(await shape(connection), `${whole[m]!.name} at ${at}`).toEqual(wanted);
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    }
    await admin.end();
  }, 120_000);
});

describe('the relay', () => {
  it('killed at random while transactions commit in any order: every event once, without a hole, in the order of their commits', async () => {
    const db = await testDatabase({ world: 'market' });
    const connections = { connection: db.connection, pollMs: 10 };
    const relays = [startRelay(connections), startRelay(connections)];
    let seed = 7;
    const random = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
    let stop = false;
    const killer = (async () => {
      while (!stop) {
        await sleep(20 + random() * 60);
        await db.pool
          .query(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7446004 AND granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`);
      }
    })();
    // a chain: each transaction has read what the one before it in its chain has committed
    await Promise.all(
      Array.from({ length: 5 }, async (_, w) => {
        const client = await openClient(db.connection);
        for (let i = 0; i < 25; i++) {
          await client.query('BEGIN');
          await client.query(`INSERT INTO dw.alerts (code, message) VALUES ('TEST', $1)`, [`${w} ${i}`]);
          await sleep(random() * 15);
          await client.query(random() < 0.2 ? 'ROLLBACK' : 'COMMIT');
        }
        await client.end();
      }),
    );
    stop = true;
    await killer;
    for (const end = Date.now() + 15_000; ; await sleep(20)) {
      if ((await db.pool.query('SELECT 1 FROM dw.events WHERE seq IS NULL')).rowCount === 0) break;
      if (Date.now() > end) throw new Error('events were left');
    }
    const { rows } = await db.pool.query<{ seq: number; message: string }>(
      `SELECT seq, payload ->> 'message' AS message FROM dw.events ORDER BY seq`,
    );
    const stored = await db.pool.query<{ message: string }>('SELECT message FROM dw.alerts');
    expect(rows.map((row) => row.seq)).toEqual(rows.map((_, i) => i + 1));
    expect(rows.map((row) => row.message).sort()).toEqual(stored.rows.map((row) => row.message).sort());
    for (let w = 0; w < 5; w++) {
      const own = rows.filter((row) => row.message.startsWith(`${w} `)).map((row) => Number(row.message.split(' ')[1]));
      expect(own).toEqual([...own].sort((a, b) => a - b));
    }
    await Promise.all(relays.map((relay) => relay.stop()));
  }, 60_000);
});
