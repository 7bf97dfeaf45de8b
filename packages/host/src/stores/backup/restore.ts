import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { SignalboxError } from '@signalbox/core';
import { createDatabase, databaseExists, identifier, nextOf } from '../postgres/database.js';
import type { PostgresServer } from '../postgres/embedded.js';
import { writeAudit } from '../postgres/audit.js';
import { endAllSessions } from '../postgres/credentials.js';
import { migrate, readMigrations } from '../postgres/migrate.js';
import { openClient, storeError } from '../postgres/pool.js';
import { quotedName as quoted, tablesOf } from '../postgres/tables.js';
import { readArchive, invalid, type Manifest } from './archive.js';

export interface RestoreOptions {
  readonly server: PostgresServer;
  readonly database: string;
  /** The world that is asked for; a backup of the other one is refused. */
  readonly kind: Manifest['world']['kind'];
  readonly file: string;
  /** Replaces a database that holds data. */
  readonly force?: boolean;
  /** Whom the audit names; `a program` without it. */
  readonly actor?: string;
  readonly onProgress?: (stage: 'check' | 'load', rows: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface RestoreResult {
  readonly database: string;
  readonly createdAt: string;
  readonly rows: number;
  readonly tables: number;
  /** Logins of then that were ended: nobody is let in by a cookie that he had when the backup was made. */
  readonly sessionsEnded: number;
  readonly seconds: number;
}

/**
 * Reads the whole file and checks it, then loads it into a new database beside the old one, which takes its name once everything
 * is there: a restore that fails or is killed changes nothing. Logins that were open when the backup was made are ended, and the
 * audit, which is that of then, gets an entry; users and keys are those of then, too.
 *
 * @throws BACKUP_INVALID, BACKUP_NEWER, WORLD_MISMATCH, STORE_NOT_EMPTY, HOST_RUNNING, STORE_NOT_PERMITTED
 */
export async function restore({
  server,
  database,
  kind,
  file,
  force = false,
  actor,
  onProgress,
  signal,
}: RestoreOptions): Promise<RestoreResult> {
  const started = performance.now();
  const { manifest, rows: total } = await readArchive(
    file,
    { rows: (rows) => onProgress?.('check', rows, rows) },
    signal,
  );
  if (manifest.world.kind !== kind)
    throw new SignalboxError(
      'WORLD_MISMATCH',
      `the backup holds a ${manifest.world.kind} world, not a ${kind} one`,
      `Restore it with --world ${manifest.world.kind === 'market' ? 'market' : 'demo'}.`,
    );
  const known = new Map((await readMigrations()).map((migration) => [migration.version, migration]));
  const migrations = manifest.migrations.map((made) => {
    const migration = known.get(made.version);
    if (!migration)
      throw new SignalboxError(
        'BACKUP_NEWER',
        `the backup was made by version ${manifest.version}, with migration ${made.name}, which this one does not know`,
        'Update Signalbox, then restore again.',
      );
    if (migration.checksum !== made.checksum) throw invalid(`its migration ${made.name} is another one than ours`);
    return migration;
  });

  const next = nextOf(database);
  let sessionsEnded: number;
  const admin = await openClient(server.admin);
  try {
    if (await databaseExists(admin, database)) await mayReplace(server, database, force);
    await admin.query(`DROP DATABASE IF EXISTS ${identifier(next)} WITH (FORCE)`);
    await createDatabase(admin, next);
    try {
      const connection = server.connection(next);
      await migrate(connection, migrations);
      await load(server, next, file, (rows) => onProgress?.('load', rows, total), signal);
      await migrate(connection);
      const client = await openClient(connection);
      try {
        sessionsEnded = await endAllSessions(client);
        const detail = { createdAt: manifest.createdAt, version: manifest.version, rows: total, sessionsEnded };
        await writeAudit(client, { actor: actor ?? 'a program', action: 'restore', subject: database, detail });
        await client.query('ANALYZE');
      } finally {
        await client.end().catch(() => {});
      }
      signal?.throwIfAborted();
    } catch (error) {
      await admin.query(`DROP DATABASE IF EXISTS ${identifier(next)} WITH (FORCE)`).catch(() => {});
      throw error;
    }
    await admin.query(`DROP DATABASE IF EXISTS ${identifier(database)} WITH (FORCE)`);
    await admin.query(`ALTER DATABASE ${identifier(next)} RENAME TO ${identifier(database)}`);
  } catch (error) {
    throw storeError(error);
  } finally {
    await admin.end().catch(() => {});
  }
  return {
    database,
    createdAt: manifest.createdAt,
    rows: total,
    tables: manifest.tables.length,
    sessionsEnded,
    seconds: (performance.now() - started) / 1000,
  };
}

async function mayReplace(server: PostgresServer, database: string, force: boolean): Promise<void> {
  const client = await openClient(server.connection(database));
  try {
    const hosts = await client.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'signalbox %' LIMIT 1`,
    );
    if (hosts.rowCount)
      throw new SignalboxError(
        'HOST_RUNNING',
        `a host or a command of Signalbox works on ${database}`,
        'End it first, then restore again.',
      );
    if (force) return;
    const { heads } = await tablesOf(client);
    const full: string[] = [];
    for (const { table } of heads) {
      // what a fresh, migrated database holds: its world and the run `live`
      if (table === 'dw.world' || table === 'dw.runs') continue;
      if ((await client.query(`SELECT 1 FROM ${quoted(table)} LIMIT 1`)).rowCount) full.push(table);
    }
    if (full.length > 0)
      throw new SignalboxError(
        'STORE_NOT_EMPTY',
        `the database ${database} holds data (${full.slice(0, 5).join(', ')}${full.length > 5 ? ', …' : ''})`,
        'Back it up, then restore with --force, which replaces it; or name another database in DATABASE_URL.',
      );
  } finally {
    await client.end().catch(() => {});
  }
}

async function load(
  server: PostgresServer,
  database: string,
  file: string,
  onRows: (rows: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const client = await openClient(server.connection(database));
  try {
    await client.query('BEGIN');
    const there = new Map((await tablesOf(client)).heads.map((head) => [head.table, new Set(head.columns)]));
    // rows come back as they were: no events, revisions or defaults of the moment
    for (const table of there.keys()) {
      await client.query(`ALTER TABLE ${quoted(table)} DISABLE TRIGGER USER`);
    }
    await client.query(`TRUNCATE ${[...there.keys()].map(quoted).join(', ')}`);
    const { tail } = await readArchive(
      file,
      {
        rows: onRows,
        begin(manifest) {
          for (const { table, columns } of manifest.tables) {
            const has = there.get(table);
            const strange = has ? columns.find((name) => !has.has(name)) : table;
            if (strange !== undefined) throw invalid(`its migrations make no ${has ? `${table}.${strange}` : table}`);
          }
        },
        async table({ table, columns }, rows) {
          const target = client.query(
            copyFrom(`COPY ${quoted(table)} (${columns.map((name) => `"${name}"`).join(', ')}) FROM STDIN`),
          );
          await pipeline(Readable.from(rows, { objectMode: false }), target);
        },
      },
      signal,
    );
    for (const { name, last, called } of tail.sequences)
      await client.query('SELECT setval($1::regclass, $2::bigint, $3)', [quoted(name), last, called]);
    for (const table of there.keys()) await client.query(`ALTER TABLE ${quoted(table)} ENABLE TRIGGER USER`);
    await client.query('COMMIT');
  } finally {
    await client.end().catch(() => {});
  }
}
