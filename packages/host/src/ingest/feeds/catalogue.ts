import type { Identity } from './identity.js';

/** By whom a series may be asked for without configuration, and how it looks. */
export interface SeriesFeed {
  /** FRED's id, where FRED has this very series. */
  readonly fred?: string;
  /** TwelveData's symbol; the ticker alone may be a company's (WTI is one). */
  readonly twelvedata?: string;
  /** The currency of a price. */
  readonly currency?: string;
  readonly identity: Identity;
}

const of = (low: number, high: number, maxMove: number, ids: Omit<SeriesFeed, 'identity'> = {}): SeriesFeed =>
  Object.freeze({ ...ids, identity: Object.freeze({ range: [low, high] as const, maxMove }) });

/**
 * The macro series: plausible ranges, wide enough for a crisis, and ids of vendors that have the same series. What a vendor
 * has only in another make (FRED: spot oil for futures, a broad dollar index for DXY, monthly yields for daily ones) has no
 * id here; the configuration may name one.
 */
// prettier-ignore
export const SERIES_FEEDS: Readonly<Record<string, SeriesFeed>> = Object.freeze({
  dxy: of(50, 200, 0.08),
  vix: of(4, 150, 1.5, { fred: 'VIXCLS' }),
  embi: of(20, 3_000, 0.5),
  brent: of(5, 300, 0.35, { twelvedata: 'XBR/USD', currency: 'USD' }),
  wti: of(-60, 300, 0.5, { twelvedata: 'WTI/USD', currency: 'USD' }),
  gold: of(300, 20_000, 0.15, { twelvedata: 'XAU/USD', currency: 'USD' }),
  coffee: of(30, 1_500, 0.25),
  colcap: of(300, 10_000, 0.25),
  col10y: of(1, 30, 0.3),
  col5y: of(1, 30, 0.3),
  ust10y: of(-1, 20, 0.5, { fred: 'DGS10' }),
  ust2y: of(-1, 20, 0.8, { fred: 'DGS2' }),
  ibr: of(0, 40, 0.5),
  tpm: of(0, 40, 0.5),
  prime: of(0, 30, 0.5, { fred: 'DPRIME' }),
  fedfunds: of(-1, 25, 3, { fred: 'FEDFUNDS' }),
  usdmxn: of(5, 60, 0.15, { twelvedata: 'USD/MXN', currency: 'MXN' }),
  usdclp: of(200, 3_000, 0.15, { twelvedata: 'USD/CLP', currency: 'CLP' }),
  itcr: of(30, 400, 0.3),
  tot: of(30, 600, 0.4),
  cci: of(-100, 100, 3),
  ici: of(-100, 100, 3),
  exports: of(300, 50_000, 1),
  imports: of(300, 50_000, 1),
  cpi_col: of(20, 1_000, 0.1),
  reserves: of(5_000, 500_000, 0.3),
  cacct: of(-50_000, 50_000, 5),
  fdi_in: of(-20_000, 50_000, 5),
  fdi_out: of(-20_000, 50_000, 5),
  gdp_us: of(5_000, 100_000, 0.2, { fred: 'GDP' }),
  cpi_us: of(100, 1_000, 0.05, { fred: 'CPIAUCSL' }),
  core_cpi_us: of(100, 1_000, 0.05, { fred: 'CPILFESL' }),
  pce: of(50, 500, 0.05, { fred: 'PCEPI' }),
  unrate: of(0.5, 40, 4, { fred: 'UNRATE' }),
  m2: of(3_000, 100_000, 0.15, { fred: 'M2SL' }),
  indpro: of(30, 300, 0.25, { fred: 'INDPRO' }),
  umcsent: of(10, 150, 0.5, { fred: 'UMCSENT' }),
});

/** Ranges of prices, by symbol; of another instrument the configuration names one, or its history vouches for it. */
const PRICE_RANGES: Readonly<Record<string, readonly [number, number]>> = Object.freeze({
  'USD/COP': [1_000, 20_000],
  'USD/MXN': [5, 60],
  'USD/BRL': [1, 20],
  'USD/CLP': [200, 3_000],
  'EUR/USD': [0.5, 2],
});

/** How the bars of a symbol look. A session may open a tenth away from the last close. */
export function priceIdentity(symbol: string, range = PRICE_RANGES[symbol]): Identity {
  return { range: range ?? [1e-6, 1e6], maxMove: 0.1 };
}
