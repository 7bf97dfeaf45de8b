import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SignalboxError } from '@signalbox/core';
import type { ConnectionOptions } from './connection.js';
import { openClient, type Queryable } from './pool.js';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/** Key of the advisory lock that one migrating host holds. */
const LOCK = 7_446_001;

/** The package's folder `migrations`, from source as from dist. */
export function migrationsFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'migrations'))) {
    const above = dirname(folder);
    if (above === folder)
      throw new SignalboxError('INTERNAL', 'the folder migrations is missing', 'Install @signalbox/host again.');
    folder = above;
  }
  return join(folder, 'migrations');
}

export async function readMigrations(folder = migrationsFolder()): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = (await readFile(join(folder, name), 'utf8')).replaceAll('\r\n', '\n');
      return { version: Number(name.slice(0, 4)), name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/** Only a superuser, or a member of pg_read_all_settings, may ask which libraries the server has loaded. */
async function seesPreloaded(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ may: boolean }>(
    `SELECT pg_has_role(current_user, 'pg_read_all_settings', 'USAGE') AS may`,
  );
  return rows[0]!.may;
}

/**
 * The first migration asks that, and a released migration never changes. For an ordinary role this answers in its place, for
 * the time of that transaction: TimescaleDB is there when somebody has put it into this database already.
 */
const STAND_IN = `
  CREATE FUNCTION public.current_setting(text) RETURNS text LANGUAGE sql STABLE AS
  $$ SELECT coalesce((SELECT extname::text FROM pg_catalog.pg_extension WHERE extname = 'timescaledb'), '') $$;
  SET LOCAL search_path = public, pg_catalog`;

/**
 * Brings a database to the newest schema: forward only, each migration in one transaction, under a lock. Returns the names
 * of those that it applied.
 *
 * @throws SignalboxError STORE_NEWER, STORE_MIGRATION_CHANGED
 */
export async function migrate(connection: ConnectionOptions, migrations?: readonly Migration[]): Promise<string[]> {
  const wanted = migrations ?? (await readMigrations());
  const client = await openClient(connection);
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await client.query(`CREATE TABLE IF NOT EXISTS schema_migrations (
      version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
    const { rows } = await client.query<{ version: number; name: string; checksum: string }>(
      'SELECT version, name, checksum FROM schema_migrations ORDER BY version',
    );
    const known = new Map(wanted.map((m) => [m.version, m]));
    for (const applied of rows) {
      const migration = known.get(applied.version);
      if (!migration)
        throw new SignalboxError(
          'STORE_NEWER',
          `the database has migration ${applied.name}, which this version of Signalbox does not know`,
          'Use the newer version of Signalbox, or another database.',
        );
      if (migration.checksum !== applied.checksum)
        throw new SignalboxError(
          'STORE_MIGRATION_CHANGED',
          `migration ${applied.name} is not the one that this database was made with`,
          'Install @signalbox/host again; a released migration never changes. During development: remove the database.',
        );
    }
    const applied = new Set(rows.map((row) => row.version));
    const done: string[] = [];
    const shy = !applied.has(1) && !(await seesPreloaded(client));
    for (const migration of wanted) {
      if (applied.has(migration.version)) continue;
      await client.query('BEGIN');
      if (shy && migration.version === 1) await client.query(STAND_IN);
      await client.query(migration.sql);
      if (shy && migration.version === 1) await client.query('DROP FUNCTION public.current_setting(text)');
      await client.query('INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)', [
        migration.version,
        migration.name,
        migration.checksum,
      ]);
      await client.query('COMMIT');
      done.push(migration.name);
    }
    return done;
  } finally {
    await client.end().catch(() => {}); // gives the lock back, and rolls back what is open
  }
}
