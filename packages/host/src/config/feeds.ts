import { isAbsolute, resolve } from 'node:path';
import { SignalboxError } from '@signalbox/core';
import type { ConfigFile, FeedName } from './schema.js';

export type { FeedName };

/** Where one series comes from. */
export interface FeedChoice {
  readonly feed: FeedName;
  /** The vendor's name of the series; its usual one when absent. */
  readonly id?: string;
  /** What its values lie between; replaces the built-in range. */
  readonly range?: readonly [number, number];
}

export interface VendorAccess {
  /** Never print it. */
  readonly key: string;
  readonly url?: string;
  readonly perMinute?: number;
}

export interface FeedsConfig {
  /** By symbol or name of a macro series. */
  readonly series: Readonly<Record<string, FeedChoice>>;
  /** Null without a key. */
  readonly twelvedata: VendorAccess | null;
  readonly fred: VendorAccess | null;
  /** Absolute path of the folder that CSV files are dropped into; null without one. */
  readonly dropFolder: string | null;
}

/** The map of the file, and the vendors' keys of the environment. @throws CONFIG_INVALID */
export function feedsConfig(
  projectDir: string,
  file: Pick<ConfigFile, 'feeds' | 'dropFolder'>,
  set: (name: string) => string | undefined,
): FeedsConfig {
  const vendor = (name: string, limit: string): VendorAccess | null => {
    const key = set(`${name}_API_KEY`)?.trim();
    if (key === undefined || key === '') return null;
    const url = set(`${name}_URL`);
    if (url !== undefined) checkUrl(`${name}_URL`, url);
    const perMinute = set(limit);
    if (perMinute !== undefined && !/^[1-9]\d{0,4}$/.test(perMinute))
      throw new SignalboxError('CONFIG_INVALID', `${limit} is "${perMinute}"`, 'Set it to a whole number from 1 on.');
    return {
      key,
      ...(url === undefined ? {} : { url }),
      ...(perMinute === undefined ? {} : { perMinute: Number(perMinute) }),
    };
  };
  const series: Record<string, FeedChoice> = {};
  for (const [name, choice] of Object.entries(file.feeds ?? {})) {
    if (typeof choice === 'string') series[name] = { feed: choice };
    else {
      const { feed, id, range } = choice;
      if (range && range[0]! >= range[1]!)
        throw new SignalboxError(
          'CONFIG_INVALID',
          `feeds.${name}.range ends before it begins`,
          'Write it as [low, high].',
        );
      series[name] = { feed, ...(id === undefined ? {} : { id }), ...(range ? { range: [range[0]!, range[1]!] } : {}) };
    }
  }
  const folder = set('SIGNALBOX_DROP_FOLDER') ?? file.dropFolder;
  return {
    series,
    twelvedata: vendor('TWELVEDATA', 'TWELVEDATA_CREDITS_PER_MINUTE'),
    fred: vendor('FRED', 'FRED_REQUESTS_PER_MINUTE'),
    dropFolder: folder === undefined ? null : isAbsolute(folder) ? folder : resolve(projectDir, folder),
  };
}

/** A key goes nowhere in the clear but to this machine. */
function checkUrl(name: string, text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:') return;
  if (url?.protocol === 'http:' && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname)) return;
  throw new SignalboxError(
    'CONFIG_INVALID',
    `${name} is no https address`,
    'Write it as https://host; http is for this machine only.',
  );
}

/** For people and logs. */
export function printableFeeds(feeds: FeedsConfig): FeedsConfig {
  const masked = (access: VendorAccess | null): VendorAccess | null => access && { ...access, key: '***' };
  return { ...feeds, twelvedata: masked(feeds.twelvedata), fred: masked(feeds.fred) };
}
