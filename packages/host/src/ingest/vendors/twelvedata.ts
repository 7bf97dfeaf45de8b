import { setTimeout as sleep } from 'node:timers/promises';
import { ask, said, type AskOptions, type VendorAnswer } from './ask.js';
import { createCredits } from './credits.js';
import { VendorError } from './vendor-error.js';

/** A bar as TwelveData has it, not yet checked. */
export interface VendorBar {
  /** Open time, epoch milliseconds UTC; of a daily bar the midnight of its date. */
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** What TwelveData says that it sent. */
export interface VendorMeta {
  readonly symbol: string;
  readonly type: string;
  readonly currency: string | undefined;
}

export interface VendorSeries {
  /** Undefined when there is nothing in the window. */
  readonly meta: VendorMeta | undefined;
  /** In order of time. */
  readonly bars: readonly VendorBar[];
  /** Rows without a price in one of their fields. */
  readonly gaps: number;
}

export interface TwelveData {
  /**
   * The bars that opened from `from` to `to`, both inclusive, epoch milliseconds; the one that is being built is among them.
   * Waits for a free credit. @throws VendorError
   */
  series(id: string, interval: '5min' | '1day', from: number, to: number, signal?: AbortSignal): Promise<VendorSeries>;
  readonly name: 'twelvedata';
}

export interface TwelveDataOptions extends AskOptions {
  readonly key: string;
  /** `https://api.twelvedata.com` by default. */
  readonly url?: string;
  /** 8, that of the free plan. */
  readonly creditsPerMinute?: number;
}

/** Rows of one answer. */
const PAGE = 5_000;
const STEP = { '5min': 300_000, '1day': 86_400_000 } as const;
const DATETIME = /^(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d:\d\d))?$/;

/** The `time_series` endpoint. The key goes in a header: addresses are logged on their way. */
export function createTwelveData(options: TwelveDataOptions): TwelveData {
  const { key, url = 'https://api.twelvedata.com', creditsPerMinute = 8 } = options;
  const credits = createCredits(creditsPerMinute);

  const page = async (id: string, interval: '5min' | '1day', from: number, to: number, signal?: AbortSignal) => {
    for (let wait = credits.take(); wait > 0; wait = credits.take())
      await sleep(wait, undefined, signal ? { signal } : {});
    const address = new URL('/time_series', url);
    const text = (time: number): string => new Date(time).toISOString().slice(0, 19).replace('T', ' ');
    address.search = new URLSearchParams({
      symbol: id,
      interval,
      start_date: text(from),
      end_date: text(to),
      timezone: 'UTC',
      order: 'asc',
      outputsize: String(PAGE),
      format: 'JSON',
    }).toString();
    const request = {
      vendor: 'TwelveData',
      url: address,
      headers: { authorization: `apikey ${key}` },
      secret: key,
      signal,
    };
    return ask(
      request,
      (answer) => {
        // the vendor counts other users of the key too
        if (answer.headers.get('api-credits-left') === '0') credits.exhausted(60_000 - (Date.now() % 60_000));
        const limit = limitOf(answer);
        if (limit) credits.exhausted(limit.retryAfterMs!);
        if (limit) throw limit;
        return seriesOf(answer, id, interval);
      },
      options,
    );
  };

  return {
    name: 'twelvedata',
    async series(id, interval, from, to, signal) {
      const step = STEP[interval];
      const bars: VendorBar[] = [];
      let meta: VendorMeta | undefined;
      let gaps = 0;
      // windows that cannot hold more than a page: which end a longer answer is cut at is not documented
      for (let start = from; start <= to; start += PAGE * step) {
        const part = await page(id, interval, start, Math.min(to, start + (PAGE - 1) * step), signal);
        meta ??= part.meta;
        gaps += part.gaps;
        for (const bar of part.bars) if (bar.time >= from && bar.time <= to) bars.push(bar);
      }
      return { meta, bars: bars.sort((a, b) => a.time - b.time), gaps };
    },
  };
}

/** 429 of the minute and of the day; the minute's ends with the clock's. */
function limitOf({ status, body, retryAfterMs }: VendorAnswer): VendorError | undefined {
  const { code, message } = (body ?? {}) as { code?: unknown; message?: unknown };
  if (status !== 429 && code !== 429) return undefined;
  const wait = retryAfterMs ?? (/\bday\b/i.test(said(message)) ? 3_600_000 : 60_000 - (Date.now() % 60_000));
  return new VendorError('FEED_LIMIT', `TwelveData allows no more requests now: ${said(message)}`, wait);
}

function seriesOf({ status, body }: VendorAnswer, id: string, interval: keyof typeof STEP): VendorSeries {
  const answer = (body ?? {}) as {
    status?: unknown;
    code?: unknown;
    message?: unknown;
    meta?: unknown;
    values?: unknown;
  };
  const code = typeof answer.code === 'number' ? answer.code : status;
  if (answer.status === 'error' || status >= 400) {
    const message = said(answer.message);
    if (code === 400 && /no data is available/i.test(message)) return { meta: undefined, bars: [], gaps: 0 };
    if (code >= 500) throw new VendorError('FEED_DOWN', `TwelveData answers with code ${code}: ${message}`);
    throw new VendorError('FEED_REFUSED', `TwelveData refuses ${id} (${code}): ${message}`);
  }
  const meta = answer.meta as Record<string, unknown> | undefined;
  if (!Array.isArray(answer.values) || typeof meta?.['symbol'] !== 'string' || meta['interval'] !== interval)
    throw new VendorError(
      'FEED_MALFORMED',
      `TwelveData's answer for ${id} has no values of ${interval} with their symbol`,
    );
  const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
  const bars: VendorBar[] = [];
  let gaps = 0;
  for (const row of answer.values as Record<string, unknown>[]) {
    const found = DATETIME.exec(String(row?.['datetime']));
    const time = found ? Date.parse(`${found[1]}T${found[2] ?? '00:00:00'}Z`) : Number.NaN;
    if (Number.isNaN(time))
      throw new VendorError('FEED_MALFORMED', `TwelveData's answer for ${id}: "${said(row?.['datetime'])}" is no time`);
    const prices = ['open', 'high', 'low', 'close'].map((name) => numberOf(row[name], id));
    if (prices.some((price) => price === undefined)) gaps++;
    else {
      const [open, high, low, close] = prices as [number, number, number, number];
      bars.push({ time, open, high, low, close, volume: numberOf(row['volume'], id) ?? 0 });
    }
  }
  return {
    meta: {
      symbol: meta['symbol'],
      type: text(meta['type']) ?? 'unknown',
      currency: text(meta['currency_quote']) ?? text(meta['currency']),
    },
    bars,
    gaps,
  };
}

/** Numbers come as text; an absent one is a gap. */
function numberOf(value: unknown, id: string): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const number = typeof value === 'number' ? value : typeof value === 'string' ? Number(value) : Number.NaN;
  if (Number.isFinite(number)) return number;
  throw new VendorError('FEED_MALFORMED', `TwelveData's answer for ${id}: "${said(value)}" is no number`);
}
