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
] as const;
export type NotTraded = (typeof NOT_TRADED_REASONS)[number];

/**
 * The stored, sized, priced opinion of one strategy on one bar. Prices have 6 decimals, size and confidence 4, money 2.
 * Size, prices and risk are null for `flat` and `close`; `entryPrice` is then the bar's close all the same.
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
  readonly score: number | null;
  readonly size: number | null;
  readonly entryPrice: number;
  readonly stopLoss: number | null;
  readonly takeProfit: number | null;
  readonly riskUsd: number | null;
  readonly roundTripCostBps: number | null;
  readonly breakevenHitRate: number | null;
  readonly reasoning: string;
  /** Known at the signal: `cost_exceeds_target`, `no_size`, `suspect_price`. What the fill refuses comes with the next bar. */
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
