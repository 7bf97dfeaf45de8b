import type { NoOpinionCode } from '../strategies/opinion.js';

/** Why an entry is not taken. In this order, the first that holds is the one recorded. */
export const NOT_TRADED_REASONS = [
  'last_bar',
  'next_session',
  'beyond_stop',
  'beyond_target',
  'cost_exceeds_target',
  'no_size',
  'drawdown',
  'session_loss',
  'max_trades',
  'pause',
  'suspect_price',
  'too_old',
  'wrong_side',
  'stop_wrong_side',
  'target_wrong_side',
] as const;
export type NotTraded = (typeof NOT_TRADED_REASONS)[number];

/** What an external signal fixes contradicts its direction: there is no entry to order. */
export const CONTRADICTIONS: ReadonlySet<NotTraded | null> = /* @__PURE__ */ new Set<NotTraded>([
  'wrong_side',
  'stop_wrong_side',
  'target_wrong_side',
]);

/**
 * The stored, sized, priced opinion of one strategy on one bar. Prices have 6 decimals, size and confidence 4, money 2.
 * Size, prices, costs and risk are null for `flat` and `close`; `entryPrice` is then the bar's close all the same.
 */
export interface Signal {
  readonly kind: 'signal';
  readonly strategy: string;
  readonly barTime: number;
  /** Completion of the bar. */
  readonly timestamp: number;
  readonly signal: 'long' | 'short' | 'flat' | 'close';
  readonly side: 'buy' | 'sell' | 'hold';
  readonly confidence: number | null;
  /** −1 … 1, 4 decimals: the strategy's own, else ±confidence; null for `flat` and `close`. */
  readonly score: number | null;
  readonly size: number | null;
  /** Base units that the size buys at the bar's close with the equity of that bar, 6 decimals. */
  readonly quantity: number | null;
  readonly entryPrice: number;
  readonly stopLoss: number | null;
  readonly takeProfit: number | null;
  readonly riskUsd: number | null;
  readonly roundTripCostBps: number | null;
  readonly breakevenHitRate: number | null;
  readonly reasoning: string;
  /**
   * Why an entry on this signal is refused, as far as the signal's bar knows: `last_bar`, `cost_exceeds_target`, `no_size`,
   * `suspect_price`, whatever the position. The next bar's open may refuse for more, and then names the first reason.
   */
  readonly notTraded: NotTraded | null;
}

/** A bar on which the strategy gave no opinion, and why. */
export interface NoSignal {
  readonly kind: 'none';
  readonly strategy: string;
  readonly barTime: number;
  readonly timestamp: number;
  readonly code: NoOpinionCode;
  readonly detail: string;
}
