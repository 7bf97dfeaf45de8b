import type { Calendar } from '@signalbox/core';
import type { Queryable } from '../stores/postgres/pool.js';
import { MACRO_NAMES } from './macro-columns.js';

/** What is stored of one symbol against what its calendar expects. */
export interface BarQuality {
  readonly symbol: string;
  /** First and last session looked at. */
  readonly from: string | null;
  readonly to: string | null;
  readonly sessions: number;
  /** Slots of these sessions whose bar should be there by now. */
  readonly expected: number;
  readonly stored: number;
  readonly missing: number;
  readonly sessions_without_a_bar: number;
  /** Stored bars on no slot of the calendar; they count nowhere. */
  readonly outside_session: number;
  /** Share of stored bars with open = high = low = close; null without bars. */
  readonly close_only_share: number | null;
  /** Bars that replaced others, deletions included. */
  readonly revised: number;
  readonly bad_ticks: number;
  /** Stored bars by source. */
  readonly sources: Readonly<Record<string, number>>;
  /** The sessions that miss most, worst first; ten at most. */
  readonly worst: readonly { readonly date: string; readonly missing: number }[];
}

export interface MacroQuality {
  readonly series: string;
  readonly values: number;
  readonly from: string | null;
  readonly to: string | null;
  /** Values that replaced others, deletions included. */
  readonly revised: number;
}

export interface Quality {
  readonly bars: readonly BarQuality[];
  /** Series without a value are left out. */
  readonly macro: readonly MacroQuality[];
}

const WORST = 10;

/**
 * How good what is stored is.
 *
 * @param now market time, epoch milliseconds: bars that are not complete are not expected
 * @param window session dates, both inclusive; what is left out is where the stored bars begin, and now
 */
export async function qualityOf(
  db: Queryable,
  calendars: ReadonlyMap<string, Calendar>,
  now: number,
  window: { readonly from?: string; readonly to?: string } = {},
): Promise<Quality> {
  const bars: BarQuality[] = [];
  for (const [symbol, calendar] of calendars) bars.push(await barQuality(db, symbol, calendar, now, window));
  return { bars, macro: await macroQuality(db, window) };
}

async function barQuality(
  db: Queryable,
  symbol: string,
  calendar: Calendar,
  now: number,
  window: { readonly from?: string; readonly to?: string },
): Promise<BarQuality> {
  const { rows } = await db.query<{ time: number; flat: boolean; source: string | null }>(
    `SELECT time, open = high AND high = low AND low = close AS flat, source FROM usdcop_m5_ohlcv WHERE symbol = $1 ORDER BY time`,
    [symbol],
  );
  const inWindow = (date: string): boolean => date >= (window.from ?? '') && date <= (window.to ?? '9999');
  const found = new Map<string, number>();
  const sources: Record<string, number> = {};
  let stored = 0;
  let outside = 0;
  let flat = 0;
  let first: string | undefined;
  for (const bar of rows) {
    const date = calendar.sessionDate(bar.time);
    if (!inWindow(date)) continue;
    const slot = calendar.slot(bar.time);
    if (!slot || (bar.time - calendar.sessionOpen(slot.session)!) % calendar.slotMs !== 0) {
      outside++;
      continue;
    }
    first ??= slot.session;
    stored++;
    if (bar.flat) flat++;
    const source = bar.source ?? 'unknown';
    sources[source] = (sources[source] ?? 0) + 1;
    found.set(slot.session, (found.get(slot.session) ?? 0) + 1);
  }
  const today = calendar.sessionDate(now);
  const to = window.to !== undefined && window.to < today ? window.to : today;
  const begin = window.from ?? first;
  const sessions = (begin === undefined ? [] : calendar.sessionsBetween(begin, to)).flatMap((date) => {
    const open = calendar.sessionOpen(date)!;
    const complete = Math.floor((Math.min(now, calendar.sessionClose(date)!) - open) / calendar.slotMs);
    const expected = Math.max(complete, 0);
    return expected === 0 ? [] : [{ date, expected, missing: Math.max(expected - (found.get(date) ?? 0), 0) }];
  });
  const sum = (of: (one: (typeof sessions)[number]) => number): number => sessions.reduce((n, one) => n + of(one), 0);
  return {
    symbol,
    from: sessions[0]?.date ?? null,
    to: sessions.at(-1)?.date ?? null,
    sessions: sessions.length,
    expected: sum((one) => one.expected),
    stored,
    missing: sum((one) => one.missing),
    sessions_without_a_bar: sessions.filter(({ date }) => !found.has(date)).length,
    outside_session: outside,
    close_only_share: stored === 0 ? null : flat / stored,
    revised: await revisedBars(db, symbol, calendar, inWindow),
    bad_ticks: await badTicks(db, symbol, calendar, inWindow),
    sources,
    worst: sessions
      .filter(({ missing }) => missing > 0)
      .sort((a, b) => b.missing - a.missing || (a.date < b.date ? -1 : 1))
      .slice(0, WORST)
      .map(({ date, missing }) => ({ date, missing })),
  };
}

/** One overwrite of a bar leaves a row for each value that changed. */
async function revisedBars(
  db: Queryable,
  symbol: string,
  calendar: Calendar,
  inWindow: (date: string) => boolean,
): Promise<number> {
  const { rows } = await db.query<{ time: number }>(
    `SELECT (row_key ->> 'time')::timestamptz AS time FROM revisions
     WHERE table_name = 'usdcop_m5_ohlcv' AND row_key ->> 'symbol' = $1 GROUP BY row_key, recorded_at`,
    [symbol],
  );
  return rows.filter(({ time }) => inWindow(calendar.sessionDate(time))).length;
}

async function badTicks(
  db: Queryable,
  symbol: string,
  calendar: Calendar,
  inWindow: (date: string) => boolean,
): Promise<number> {
  const { rows } = await db.query<{ time: number }>('SELECT bar_time AS time FROM dw.bad_ticks WHERE symbol = $1', [
    symbol,
  ]);
  return rows.filter(({ time }) => inWindow(calendar.sessionDate(time))).length;
}

async function macroQuality(
  db: Queryable,
  { from, to }: { readonly from?: string; readonly to?: string },
): Promise<MacroQuality[]> {
  const values = [from ?? '-infinity', to ?? 'infinity'];
  // names are those of MACRO_NAMES
  const { rows } = await db.query<MacroQuality & { revised: number }>(
    `WITH stored AS (
       SELECT s.name AS series, m.date FROM macro_indicators_daily m
       CROSS JOIN LATERAL (VALUES ${MACRO_NAMES.map((name) => `('${name}', ${name})`).join(', ')}) AS s (name, value)
       WHERE s.value IS NOT NULL AND m.date BETWEEN $1::date AND $2::date),
     revised AS (
       SELECT column_name AS series, count(*)::int AS n FROM revisions
       WHERE table_name = 'macro_indicators_daily' AND (row_key ->> 'date')::date BETWEEN $1::date AND $2::date GROUP BY 1)
     SELECT series, count(*)::int AS "values", min(date)::text AS "from", max(date)::text AS "to", coalesce(max(n), 0) AS revised
     FROM stored LEFT JOIN revised USING (series) GROUP BY series`,
    values,
  );
  return [...rows].sort((a, b) => MACRO_NAMES.indexOf(a.series) - MACRO_NAMES.indexOf(b.series));
}
