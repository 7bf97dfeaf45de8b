import { FRACTION_DECIMALS, round, roundFormula, wholeQuotient } from '../market/decimal.js';
import { Rational } from '../market/rational.js';

export interface SizingRules {
  /** Size at confidence 1, a fraction of equity with 4 decimals. */
  readonly maxSize: number;
  /** Fraction of equity that a stop may cost, fees included. */
  readonly riskPerTrade: number;
}

export const DEFAULT_SIZING: SizingRules = /* @__PURE__ */ Object.freeze({ maxSize: 0.25, riskPerTrade: 0.01 });

export interface SizeInputs {
  /** Rounded to 4 decimals, at least `confidenceFloor`. */
  readonly confidence: number;
  /** The confidence at which size is 0, with 4 decimals. */
  readonly confidenceFloor: number;
  /** Stop distance in price units. */
  readonly stop: number;
  readonly close: number;
  readonly costBps: number;
  /** The strategy's own size. */
  readonly cap: number | undefined;
}

/**
 * Fraction of equity, 4 decimals: min(max_size · (conf − c0) / (1 − c0), risk_per_trade / (S/close + C), 1, cap). Each
 * term is rounded by itself, which gives the same as rounding the smallest.
 */
export function sizeOf(inputs: SizeInputs, rules: SizingRules = DEFAULT_SIZING): number {
  const { confidence, confidenceFloor: c0, stop, close, costBps, cap } = inputs;
  const { maxSize, riskPerTrade } = rules;
  const byConfidence = sizeAt(confidence, c0, maxSize);
  const y = riskPerTrade / (stop / close + costBps / 10_000);
  const byRisk = roundFormula(y, y, FRACTION_DECIMALS, () =>
    Rational.of(riskPerTrade).over(Rational.of(stop).over(close).plus(Rational.of(costBps).over(10_000))),
  );
  return Math.min(byConfidence, byRisk, 1, cap === undefined ? 1 : round(cap, FRACTION_DECIMALS));
}

/** max_size · (conf − c0) / (1 − c0), all with 4 decimals: ties are frequent, so in whole ten-thousandths. */
function sizeAt(confidence: number, c0: number, maxSize: number): number {
  const [one, conf, floor, most] = [10_000, tenThousandths(confidence), tenThousandths(c0), tenThousandths(maxSize)];
  return wholeQuotient(most * (conf - floor), one - floor) / one;
}

function tenThousandths(fraction: number): number {
  return Math.round(fraction * 10_000);
}
