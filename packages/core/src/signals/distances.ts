import {
  FRACTION_DECIMALS,
  PRICE_DECIMALS,
  round,
  roundFormula,
  roundProduct,
  wholeQuotient,
} from '../market/decimal.js';
import { Rational } from '../market/rational.js';

/** Bars that a position is meant to be held: one hour. ATR is scaled to it by its square root. */
export const HORIZON_BARS = 12;
const SQRT_HORIZON = /* @__PURE__ */ Math.sqrt(HORIZON_BARS);

/** Distances from the entry price, in price units with 6 decimals. */
export interface Distances {
  readonly stop: number;
  readonly target: number;
}

/**
 * Stop S = max(2·A, 2·C·close) and target T = max(3·A, 1.5·S), with A = ATR14·√12 and C the round-trip cost as a
 * fraction. S is rounded before T sees it. An opinion's own distances replace them without these floors.
 */
export function distances(
  atr14: number,
  close: number,
  costBps: number,
  own: { readonly stopDistance?: number; readonly targetDistance?: number },
): Distances {
  const hour = atr14 * SQRT_HORIZON;
  const stop =
    own.stopDistance === undefined
      ? Math.max(round(2 * hour, PRICE_DECIMALS), costFloor(close, costBps))
      : round(own.stopDistance, PRICE_DECIMALS);
  const target =
    own.targetDistance === undefined
      ? Math.max(round(3 * hour, PRICE_DECIMALS), oneAndAHalf(stop))
      : round(own.targetDistance, PRICE_DECIMALS);
  return { stop, target };
}

/** 1.5 · a price with 6 decimals. Every second one is a tie, so in whole millionths. */
function oneAndAHalf(price: number): number {
  const millionths = Math.round(price * 1e6);
  return millionths < 2 ** 50 ? wholeQuotient(3 * millionths, 2) / 1e6 : roundProduct(1.5, price, PRICE_DECIMALS);
}

function costFloor(close: number, costBps: number): number {
  const y = (2 * costBps * close) / 10_000;
  return roundFormula(y, y, PRICE_DECIMALS, () => Rational.of(costBps).times(close).over(5_000));
}

/** Share of trades that must reach the target to pay for losses and costs: (S + C·close) / (S + T), 4 decimals. */
export function breakevenHitRate({ stop, target }: Distances, close: number, costBps: number): number {
  const y = (stop + (costBps / 10_000) * close) / (stop + target);
  return roundFormula(y, y, FRACTION_DECIMALS, () =>
    Rational.of(costBps).over(10_000).times(close).plus(stop).over(Rational.of(stop).plus(target)),
  );
}
