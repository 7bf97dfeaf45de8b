import type { FeedChoice, FeedsConfig } from '../../config/feeds.js';
import { createFred, type Fred } from '../vendors/fred.js';
import { createTwelveData, type TwelveData } from '../vendors/twelvedata.js';
import { priceIdentity, SERIES_FEEDS } from './catalogue.js';
import type { Identity } from './identity.js';

/** Where one series comes from, resolved. */
export interface Source {
  readonly series: string;
  /** Null: nobody delivers it. */
  readonly feed: FeedChoice['feed'] | null;
  /** What the vendor calls it; null where no vendor is asked. */
  readonly id: string | null;
  readonly currency: string | undefined;
  readonly identity: Identity;
  /** Why there is no feed, or why it cannot be asked, for a person; null otherwise. */
  readonly problem: string | null;
  readonly remedy: string | null;
}

export interface Vendors {
  readonly twelvedata: TwelveData | null;
  readonly fred: Fred | null;
}

export function openVendors(feeds: FeedsConfig): Vendors {
  const { twelvedata, fred } = feeds;
  return {
    twelvedata:
      twelvedata &&
      createTwelveData({
        key: twelvedata.key,
        ...(twelvedata.url === undefined ? {} : { url: twelvedata.url }),
        ...(twelvedata.perMinute === undefined ? {} : { creditsPerMinute: twelvedata.perMinute }),
      }),
    fred:
      fred &&
      createFred({
        key: fred.key,
        ...(fred.url === undefined ? {} : { url: fred.url }),
        ...(fred.perMinute === undefined ? {} : { requestsPerMinute: fred.perMinute }),
      }),
  };
}

/** The feed of a symbol's bars: what the configuration says, else TwelveData when there is a key. */
export function barSource(symbol: string, quote: string, feeds: FeedsConfig): Source {
  const known = { twelvedata: symbol, currency: quote, identity: priceIdentity(symbol) };
  return resolve(symbol, known, feeds, 'its bars');
}

/** The feed of a macro series: what the configuration says, else FRED or TwelveData where they have it and there is a key. */
export function macroSource(series: string, feeds: FeedsConfig): Source {
  const known = SERIES_FEEDS[series] ?? { identity: { range: [-1e9, 1e9] as const, maxMove: 10 } };
  return resolve(series, known, feeds, 'it');
}

const KEYS = { twelvedata: 'TWELVEDATA_API_KEY', fred: 'FRED_API_KEY' } as const;

function resolve(
  series: string,
  known: { fred?: string; twelvedata?: string; currency?: string; identity: Identity },
  feeds: FeedsConfig,
  what: string,
): Source {
  const choice = feeds.series[series];
  const range = choice?.range;
  const found = (feed: Source['feed'], id: string | null, problem: string | null, remedy: string | null): Source => ({
    series,
    feed,
    id,
    // what another id is quoted in only the configuration's author knows
    currency: choice?.id === undefined ? known.currency : undefined,
    identity: range ? { ...known.identity, range } : known.identity,
    problem,
    remedy,
  });
  if (choice) {
    if (choice.feed === 'files' || choice.feed === 'api') return found(choice.feed, null, null, null);
    const id = choice.id ?? known[choice.feed];
    if (id === undefined)
      return found(
        choice.feed,
        null,
        `${choice.feed} has no id for it`,
        `Name one: "feeds": {"${series}": {"feed": "${choice.feed}", "id": …}}.`,
      );
    if (!feeds[choice.feed])
      return found(choice.feed, id, `${KEYS[choice.feed]} is not set`, `Set ${KEYS[choice.feed]} in the environment.`);
    return found(choice.feed, id, null, null);
  }
  for (const feed of ['fred', 'twelvedata'] as const)
    if (known[feed] !== undefined && feeds[feed]) return found(feed, known[feed]!, null, null);
  const key = known.fred ? KEYS.fred : known.twelvedata ? KEYS.twelvedata : undefined;
  return found(
    null,
    null,
    'it has no feed',
    key
      ? `Set ${key} in the environment, or say who delivers ${what}: "feeds": {"${series}": "files"} in signalbox.config.json.`
      : `Say who delivers ${what}: "feeds": {"${series}": "files"} (or "api", or a vendor with its id) in signalbox.config.json.`,
  );
}
