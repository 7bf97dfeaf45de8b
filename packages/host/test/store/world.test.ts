import { afterAll, describe, expect, it } from 'vitest';
import { migrate, readMigrations, type Migration } from '../../src/stores/postgres/migrate.js';
import { openClient, openPool, withTransaction } from '../../src/stores/postgres/pool.js';
import { storeBars } from '../../src/stores/postgres/bars.js';
import { openWorld, readWorld, renewWorld } from '../../src/stores/postgres/world.js';
import { testDatabase, testServer } from '../postgres.js';
import { START } from './parts.js';

const bar = { symbol: 'USD/COP', time: START, open: 4250, high: 4251, low: 4249, close: 4250.5, volume: 0 };

describe('a database is one world', () => {
  it.each([
    ['market', 'simulated'],
    ['simulated', 'csv'],
  ] as const)(
    'a %s world refuses bars of source %s, by COPY and by INSERT, with nothing written',
    async (world, source) => {
      const { pool } = await testDatabase({ world });
      const many = Array.from({ length: 200 }, (_, i) => ({
        ...bar,
        time: START + i * 300_000,
        source: i === 150 ? source : world === 'market' ? 'csv' : 'simulated',
      }));
      await expect(storeBars(pool, many)).rejects.toMatchObject({ code: 'WORLD_MISMATCH' });
      await expect(storeBars(pool, [{ ...bar, source }])).rejects.toMatchObject({ code: 'WORLD_MISMATCH' });
      await expect(
        pool.query(`INSERT INTO macro_indicators_daily (date, dxy, source) VALUES ('2025-01-02', 100, $1)`, [source]),
      ).rejects.toMatchObject({ code: 'SB001', message: expect.stringMatching(/^WORLD_MISMATCH/) });
      const { rows } = await pool.query(
        'SELECT (SELECT count(*) FROM usdcop_m5_ohlcv) + (SELECT count(*) FROM macro_indicators_daily) AS n',
      );
      expect(rows).toEqual([{ n: 0 }]);
    },
  );

  it('facts carry the flag of their world by themselves, and not the other one', async () => {
    const { pool } = await testDatabase({ world: 'simulated' });
    await pool.query(
      `INSERT INTO dw.dim_strategy (strategy_code, strategy_name, strategy_type) VALUES ('A', 'A', 'ML')`,
    );
    const sql = (extra: string, value: string): string =>
      `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal${extra}) VALUES (1, now(), 'flat'${value}) RETURNING simulated`;
    await expect(pool.query(sql(', simulated', ', false'))).rejects.toMatchObject({ code: 'SB001' });
    expect((await pool.query(sql('', ''))).rows).toEqual([{ simulated: true }]);
    await expect(pool.query('UPDATE dw.fact_strategy_signals SET simulated = false')).rejects.toMatchObject({
      code: 'SB001',
    });
    await expect(pool.query(`UPDATE dw.world SET kind = 'market'`)).rejects.toMatchObject({ code: 'SB001' });
  });
});

describe('worlds and their databases', () => {
  const name = `test_${process.pid}_world`;
  afterAll(async () => {
    const admin = await openClient((await testServer()).admin);
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await admin.query(`DROP DATABASE IF EXISTS ${name}_next WITH (FORCE)`);
    await admin.end();
  });

  it('is created once, opened again as it is, and refused as another kind', async () => {
    const server = await testServer();
    const first = await openWorld(server, name, { kind: 'simulated', seed: 7, firstSession: '2024-06-04', edge: 0.3 });
    expect(first.created).toBe(true);
    expect(first.world).toMatchObject({
      kind: 'simulated',
      seed: 7,
      firstSession: '2024-06-04',
      edge: 0.3,
      generation: 1,
      seqBase: 0,
    });
    const again = await openWorld(server, name, { kind: 'simulated', seed: 99 });
    expect(again).toMatchObject({ created: false, world: { seed: 7 } });
    await expect(openWorld(server, name, { kind: 'market' })).rejects.toMatchObject({ code: 'WORLD_MISMATCH' });
  });

  it('begins again as the next generation, its events numbered above the old ones, whoever was connected', async () => {
    const server = await testServer();
    const pool = openPool(server.connection(name));
    await pool.query(`INSERT INTO dw.events (seq, type, time, payload) VALUES (41, 'x', now(), '{}')`);
    const { world, connection } = await renewWorld(server, name, { kind: 'simulated', seed: 8 });
    expect(world).toMatchObject({ generation: 2, seqBase: 41, seed: 8 });
    await pool.end();
    const client = await openClient(connection);
    expect((await client.query('SELECT count(*) AS n FROM dw.events')).rows).toEqual([{ n: 0 }]);
    await client.end();
  });

  it('a renewal that was cut off after its drop is finished by the next start, the numbers kept', async () => {
    const server = await testServer();
    const admin = await openClient(server.admin);
    await admin.query(`ALTER DATABASE ${name} RENAME TO ${name}_next`);
    await admin.end();
    const { world, created } = await openWorld(server, name, { kind: 'simulated', seed: 9 });
    expect({ created, ...world }).toMatchObject({ created: false, generation: 2, seqBase: 41 });
  });
});

