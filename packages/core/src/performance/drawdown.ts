import { changePct, FRACTION_DECIMALS } from '../market/decimal.js';

/** How far `equity` lies below `peak`, as a positive percent with 4 decimals; 0 at or above it. `peak` must be above 0. */
export function drawdownPct(peak: number, equity: number): number {
  return equity >= peak ? 0 : -changePct(equity, peak, FRACTION_DECIMALS);
}

/**
 * The deepest fall from a running peak, as a positive percent with 4 decimals. The peak starts at `base`, the equity
 * before the first value, so that a loss from the first bar on counts.
 */
export function maxDrawdownPct(base: number, equities: Iterable<number>): number {
  let peak = base;
  let deepest = 0;
  for (const equity of equities) {
    if (equity > peak) peak = equity;
    else deepest = Math.max(deepest, drawdownPct(peak, equity));
  }
  return deepest;
}
