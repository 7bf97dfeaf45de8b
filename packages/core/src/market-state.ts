import type { FeaturePlan, FeatureRow, FeatureStream } from './features/engine.js';
import type { SeriesTable } from './features/series.js';
import type { SymbolBars } from './features/symbol-bars.js';
import type { Bar } from './market/bar.js';
import type { Calendar } from './market/calendar.js';
import { PriceQuality, type BadTick } from './market/quality.js';
import type { Slot } from './market/slot.js';
import { DEAREST_COST_BPS } from './signals/costs.js';
import { Volatility } from './signals/volatility.js';

/** The market's part of the state: fed with every accepted bar once, whoever trades on it. */
export interface MarketState {
  readonly features: FeatureStream;
  readonly volatility: Volatility;
  readonly quality: PriceQuality;
  /** Round-trip cost in basis points that a fill pays for until the next bar completes. */
  costBps: number;
}

/** What is known of the market at a bar's completion, beside the features. */
export interface Observation {
  readonly slot: Slot;
  readonly features: FeatureRow;
  /** 14-bar Wilder ATR in price units; NaN until stable or after a gap. */
  readonly atr14: number;
  /** Share of the previous 1,200 bars that were calmer; NaN when unknown. */
  readonly volatilityRank: number;
  readonly costBps: number;
  /** Twelve equal closes in a row. */
  readonly stale: boolean;
  /** This bar or one of the two before it is suspect: its entries are refused. */
  readonly suspect: boolean;
  /** Earlier bars that this one shows to have been bad ticks: for reports, never for decisions. */
  readonly badTicks: readonly BadTick[];
}

/** The state before the symbol's first bar. */
export function openMarket(
  plan: FeaturePlan,
  series: SeriesTable,
  calendar: Calendar,
  others?: SymbolBars,
): MarketState {
  return {
    features: plan.stream(series, others),
    volatility: new Volatility(calendar.slotsPerSession),
    quality: new PriceQuality(),
    costBps: DEAREST_COST_BPS,
  };
}

/** Takes the next accepted bar. What it returns shares its arrays with the next bar's. */
export function observe(state: MarketState, bar: Bar, slot: Slot): Observation {
  const features = state.features.push(bar, slot);
  const { atr14, rank, costBps } = state.volatility.push(bar, slot);
  const { stale, suspect, badTicks } = state.quality.push(bar);
  state.costBps = costBps;
  return { slot, features, atr14, volatilityRank: rank, costBps, stale, suspect, badTicks };
}
