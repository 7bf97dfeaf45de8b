import type { Bar, Calendar } from '@signalbox/core';

export interface SpreadEstimate {
  /** Completion of the second bar. */
  readonly timestamp: number;
  /** Basis points of the price; 0 where the estimate is negative. */
  readonly bps: number;
}

export interface SpreadEstimates {
  readonly estimates: readonly SpreadEstimate[];
  /** Negative ones, which count as 0. */
  readonly negative: number;
  /** Bars whose high is their low: they say nothing of a spread, and no pair with one is taken. */
  readonly closeOnly: number;
}

const ROOTS = 3 - 2 * Math.SQRT2;

/**
 * Spreads from highs and lows of each two consecutive bars of one session (Corwin and Schultz, "A Simple Way to Estimate
 * Bid-Ask Spreads from Daily High and Low Prices", Journal of Finance, 2012, eq. 14 and 18), without their correction for
 * nights, as no pair spans one.
 */
export function corwinSchultz(bars: readonly Bar[], calendar: Calendar): SpreadEstimates {
  const estimates: SpreadEstimate[] = [];
  let negative = 0;
  let closeOnly = 0;
  for (const [i, second] of bars.entries()) {
    if (second.high === second.low) closeOnly++;
    const first = bars[i - 1];
    if (!first || first.high === first.low || second.high === second.low) continue;
    const slot = calendar.slot(second.time);
    const before = calendar.slot(first.time);
    if (!slot || !before || slot.session !== before.session || slot.index !== before.index + 1) continue;
    const beta = Math.log(first.high / first.low) ** 2 + Math.log(second.high / second.low) ** 2;
    const gamma = Math.log(Math.max(first.high, second.high) / Math.min(first.low, second.low)) ** 2;
    const alpha = (Math.sqrt(2 * beta) - Math.sqrt(beta)) / ROOTS - Math.sqrt(gamma / ROOTS);
    const spread = (2 * (Math.exp(alpha) - 1)) / (1 + Math.exp(alpha));
    if (spread < 0) negative++;
    estimates.push({ timestamp: second.time + calendar.slotMs, bps: Math.max(0, spread) * 10_000 });
  }
  return { estimates, negative, closeOnly };
}
