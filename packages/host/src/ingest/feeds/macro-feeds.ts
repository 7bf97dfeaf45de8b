import { setTimeout as sleep } from 'node:timers/promises';
import { isSignalboxError, round } from '@signalbox/core';
import type { Pool } from 'pg';
import { storeFeedState } from '../../stores/postgres/feed-state.js';
import { storeMacro } from '../../stores/postgres/macro.js';
import { MACRO_COLUMNS, type MacroFrequency } from '../macro-columns.js';
import type { Observation } from '../vendors/fred.js';
import { checkIdentity, inRange } from './identity.js';
import type { Source, Vendors } from './sources.js';

const DAY = 86_400_000;
/** Days before the newest stored value that are asked for again: vendors revise. */
const AGAIN: Readonly<Record<MacroFrequency, number>> = { daily: 21, monthly: 500, quarterly: 900 };
/** Days asked for when nothing is stored. */
const FIRST = 2_200;

export interface MacroFetched {
  readonly series: string;
  readonly feed: string;
  readonly received: number;
  readonly inserted: number;
  readonly revised: number;
  /** Values outside the series' range, left out. */
  readonly rejected: number;
}

/**
 * Asks the vendor of one macro series for what is new and what may have been revised, and stores it.
 * @throws VendorError; STORE_DOWN
 */
export async function fetchMacro(
  source: Source,
  vendors: Vendors,
  options: { readonly pool: Pool; readonly now: number; readonly signal: AbortSignal },
): Promise<MacroFetched> {
  const { pool, now, signal } = options;
  const { series, id, feed } = source;
  const column = MACRO_COLUMNS.find(({ name }) => name === series);
  if (!column || id === null || (feed !== 'fred' && feed !== 'twelvedata'))
    throw new RangeError(`no vendor for ${series}`);
  const { rows } = await pool.query<{ date: string; value: number }>(
    // only stored names reach SQL: `series` is one of MACRO_COLUMNS
    `SELECT date, ${column.name} AS value FROM macro_indicators_daily WHERE ${column.name} IS NOT NULL ORDER BY date DESC LIMIT 1000`,
  );
  const stored = rows.reverse();
  const newest = stored.at(-1);
  const from = dateOf(newest ? Date.parse(newest.date) - AGAIN[column.frequency] * DAY : now - FIRST * DAY);

  let values: readonly Observation[];
  let meta: { symbol: string; type: string; currency: string | undefined } | undefined;
  if (feed === 'fred') values = await vendors.fred!.observations(id, from, signal);
  else {
    const answer = await vendors.twelvedata!.series(id, '1day', Date.parse(from), now, signal);
    meta = answer.meta;
    // the day that goes on has no close yet
    values = answer.bars
      .map(({ time, close }) => ({ date: dateOf(time), value: close }))
      .filter(({ date }) => date < dateOf(now));
  }
  checkIdentity(
    {
      series,
      id,
      meta,
      ...(source.currency === undefined ? {} : { currency: source.currency }),
      values: values.map(({ date, value }) => ({ at: Date.parse(date), value })),
      stored: stored.map(({ date, value }) => ({ at: Date.parse(date), value })),
    },
    source.identity,
  );
  const good = values.filter(({ date, value }) => inRange(value, source.identity) && Date.parse(date) <= now);
  const counts = await storeMacro(
    pool,
    [series],
    good.map(({ date, value }) => ({ date, values: [round(value, 4)] })),
    feed,
    { marketTime: now },
  );
  const { inserted, revised } = counts;
  return { series, feed, received: values.length, inserted, revised, rejected: values.length - good.length };
}

/** Asks for each series in turn, at once and then every hour, until `ended`. One that fails holds back no other. */
export async function runMacroFeeds(options: {
  readonly pool: Pool;
  readonly sources: readonly Source[];
  readonly vendors: Vendors;
  readonly now: () => number;
  readonly ended: AbortSignal;
  readonly onError: (error: unknown) => void;
  readonly everyMs?: number;
}): Promise<void> {
  const { pool, vendors, now, ended, onError, everyMs = 3_600_000 } = options;
  const sources = options.sources.filter(({ id, problem }) => id !== null && problem === null);
  if (sources.length === 0) return;
  while (!ended.aborted) {
    for (const source of sources) {
      if (ended.aborted) return;
      const at = now();
      let error: { code: string; message: string } | null = null;
      try {
        await fetchMacro(source, vendors, { pool, now: at, signal: ended });
      } catch (failure) {
        if (ended.aborted) return;
        onError(failure);
        const { message } = failure as Error;
        error = isSignalboxError(failure)
          ? { code: failure.code, message }
          : { code: 'INTERNAL', message: 'an error inside the host; its log has it' };
      }
      await storeFeedState(pool, { series: source.series, feed: source.feed!, at, error }).catch(onError);
    }
    await sleep(everyMs, undefined, { signal: ended }).catch(() => {});
  }
}

const dateOf = (time: number): string => new Date(time).toISOString().slice(0, 10);
