import { VendorError } from '../vendors/vendor-error.js';

/** What a series must look like to be itself. */
export interface Identity {
  /** Both inclusive. */
  readonly range: readonly [number, number];
  /** Largest credible move from one value to the next, as a share of the value. */
  readonly maxMove: number;
}

export interface Delivered {
  /** For people: the series and the id it was asked by. */
  readonly series: string;
  readonly id: string;
  /** What the vendor says that it is. */
  readonly meta?: { readonly symbol: string; readonly type: string; readonly currency: string | undefined } | undefined;
  /** The currency that a price must be in. */
  readonly currency?: string;
  /** In order. `at` is whatever the stored values are keyed by. */
  readonly values: readonly { readonly at: number; readonly value: number }[];
  /** What is stored already, in order: values of the same times, or of before. */
  readonly stored: readonly { readonly at: number; readonly value: number }[];
}

/** Where values of both stand at the same times, they may differ by this share in the median. */
const AGREEMENT = 0.02;
/** Differences of what is near zero are measured by this share of the range. */
const FLOOR = 0.02;

/**
 * Holds what a vendor delivered against what the series is: its name, kind and currency, its range, and what is stored. A
 * ticker that means something else elsewhere gives itself away in one of them.
 * @throws VendorError FEED_WRONG_INSTRUMENT
 */
export function checkIdentity(delivered: Delivered, { range, maxMove }: Identity): void {
  const { series, id, meta, currency, values, stored } = delivered;
  const wrong = (what: string): VendorError =>
    new VendorError('FEED_WRONG_INSTRUMENT', `${series}: what came for ${id} is not this series: ${what}`);
  if (meta) {
    if (meta.symbol.toUpperCase() !== id.toUpperCase()) throw wrong(`it is labelled ${meta.symbol}`);
    if (/stock|share|etf|fund|reit|depositary|trust|warrant/i.test(meta.type)) throw wrong(`it is a ${meta.type}`);
    if (currency !== undefined && meta.currency !== undefined && !sameCurrency(meta.currency, currency))
      throw wrong(`it is quoted in ${meta.currency}`);
  }
  if (values.length === 0) return;
  const middle = median(values.map(({ value }) => value));
  if (middle < range[0] || middle > range[1])
    throw wrong(
      `its values are about ${short(middle)}, and those of ${series} lie between ${range[0]} and ${range[1]}`,
    );

  const floor = (range[1] - range[0]) * FLOOR;
  const apart = (a: number, b: number): number => Math.abs(a - b) / Math.max(Math.abs(b), floor);
  const known = new Map(stored.map(({ at, value }) => [at, value]));
  const both = values.filter(({ at }) => known.has(at));
  if (both.length >= 3) {
    const difference = median(both.map(({ at, value }) => apart(value, known.get(at)!)));
    if (difference > AGREEMENT)
      throw wrong(
        `it differs from the ${both.length} stored values of the same times by ${(difference * 100).toFixed(1)} % in the median`,
      );
    return;
  }
  const first = values[0]!;
  const before = stored.findLast(({ at }) => at <= first.at);
  if (before && apart(first.value, before.value) > maxMove)
    throw wrong(`it begins at ${short(first.value)}, and the last stored value before it is ${short(before.value)}`);
}

/** Values that lie outside the range, one by one: a misprint among good ones. */
export function inRange(value: number, { range }: Identity): boolean {
  return value >= range[0] && value <= range[1];
}

const NAMES: Readonly<Record<string, string>> = {
  USD: 'us dollar',
  COP: 'colombian peso',
  MXN: 'mexican peso',
  CLP: 'chilean peso',
  BRL: 'brazil real',
  EUR: 'euro',
};

/** Vendors name a currency by its code, or by its name where nothing can be confused. */
function sameCurrency(said: string, code: string): boolean {
  const name = NAMES[code];
  return said.toUpperCase() === code || (name === undefined ? !/^[A-Z]{3}$/.test(said) : said.toLowerCase() === name);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

const short = (value: number): string => String(Number(value.toPrecision(6)));
