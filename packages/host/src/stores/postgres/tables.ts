import type { Queryable } from './pool.js';

/** A table of ours as a backup takes it. */
export interface TableHead {
  /** `schema.name`. */
  readonly table: string;
  readonly columns: readonly string[];
}

/** `dw.events` → `"dw"."events"`. */
export const quotedName = (name: string): string =>
  name
    .split('.')
    .map((part) => `"${part}"`)
    .join('.');

/** Our tables, those that others refer to first; what a library keeps in a schema of its own (a job queue) is not among them. */
export async function tablesOf(
  db: Queryable,
): Promise<{ heads: TableHead[]; order: Map<string, string>; about: number }> {
  const { rows } = await db.query<{
    table: string;
    columns: string[];
    key: string[] | null;
    refers: string[];
    about: number;
  }>(`
    SELECT n.nspname || '.' || c.relname AS table,
      (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
      (SELECT array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum)) FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey) WHERE i.indrelid = c.oid AND i.indisprimary) AS key,
      coalesce((SELECT array_agg(DISTINCT fn.nspname || '.' || f.relname) FROM pg_constraint k JOIN pg_class f ON f.oid = k.confrelid
        JOIN pg_namespace fn ON fn.oid = f.relnamespace WHERE k.conrelid = c.oid AND k.contype = 'f' AND f.oid <> c.oid), '{}') AS refers,
      greatest(c.reltuples, 0)::bigint AS about
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname IN ('public', 'dw') AND c.relname <> 'schema_migrations'
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1`);
  const heads: TableHead[] = [];
  const waiting = new Map(rows.map((row) => [row.table, row]));
  while (waiting.size > 0) {
    const ready = [...waiting.values()].filter((row) => row.refers.every((other) => !waiting.has(other)));
    // tables that refer to each other in a circle would end in none that is ready
    for (const row of ready.length > 0 ? ready : [...waiting.values()]) {
      heads.push({ table: row.table, columns: row.columns });
      waiting.delete(row.table);
    }
  }
  const order = new Map(
    rows.map(({ table, key }) => [table, key ? `ORDER BY ${key.map((name) => `"${name}"`).join(', ')}` : '']),
  );
  return { heads, order, about: rows.reduce((sum, row) => sum + row.about, 0) };
}