describe('migrations', () => {
  it('applied twice change nothing the second time, also by two hosts at once', async () => {
    const { connection, pool } = await testDatabase();
    expect(await migrate(connection)).toEqual([]);
    const more: Migration[] = [
      ...(await readMigrations()),
      { version: 9000, name: '9000_more.sql', sql: 'CREATE TABLE more (a int)', checksum: 'm' },
    ];
    const both = await Promise.all([migrate(connection, more), migrate(connection, more)]);
    expect(both.flat()).toEqual(['9000_more.sql']);
    expect((await pool.query('SELECT count(*) AS n FROM schema_migrations')).rows).toEqual([{ n: more.length }]);
  });

  it('a newer database is refused: STORE_NEWER', async () => {
    const { connection, pool } = await testDatabase();
    await pool.query(`INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, '9999_future.sql', 'x')`);
    await expect(migrate(connection)).rejects.toMatchObject({
      code: 'STORE_NEWER',
      message: expect.stringContaining('9999_future.sql'),
    });
  });

  it('a changed one is refused: STORE_MIGRATION_CHANGED', async () => {
    const { connection } = await testDatabase();
    const changed = (await readMigrations()).map((m, i) => (i === 0 ? { ...m, checksum: 'changed' } : m));
    await expect(migrate(connection, changed)).rejects.toMatchObject({
      code: 'STORE_MIGRATION_CHANGED',
      message: expect.stringContaining('0001'),
    });
  });

  it('one that fails leaves nothing of itself', async () => {
    const { connection, pool } = await testDatabase();
    const broken = [
      ...(await readMigrations()),
      { version: 9000, name: '9000_broken.sql', sql: 'CREATE TABLE half (a int); SELECT 1/0', checksum: 'b' },
    ];
    await expect(migrate(connection, broken)).rejects.toThrow('division by zero');
    expect(
      (
        await pool.query(
          `SELECT to_regclass('half') AS half, (SELECT max(version) FROM schema_migrations) < 9000 AS clean`,
        )
      ).rows,
    ).toEqual([{ half: null, clean: true }]);
  });
});

describe('the pool', () => {
  it('numbers are numbers, times epoch milliseconds, dates text', async () => {
    const { pool } = await testDatabase();
    const { rows } = await pool.query(
      `SELECT 123456.123456::numeric(12,6) AS price, 9007199254740991::bigint AS id, '2025-01-02T13:05:00.123Z'::timestamptz AS t,
         '2025-01-02'::date AS d, '1965-03-04T00:00:00.5Z'::timestamptz AS early, ARRAY[0.1, NULL]::float8[] AS f`,
    );
    expect(rows[0]).toEqual({
      price: 123456.123456,
      id: 9007199254740991,
      t: Date.UTC(2025, 0, 2, 13, 5, 0, 123),
      d: '2025-01-02',
      early: Date.UTC(1965, 2, 4, 0, 0, 0, 500),
      f: [0.1, null],
    });
    expect(await readWorld(pool)).toBeUndefined();
  });

  it('an unreachable database is STORE_DOWN, not a hang', async () => {
    const pool = openPool({ host: '127.0.0.1', port: 1, user: 'admin', database: 'x' });
    await expect(withTransaction(pool, (client) => client.query('SELECT 1'))).rejects.toMatchObject({
      code: 'STORE_DOWN',
    });
    await pool.end();
  });

  it('a connection killed while checked out neither ends the process nor comes back to the pool', async () => {
    const { pool } = await testDatabase();
    await expect(
      withTransaction(pool, async (client) => {
        const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        await pool.query('SELECT pg_terminate_backend($1)', [rows[0]!.pid]);
        await client.query('SELECT 1');
      }),
    ).rejects.toMatchObject({ code: 'STORE_DOWN' });
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });
});
