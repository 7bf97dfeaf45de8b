import { createHash, type Hash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { to as copyTo } from 'pg-copy-streams';
import { SignalboxError } from '@signalbox/core';
import { version } from '../../config/version.js';
import type { ConnectionOptions } from '../postgres/connection.js';
import { openClient, storeError } from '../postgres/pool.js';
import { quotedName, tablesOf } from '../postgres/tables.js';
import type { Manifest, Sequence } from './archive.js';

export interface BackupResult {
  readonly file: string;
  readonly bytes: number;
  readonly rows: number;
  readonly tables: readonly { readonly table: string; readonly rows: number }[];
  readonly seconds: number;
}

export interface BackupOptions {
  readonly onProgress?: (rows: number, about: number) => void;
  readonly signal?: AbortSignal;
}

/** Everything in a transaction of one snapshot: writers go on meanwhile. The file appears whole or not at all, for its owner only. */
export async function backup(
  connection: ConnectionOptions,
  file: string,
  { onProgress, signal }: BackupOptions = {},
): Promise<BackupResult> {
  const started = performance.now();
  const partial = `${file}.${process.pid}.partial`;
  const client = await openClient(connection);
  const output = createWriteStream(partial, { flags: 'wx', mode: 0o600 });
  const gzip = createGzip({ level: 3 });
  const written = finished(output);
  written.catch(() => {}); // told by the write that fails
  gzip.pipe(output);
  gzip.on('error', () => {});
  output.on('error', (error) => gzip.destroy(error));
  const whole = createHash('sha256');
  const write = async (bytes: Buffer | string, hash: Hash | null = whole): Promise<void> => {
    hash?.update(bytes);
    if (gzip.destroyed) await written;
    if (!gzip.write(bytes)) await Promise.race([once(gzip, 'drain'), written]);
  };
  const line = (value: unknown): Promise<void> => write(`${JSON.stringify(value)}\n`);
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { heads, order, about } = await tablesOf(client);
    const world = await client.query<Manifest['world']>('SELECT kind, generation FROM dw.world');
    const migrations = await client.query<Manifest['migrations'][number]>(
      'SELECT version, name, checksum FROM schema_migrations ORDER BY version',
    );
    const manifest: Manifest = {
      signalbox: 'backup',
      format: 1,
      createdAt: new Date().toISOString(),
      version: version(),
      world: world.rows[0]!,
      migrations: migrations.rows,
      tables: heads,
    };
    await line(manifest);
    const tables: { table: string; rows: number }[] = [];
    let done = 0;
    for (const head of heads) {
      await line(head);
      const columns = head.columns.map((name) => `"${name}"`).join(', ');
      const hash = createHash('sha256');
      let rows = 0;
      const source = client.query(
        copyTo(`COPY (SELECT ${columns} FROM ${quotedName(head.table)} ${order.get(head.table)!}) TO STDOUT`),
      );
      for await (const chunk of source as AsyncIterable<Buffer>) {
        signal?.throwIfAborted();
        hash.update(chunk);
        for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) rows++;
        await write(`${chunk.length}\n`);
        await write(chunk);
        onProgress?.(done + rows, Math.max(about, done + rows));
      }
      await write('0\n');
      await line({ rows, sha256: hash.digest('hex') });
      tables.push({ table: head.table, rows });
      done += rows;
    }
    // sequences know no snapshot: read last, they are never behind the rows
    const { rows: names } = await client.query<{ name: string }>(
      `SELECT schemaname || '.' || sequencename AS name FROM pg_sequences WHERE schemaname IN ('public', 'dw') ORDER BY 1`,
    );
    const sequences: Sequence[] = [];
    for (const { name } of names) {
      const { rows } = await client.query<{ last: string; called: boolean }>(
        `SELECT last_value::text AS last, is_called AS called FROM ${quotedName(name)}`,
      );
      sequences.push({ name, ...rows[0]! });
    }
    await line({ sequences });
    await write(`${JSON.stringify({ sha256: whole.digest('hex') })}\n`, null);
    gzip.end();
    await written;
    const handle = await open(partial, 'r+');
    await handle.sync().finally(() => handle.close());
    await rename(partial, file);
    const { size } = await stat(file);
    return { file, bytes: size, rows: done, tables, seconds: (performance.now() - started) / 1000 };
  } catch (error) {
    gzip.destroy();
    output.destroy();
    await written.catch(() => {});
    await rm(partial, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    if (
      code === 'ENOSPC' ||
      code === 'EACCES' ||
      code === 'ENOENT' ||
      code === 'EEXIST' ||
      code === 'EROFS' ||
      code === 'ENOTDIR'
    )
      if ((error as NodeJS.ErrnoException).path !== undefined || code === 'ENOSPC')
        throw new SignalboxError(
          'INPUT_NOT_FOUND',
          `the backup cannot be written (${code})`,
          `Name a file in a folder that exists, is yours and has space; ${dirname(file)} is not.`,
          { cause: error },
        );
    throw storeError(error);
  } finally {
    await client.end().catch(() => {});
  }
}
