import { ask, said, type AskOptions, type VendorAnswer } from './ask.js';
import { createCredits } from './credits.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { VendorError } from './vendor-error.js';

/** One value of a series. */
export interface Observation {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly value: number;
}

export interface Fred {
  readonly name: 'fred';
  /** The values of `from` (`YYYY-MM-DD`) and later as they are published today, in order of date. @throws VendorError */
  observations(id: string, from: string, signal?: AbortSignal): Promise<readonly Observation[]>;
}

export interface FredOptions extends AskOptions {
  readonly key: string;
  /** `https://api.stlouisfed.org` by default. */
  readonly url?: string;
  /** 120, FRED's own limit; we stay below it. */
  readonly requestsPerMinute?: number;
}

const PAGE = 100_000;
const PAGES = 10;
const DATE = /^\d{4}-\d\d-\d\d$/;

/** The `series/observations` endpoint. FRED takes its key in the address only: no address of it is ever shown. */
export function createFred(options: FredOptions): Fred {
  const { key, url = 'https://api.stlouisfed.org', requestsPerMinute = 100 } = options;
  const credits = createCredits(requestsPerMinute);
  return {
    name: 'fred',
    async observations(id, from, signal) {
      // of two vintages of a date the one that came later counts
      const found = new Map<string, { value: number | undefined; since: string }>();
      for (let offset = 0, page = 0; page < PAGES; page++) {
        for (let wait = credits.take(); wait > 0; wait = credits.take())
          await sleep(wait, undefined, signal ? { signal } : {});
        const address = new URL('/fred/series/observations', url);
        address.search = new URLSearchParams({
          series_id: id,
          api_key: key,
          file_type: 'json',
          observation_start: from,
          sort_order: 'asc',
          limit: String(PAGE),
          offset: String(offset),
        }).toString();
        const answer = await ask(
          { vendor: 'FRED', url: address, secret: key, signal },
          (given) => observationsOf(given, id),
          options,
        );
        for (const { date, value, since } of answer.rows)
          if (date >= from && since >= (found.get(date)?.since ?? '')) found.set(date, { value, since });
        offset += answer.rows.length;
        if (answer.rows.length === 0 || offset >= answer.count) break;
      }
      return [...found]
        .flatMap(([date, { value }]) => (value === undefined ? [] : [{ date, value }]))
        .sort((a, b) => (a.date < b.date ? -1 : 1));
    },
  };
}

interface Row {
  readonly date: string;
  /** Undefined where FRED has none on that date: a `.`. */
  readonly value: number | undefined;
  readonly since: string;
}

function observationsOf({ status, body, retryAfterMs }: VendorAnswer, id: string): { rows: Row[]; count: number } {
  const answer = (body ?? {}) as { error_message?: unknown; observations?: unknown; count?: unknown };
  if (status === 429)
    throw new VendorError(
      'FEED_LIMIT',
      `FRED allows no more requests now: ${said(answer.error_message)}`,
      retryAfterMs ?? 60_000,
    );
  if (status >= 400)
    throw new VendorError('FEED_REFUSED', `FRED refuses ${id} (${status}): ${said(answer.error_message)}`);
  if (!Array.isArray(answer.observations) || typeof answer.count !== 'number')
    throw new VendorError('FEED_MALFORMED', `FRED's answer for ${id} has no observations`);
  const rows = (answer.observations as Record<string, unknown>[]).map((row): Row => {
    const { date, value, realtime_start: since } = row ?? {};
    const number = value === '.' ? undefined : typeof value === 'string' && value !== '' ? Number(value) : Number.NaN;
    if (typeof date !== 'string' || !DATE.test(date) || (number !== undefined && !Number.isFinite(number)))
      throw new VendorError(
        'FEED_MALFORMED',
        `FRED's answer for ${id}: "${said(date)}" with "${said(value)}" is no observation`,
      );
    return { date, value: number, since: typeof since === 'string' ? since : '' };
  });
  return { rows, count: answer.count };
}
