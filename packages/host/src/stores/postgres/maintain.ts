import type { Pool } from 'pg';
import { connectionOf, openClient, type Queryable } from './pool.js';
import { quotedName, tablesOf } from './tables.js';

/** Events are kept so many days of wall time; the relay removes older ones every ten minutes, too. */
export const EVENT_DAYS = 7;

export interface MaintainResult {
  readonly events: { readonly removed: number; readonly keptDays: number };
  readonly tables: readonly {
    readonly table: string;
    readonly rows: number;
    readonly bytes: number;
    readonly deadBefore: number;
  }[];
  /** Indexes that are much larger than their content, with the line that mends it. */
  readonly advice: readonly {
    readonly index: string;
    readonly bytes: number;
    readonly about: number;
    readonly remedy: string;
  }[];
}

/** The newest row stays whatever its age: it carries the highest number. */
export const PRUNE_EVENTS = `DELETE FROM dw.events WHERE recorded_at < now() - interval '${EVENT_DAYS} days'
  AND seq < (SELECT max(seq) FROM dw.events)`;

/** Retention, then VACUUM ANALYZE of every table of ours, then a look at the indexes. Readers and writers go on meanwhile. */
export async function maintain(
  pool: Pool,
  onProgress: (done: number, total: number) => void = () => {},
  signal?: AbortSignal,
): Promise<MaintainResult> {
  const client = await openClient(connectionOf(pool));
  try {
    const removed = (await client.query(PRUNE_EVENTS)).rowCount ?? 0;
    const { heads } = await tablesOf(client);
    const tables: MaintainResult['tables'][number][] = [];
    for (const [i, { table }] of heads.entries()) {
      signal?.throwIfAborted();
      const { rows: before } = await client.query<{ dead: number }>(
        'SELECT coalesce(n_dead_tup, 0) AS dead FROM pg_stat_user_tables WHERE relid = $1::regclass',
        [table],
      );
      await client.query(`VACUUM (ANALYZE) ${quotedName(table)}`);
      const { rows } = await client.query<{ rows: number; bytes: number }>(
        'SELECT greatest(reltuples, 0)::bigint AS rows, pg_total_relation_size(oid) AS bytes FROM pg_class WHERE oid = $1::regclass',
        [table],
      );
      tables.push({ table, ...rows[0]!, deadBefore: before[0]?.dead ?? 0 });
      onProgress(i + 1, heads.length);
    }
    return { events: { removed, keptDays: EVENT_DAYS }, tables, advice: await advice(client) };
  } finally {
    await client.end().catch(() => {});
  }
}

/** A B-tree entry is its columns, 8 bytes of header and 4 of pointer; pages are 90 % full when made, 70 % in the long run. */
async function advice(db: Queryable): Promise<MaintainResult['advice'][number][]> {
  const { rows } = await db.query<{ index: string; bytes: number; about: number }>(`
    SELECT n.nspname || '.' || i.relname AS index, pg_relation_size(i.oid) AS bytes,
      (greatest(i.reltuples, 0) * (12 + sum(coalesce(s.avg_width, 8))) / 0.7)::bigint AS about
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname IN ('public', 'dw')
    JOIN pg_am am ON am.oid = i.relam AND am.amname = 'btree'
    JOIN pg_attribute a ON a.attrelid = i.oid AND a.attnum > 0
    LEFT JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = t.relname AND s.attname = a.attname
    GROUP BY 1, i.oid, i.reltuples HAVING pg_relation_size(i.oid) > 8 * 1024 * 1024`);
  return rows
    .filter(({ bytes, about }) => bytes > 2 * about)
    .map((row) => ({ ...row, remedy: `REINDEX INDEX CONCURRENTLY ${row.index};` }));
}
