import type { Pool } from 'pg';
import type { StoreCounts } from './bars.js';
import { copyRows } from './copy.js';
import { withBulkTransaction, type Queryable, type TransactionOptions } from './pool.js';

/** Values of one date in the order of the load's columns; null where there is none. 4 decimals. */
export interface MacroValues {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly values: readonly (number | null)[];
}

const LOCK = 7_446_003;

/** Only stored names reach SQL. */
function named(columns: readonly string[]): readonly string[] {
  for (const name of columns) if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new RangeError(`not a macro column: ${name}`);
  return columns;
}

/**
 * Stores macro values in one transaction. A null says nothing: it never erases a stored value. Overwritten values go to
 * `revisions`; values that come after the world's first cycle get the market time at which they were first seen.
 *
 * @param columns stored names of the series, in the order of each row's values
 * @throws SignalboxError WORLD_MISMATCH, STORE_DOWN
 */
export async function storeMacro(
  pool: Pool,
  columns: readonly string[],
  rows: readonly MacroValues[],
  source: string,
  options: TransactionOptions = {},
): Promise<StoreCounts> {
  if (rows.length === 0 || columns.length === 0) return { inserted: 0, unchanged: rows.length, revised: 0 };
  const names = named(columns);
  const list = (of: (name: string) => string): string => names.map(of).join(', ');
  return withBulkTransaction(
    pool,
    async (client) => {
      await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
      await client.query(
        `CREATE TEMP TABLE incoming_macro ON COMMIT DROP AS SELECT date, ${list((n) => n)} FROM macro_indicators_daily WITH NO DATA`,
      );
      await client.query('ALTER TABLE incoming_macro ADD PRIMARY KEY (date)');
      await copyRows(
        client,
        'incoming_macro',
        (function* () {
          for (const row of rows) yield [row.date, ...row.values];
        })(),
      );
      const updated = await client.query(
        `UPDATE macro_indicators_daily m SET ${list((n) => `${n} = coalesce(i.${n}, m.${n})`)}, source = $1, recorded_at = now()
         FROM incoming_macro i
         WHERE m.date = i.date AND (${names.map((n) => `i.${n} IS NOT NULL AND i.${n} IS DISTINCT FROM m.${n}`).join(' OR ')})`,
        [source],
      );
      const added = await client.query(
        `INSERT INTO macro_indicators_daily (date, ${list((n) => n)}, source)
         SELECT date, ${list((n) => n)}, $1 FROM incoming_macro i
         WHERE NOT EXISTS (SELECT 1 FROM macro_indicators_daily m WHERE m.date = i.date) ORDER BY date`,
        [source],
      );
      const inserted = added.rowCount ?? 0;
      const revised = updated.rowCount ?? 0;
      return { inserted, revised, unchanged: rows.length - inserted - revised };
    },
    options,
  );
}

/** One stored, non-empty value. */
export interface MacroObservation {
  readonly series: string;
  readonly date: string;
  readonly value: number;
  /** Market time at which it was first seen, epoch milliseconds; undefined: at its rule time. */
  readonly firstSeen: number | undefined;
}

/**
 * The observations of these series, in order of date, from `from` (`YYYY-MM-DD`, inclusive) on. A value that was overwritten
 * after the first cycle stands before the one that replaced it, each with the time at which it was first seen: added to a
 * series table, bars of then see the one and bars since see the other.
 */
export async function readMacro(
  db: Queryable,
  series: readonly string[],
  from = '-infinity',
): Promise<MacroObservation[]> {
  const { current, seen } = await readVintages(db, series, from);
  const observations: MacroObservation[] = [];
  for (const [key, value] of current) {
    const [name, date] = key.split(' ') as [string, string];
    const vintages = seen.get(key);
    if (!vintages) observations.push({ series: name, date, value, firstSeen: undefined });
    for (const one of vintages ?? []) {
      const firstSeen = one.at === null ? undefined : one.at;
      observations.push({ series: name, date, value: one.value ?? value, firstSeen });
    }
  }
  return observations;
}

/**
 * The observations as they stood at market time `asOf` (epoch milliseconds): each value at its rule time, none seen later; one
 * that was removed since stands as it was.
 */
export async function readMacroAsKnown(
  db: Queryable,
  series: readonly string[],
  asOf: number,
): Promise<MacroObservation[]> {
  const { current, seen } = await readVintages(db, series, '-infinity');
  const removed = await readRemoved(db, series, asOf);
  const observations: MacroObservation[] = [];
  for (const key of new Set([...current.keys(), ...removed.keys()])) {
    const [name, date] = key.split(' ') as [string, string];
    const vintages = seen.get(key);
    const known = vintages?.filter(({ at: time }) => time === null || time <= asOf).at(-1);
    const gone = removed.get(key);
    // it came and went after `asOf`, or came again after it had gone
    const cameFirst = vintages?.some(({ at: time }) => time !== null && gone !== undefined && time < gone.at) ?? false;
    const was = gone && !cameFirst ? gone.value : undefined;
    if (vintages && !known && was === undefined) continue;
    const value = known?.value ?? was ?? current.get(key);
    if (value !== undefined) observations.push({ series: name, date, value, firstSeen: undefined });
  }
  return observations;
}

/** Values that were set to nothing, or whose row was deleted, after `asOf`: what they were, and when they went. */
async function readRemoved(
  db: Queryable,
  series: readonly string[],
  asOf: number,
): Promise<ReadonlyMap<string, { readonly value: number; readonly at: number }>> {
  const { rows } = await db.query<{ key: string; value: string; at: number }>(
    `SELECT DISTINCT ON (1) column_name || ' ' || (row_key ->> 'date') AS key, old_value AS value, seen_at AS at
     FROM revisions WHERE table_name = 'macro_indicators_daily' AND column_name = ANY ($1) AND new_value IS NULL AND seen_at > $2
     ORDER BY 1, revision_id`,
    [series, new Date(asOf)],
  );
  return new Map(rows.map(({ key, value, at }) => [key, { value: Number(value), at }]));
}

interface Vintage {
  /** Market time, epoch milliseconds; null: at its rule time. */
  readonly at: number | null;
  /** Null: the stored one. */
  readonly value: number | null;
}

/** Stored values by `series date`, and the vintages of those that have some, oldest first. */
async function readVintages(
  db: Queryable,
  series: readonly string[],
  from: string,
): Promise<{ readonly current: ReadonlyMap<string, number>; readonly seen: ReadonlyMap<string, readonly Vintage[]> }> {
  const current = new Map<string, number>();
  const seen = new Map<string, Vintage[]>();
  if (series.length === 0) return { current, seen };
  const { rows } = await db.query<Record<string, number | null> & { date: string }>(
    `SELECT date, ${named(series).join(', ')} FROM macro_indicators_daily WHERE date >= $1 ORDER BY date`,
    [from],
  );
  for (const row of rows)
    for (const name of series) {
      const value = row[name];
      if (typeof value === 'number') current.set(`${name} ${row.date}`, value);
    }
  const vintages = await db.query<{ key: string } & Vintage>(
    `SELECT series || ' ' || date AS key, CASE WHEN seen_at > '-infinity' THEN seen_at END AS at, value
     FROM dw.macro_first_seen WHERE date >= $1 AND series = ANY ($2) ORDER BY date, series, seen_at`,
    [from, series],
  );
  for (const { key, at, value } of vintages.rows) seen.set(key, [...(seen.get(key) ?? []), { at, value }]);
  return { current, seen };
}
