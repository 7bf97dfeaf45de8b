import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/** One value of a COPY line: text as it is, numbers in shortest form, null as `\N`. */
export type CopyValue = string | number | boolean | null;

const CHUNK = 1 << 16;
const SPECIAL = /[\\\t\n\r]/g;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function field(value: CopyValue): string {
  if (value === null) return '\\N';
  if (typeof value === 'string') return value.replace(SPECIAL, (c) => ESCAPES[c]!);
  return typeof value === 'boolean' ? (value ? 't' : 'f') : String(value);
}

function* lines(rows: Iterable<readonly CopyValue[]>): Generator<string> {
  let chunk = '';
  for (const row of rows) {
    for (let i = 0; i < row.length; i++) chunk += (i ? '\t' : '') + field(row[i]!);
    chunk += '\n';
    if (chunk.length >= CHUNK) {
      yield chunk;
      chunk = '';
    }
  }
  if (chunk) yield chunk;
}

/** Streams rows into `target`, e.g. `dw.runs (run_id, kind)`, over a client without `query_timeout`. Returns how many. */
export async function copyRows(client: Client, target: string, rows: Iterable<readonly CopyValue[]>): Promise<number> {
  const stream = client.query(copyFrom(`COPY ${target} FROM STDIN`));
  await pipeline(Readable.from(lines(rows), { objectMode: true, highWaterMark: 4 }), stream);
  return stream.rowCount;
}

/** A timestamp for PostgreSQL. */
export const at = (epochMs: number): string => new Date(epochMs).toISOString();

/** A float array for PostgreSQL, to the bit; NaN and infinities, which are missing values, become NULL. */
export function floats(values: ArrayLike<number>): string {
  let text = '{';
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    text += (i ? ',' : '') + (Number.isFinite(value) ? String(value) : 'NULL');
  }
  return `${text}}`;
}
