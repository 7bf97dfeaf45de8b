import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { SignalboxError } from '@signalbox/core';
import type { TableHead } from '../postgres/tables.js';

/**
 * A backup is one gzip file: a line of JSON that says what is in it; for each table a line of JSON, its rows as COPY text in
 * chunks (a line with the length in bytes, then the bytes; length 0 ends them), and a line with the count of rows and their
 * sha256; at the end a line with the sha256 of everything before it. It is written and read as a stream.
 */
export interface Manifest {
  readonly signalbox: 'backup';
  readonly format: 1;
  readonly createdAt: string;
  readonly version: string;
  readonly world: { readonly kind: 'market' | 'simulated'; readonly generation: number };
  readonly migrations: readonly { readonly version: number; readonly name: string; readonly checksum: string }[];
  readonly tables: readonly TableHead[];
}

export interface Sequence {
  readonly name: string;
  readonly last: string;
  readonly called: boolean;
}

export interface Tail {
  readonly sequences: readonly Sequence[];
  readonly sha256: string;
}

const MAX_LINE = 1 << 20;
const MAX_CHUNK = 1 << 24;

export function invalid(what: string, cause?: unknown): SignalboxError {
  return new SignalboxError(
    'BACKUP_INVALID',
    `this is no whole backup: ${what}`,
    'Take another copy of the file; nothing was changed.',
    { cause },
  );
}

/** Reads lines and byte runs off a gzip file; lengths are bounded before anything is kept. */
class Reader {
  #kept: Buffer = Buffer.alloc(0);
  readonly #source: AsyncIterator<Buffer>;
  readonly #hash = createHash('sha256');

  constructor(path: string, signal?: AbortSignal) {
    const file = createReadStream(path, signal ? { signal } : {});
    const gunzip = createGunzip();
    file.on('error', (error) => gunzip.destroy(error));
    this.#source = file.pipe(gunzip)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async #more(): Promise<boolean> {
    try {
      const { value, done } = await this.#source.next();
      if (done) return false;
      this.#kept = this.#kept.length === 0 ? value : Buffer.concat([this.#kept, value]);
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR')
        throw new SignalboxError('INPUT_NOT_FOUND', `the backup cannot be read (${code})`, 'Check the path.', {
          cause: error,
        });
      if ((error as Error).name === 'AbortError') throw error;
      throw invalid('it is truncated or altered', error);
    }
  }

  async line(hashed = true): Promise<string> {
    let from = 0;
    for (;;) {
      const end = this.#kept.indexOf(10, from);
      if (end >= 0) {
        const line = this.#kept.subarray(0, end + 1);
        if (hashed) this.#hash.update(line);
        this.#kept = this.#kept.subarray(end + 1);
        return line.toString('utf8').slice(0, -1);
      }
      from = this.#kept.length;
      if (from > MAX_LINE) throw invalid('a line is too long');
      if (!(await this.#more())) throw invalid('it ends too early');
    }
  }

  async bytes(length: number): Promise<Buffer> {
    while (this.#kept.length < length) if (!(await this.#more())) throw invalid('it ends too early');
    const bytes = this.#kept.subarray(0, length);
    this.#kept = this.#kept.subarray(length);
    this.#hash.update(bytes);
    return bytes;
  }

  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  async ended(): Promise<boolean> {
    return this.#kept.length === 0 && !(await this.#more());
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }
}

function parsed<T>(line: string, is: (value: Partial<T>) => boolean, what: string): T {
  try {
    const value = JSON.parse(line) as Partial<T> | null;
    if (value !== null && typeof value === 'object' && is(value)) return value as T;
  } catch {
    // said below
  }
  throw invalid(what);
}

const NAME = /^[a-z_][a-z0-9_]{0,62}$/;
const QUALIFIED = /^(public|dw)\.[a-z_][a-z0-9_]{0,62}$/;
const isTable = (head: Partial<TableHead>): boolean =>
  QUALIFIED.test(head.table ?? '') &&
  Array.isArray(head.columns) &&
  head.columns.length > 0 &&
  head.columns.every((name) => NAME.test(name));

/** What a reader of a backup does with it. */
export interface Visitor {
  begin?(manifest: Manifest): Promise<void> | void;
  /** The rows of one table; it takes all of them. */
  table?(head: TableHead, rows: AsyncIterable<Buffer>): Promise<void>;
  rows?(done: number): void;
}

/**
 * Reads a whole backup and checks every length, count and hash on the way.
 * @throws BACKUP_INVALID, INPUT_NOT_FOUND
 */
export async function readArchive(
  path: string,
  visitor: Visitor = {},
  signal?: AbortSignal,
): Promise<{ manifest: Manifest; tail: Tail; rows: number }> {
  const reader = new Reader(path, signal);
  try {
    const manifest = parsed<Manifest>(
      await reader.line(),
      (value) =>
        value.signalbox === 'backup' &&
        value.format === 1 &&
        (value.world?.kind === 'market' || value.world?.kind === 'simulated') &&
        Array.isArray(value.migrations) &&
        Array.isArray(value.tables) &&
        value.tables.every(isTable) &&
        new Set(value.tables.map((head) => head.table)).size === value.tables.length,
      'its first line is not that of a backup',
    );
    await visitor.begin?.(manifest);
    let total = 0;
    for (const head of manifest.tables) {
      const here = parsed<TableHead>(await reader.line(), isTable, 'a table has no head');
      if (JSON.stringify(here) !== JSON.stringify(head))
        throw invalid(`the table ${head.table} is not where it should be`);
      const hash = createHash('sha256');
      let rows = 0;
      const chunks = async function* (): AsyncGenerator<Buffer> {
        for (;;) {
          const line = await reader.line();
          const length = /^\d{1,9}$/.test(line) ? Number(line) : MAX_CHUNK + 1;
          if (length > MAX_CHUNK) throw invalid(`a length in ${head.table} is wrong`);
          if (length === 0) return;
          const bytes = await reader.bytes(length);
          hash.update(bytes);
          for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) rows++;
          visitor.rows?.(total + rows);
          yield bytes;
        }
      };
      const source = chunks();
      if (visitor.table) await visitor.table(head, source);
      for await (const _ of source); // what a visitor left
      const end = parsed<{ rows: number; sha256: string }>(
        await reader.line(),
        (value) => typeof value.rows === 'number',
        `${head.table} has no end`,
      );
      if (end.rows !== rows || end.sha256 !== hash.digest('hex'))
        throw invalid(`the rows of ${head.table} are not those that were written`);
      total += rows;
    }
    const before = await reader.line();
    const { sequences } = parsed<{ sequences: Sequence[] }>(
      before,
      (value) =>
        Array.isArray(value.sequences) &&
        value.sequences.every(
          (one) => QUALIFIED.test(one.name) && /^-?\d{1,19}$/.test(one.last) && typeof one.called === 'boolean',
        ),
      'the sequences are missing',
    );
    const digest = reader.digest();
    const { sha256 } = parsed<{ sha256: string }>(
      await reader.line(false),
      (value) => typeof value.sha256 === 'string',
      'its end is missing',
    );
    if (sha256 !== digest) throw invalid('its checksum is not that of its content');
    if (!(await reader.ended())) throw invalid('something follows its end');
    return { manifest, tail: { sequences, sha256 }, rows: total };
  } finally {
    await reader.close();
  }
}
