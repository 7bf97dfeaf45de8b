import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { afterAll } from 'vitest';
import type { ConnectionOptions } from '../src/stores/postgres/connection.js';
import type { PostgresServer } from '../src/stores/postgres/embedded.js';
import { migrate, readMigrations } from '../src/stores/postgres/migrate.js';
import { openClient, openPool } from '../src/stores/postgres/pool.js';
import { alive } from '../src/stores/postgres/postmaster.js';
import { startTestServer } from './test-server.js';

/** A migrated database of one test in the shared cluster. */
export interface TestDatabase {
  readonly name: string;
  readonly server: PostgresServer;
  readonly connection: ConnectionOptions;
  readonly pool: Pool;
  /** Ends the pool and removes the database; done for you after the file's last test. */
  drop(): Promise<void>;
}

let server: Promise<PostgresServer> | undefined;
let template: Promise<string> | undefined;
let count = 0;
const left = new Set<TestDatabase>();

/** One real server for all test files: the first starts it, the others adopt it, `after-all.ts` stops it. */
export function testServer(): Promise<PostgresServer> {
  server ??= startTestServer();
  return server;
}

/** Migrated once per version of the migrations, then copied. */
async function migratedTemplate(at: PostgresServer): Promise<string> {
  const checksums = (await readMigrations()).map((m) => m.checksum).join();
  const name = `template_${createHash('sha256').update(checksums).digest('hex').slice(0, 12)}`;
  const admin = await openClient(at.admin);
  try {
    await admin.query('SELECT pg_advisory_lock(1)');
    const { rows } = await admin.query<{ name: string; ready: boolean }>(
      `SELECT datname AS name, datistemplate AS ready FROM pg_database WHERE datname ~ '^(test|template)_'`,
    );
    for (const found of rows) {
      const pid = Number(/^test_(\d+)_/.exec(found.name)?.[1] ?? Infinity);
      const stale = Number.isFinite(pid) ? !alive(pid) : found.name !== name || !found.ready;
      if (!stale) continue;
      await admin.query(`ALTER DATABASE ${found.name} IS_TEMPLATE false`);
      await admin.query(`DROP DATABASE ${found.name} WITH (FORCE)`);
    }
    if (!rows.some((found) => found.name === name && found.ready)) {
      await admin.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`);
      await migrate(at.connection(name));
      await admin.query(`ALTER DATABASE ${name} IS_TEMPLATE true`);
    }
    return name;
  } finally {
    await admin.end();
  }
}

/** A database of its own, empty but migrated; with `world`, that world. */
export async function testDatabase(options: { readonly world?: 'market' | 'simulated' } = {}): Promise<TestDatabase> {
  const at = await testServer();
  template ??= migratedTemplate(at);
  const name = `test_${process.pid}_${++count}`;
  const from = await template;
  const admin = await openClient(at.admin);
  await admin.query(`CREATE DATABASE ${name} TEMPLATE ${from} STRATEGY FILE_COPY`).finally(() => admin.end());
  const connection = at.connection(name);
  const pool = openPool(connection);
  if (options.world) await pool.query('INSERT INTO dw.world (kind, seed) VALUES ($1, $2)', [options.world, 1]);
  const database: TestDatabase = {
    name,
    server: at,
    connection,
    pool,
    async drop() {
      if (!left.delete(database)) return;
      if (!pool.ended) await pool.end();
      const client = await openClient(at.admin);
      await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`).finally(() => client.end());
    },
  };
  left.add(database);
  return database;
}

afterAll(async () => {
  for (const database of [...left]) await database.drop();
});
