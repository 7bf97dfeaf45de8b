import { SignalboxError, isSignalboxError } from '@signalbox/core';
import type { PostgresServer } from './embedded.js';
import { openClient, storeError, type Queryable } from './pool.js';

export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A database that is being made to take another's place has this name until it does. */
export const nextOf = (database: string): string => `${database}_next`;

const OLDEST = 15;

export async function databaseExists(admin: Queryable, name: string): Promise<boolean> {
  const { rowCount } = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
  return rowCount === 1;
}

export async function createDatabase(admin: Queryable, name: string): Promise<void> {
  try {
    await admin.query(`CREATE DATABASE ${identifier(name)} TEMPLATE template0 ENCODING 'UTF8'`);
  } catch (error) {
    if ((error as { code?: string }).code !== '42P04' && (error as { code?: string }).code !== '23505') throw error; // another host was faster
  }
}

/** @throws STORE_TOO_OLD, STORE_READ_ONLY */
export async function checkServer(db: Queryable): Promise<void> {
  const { rows } = await db.query<{ version: number; shown: string; readOnly: boolean }>(
    `SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS shown,
       pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS "readOnly"`,
  );
  const { version, shown, readOnly } = rows[0]!;
  if (version < OLDEST * 10_000)
    throw new SignalboxError(
      'STORE_TOO_OLD',
      `the server of DATABASE_URL is PostgreSQL ${shown}`,
      `Use ${OLDEST} or newer, or leave DATABASE_URL out for the embedded one.`,
    );
  if (readOnly)
    throw new SignalboxError(
      'STORE_READ_ONLY',
      'the server of DATABASE_URL takes no writes: a standby, or set read-only',
      'Name the primary in DATABASE_URL.',
    );
}

/**
 * The database is there afterwards. One of yours is used as it is, so that a role which sees nothing else suffices; only one that
 * is not there yet takes the right to create databases.
 *
 * @throws SignalboxError STORE_AUTH, STORE_TLS, STORE_DATABASE_MISSING, STORE_TOO_OLD, STORE_READ_ONLY, STORE_DOWN
 */
export async function ensureDatabase(server: PostgresServer, database: string): Promise<void> {
  let missing: unknown;
  if (server.kind === 'external') {
    try {
      const client = await openClient(server.connection(database));
      return await checkServer(client).finally(() => client.end().catch(() => {}));
    } catch (error) {
      if (!isSignalboxError(error) || error.code !== 'STORE_DATABASE_MISSING') throw error;
      missing = error;
    }
  }
  try {
    const admin = await openClient(server.admin);
    try {
      if (missing) await checkServer(admin);
      const next = nextOf(database);
      if (await databaseExists(admin, next)) {
        // a replacement was interrupted: before its drop the old one stands, after it the new one takes the name
        if (await databaseExists(admin, database)) await admin.query(`DROP DATABASE ${identifier(next)} WITH (FORCE)`);
        else await admin.query(`ALTER DATABASE ${identifier(next)} RENAME TO ${identifier(database)}`);
      }
      if (!(await databaseExists(admin, database))) await createDatabase(admin, database);
    } finally {
      await admin.end().catch(() => {});
    }
  } catch (error) {
    const known = storeError(error);
    const forbidden =
      isSignalboxError(known) && ['STORE_NOT_PERMITTED', 'STORE_AUTH', 'STORE_DATABASE_MISSING'].includes(known.code);
    throw missing && forbidden ? missing : known;
  }
}
