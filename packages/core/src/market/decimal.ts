import { Rational } from './rational.js';

/** Decimals of the columns that hold them. */
export const PRICE_DECIMALS = 6;
export const QUANTITY_DECIMALS = 6;
export const MONEY_DECIMALS = 2;
/** Size and confidence, and our percents. */
export const FRACTION_DECIMALS = 4;

const POWERS = /* @__PURE__ */ Float64Array.from({ length: 16 }, (_, i) => Number(`1e${i}`));
/** Above this a scaled double has no room left beside its integer part to see a tie. */
const LARGEST = 2 ** 49;
/** A double is within half a unit in the last place of its shortest decimal, and the scaling adds as much again. */
const DECIMAL_ERROR = 2 ** -51;
/** Forty times the rounding error of a double: covers any formula of up to a dozen operations, and costs nothing. */
const FORMULA_ERROR = 1e-14;

/**
 * Rounds half to even, `x` meaning its shortest decimal representation: 1.005 is 1.005, not the double just below it.
 * −0 becomes 0. `decimals` is 0–15.
 *
 * @throws RangeError for NaN and infinities: unknown values are `null` long before they are stored.
 */
export function round(x: number, decimals: number): number {
  const scale = POWERS[decimals]!;
  const y = x * scale;
  if (y > -LARGEST && y < LARGEST) {
    const below = Math.floor(y);
    const rest = y - below;
    const margin = Math.abs(y) * DECIMAL_ERROR;
    // n / 10^d is correctly rounded, so it is the double that the decimal text parses to; + 0 drops a −0
    if (rest < 0.5 - margin) return below / scale + 0;
    if (rest > 0.5 + margin) return (below + 1) / scale + 0;
  }
  return Rational.of(x).round(decimals);
}

/**
 * Rounds the result of a formula half to even. `approximation` is the formula in floats and `magnitude` the sum of the
 * absolute values that enter its sums: their float error is below `magnitude · 1e-14`. Where that could reach a tie,
 * `exact` decides.
 */
export function roundFormula(
  approximation: number,
  magnitude: number,
  decimals: number,
  exact: () => Rational,
): number {
  const scale = POWERS[decimals]!;
  const y = approximation * scale;
  if (y > -LARGEST && y < LARGEST) {
    const below = Math.floor(y);
    const rest = y - below;
    const margin = (Math.abs(y) + magnitude * scale) * FORMULA_ERROR;
    if (rest < 0.5 - margin) return below / scale + 0;
    if (rest > 0.5 + margin) return (below + 1) / scale + 0;
  }
  return exact().round(decimals);
}

/**
 * n / d of two whole numbers, d above 0, half to even: for values whose scale is known, where ties are the rule and not the
 * exception. Exact while both stay below 2^52.
 */
export function wholeQuotient(n: number, d: number): number {
  let quotient = Math.floor(n / d);
  let rest = n - quotient * d;
  // the float quotient may have reached the next whole number
  if (rest < 0) {
    quotient--;
    rest += d;
  }
  return 2 * rest > d || (2 * rest === d && quotient % 2 !== 0) ? quotient + 1 : quotient;
}

/** a · b on exact decimals, half to even. */
export function roundProduct(a: number, b: number, decimals: number): number {
  const y = a * b;
  return roundFormula(y, Math.abs(y), decimals, () => Rational.of(a).times(b));
}

/** (a − b) / b · 100 on exact decimals: the change from `b` to `a` in percent. */
export function changePct(a: number, b: number, decimals: number): number {
  if (a === b) return 0;
  const y = ((a - b) / b) * 100;
  return roundFormula(y, ((Math.abs(a) + Math.abs(b)) / Math.abs(b)) * 100, decimals, () =>
    Rational.of(a).minus(b).over(b).times(100),
  );
}

/** a − b ≥ share · whole, on exact decimals: a limit that is met to the cent is reached. */
export function differenceReaches(a: number, b: number, share: number, whole: number): boolean {
  const excess = a - b - share * whole;
  const margin = (Math.abs(a) + Math.abs(b) + Math.abs(share * whole)) * FORMULA_ERROR;
  if (excess > margin || excess < -margin) return excess > 0;
  return Rational.of(a).minus(b).minus(Rational.of(share).times(whole)).sign() >= 0;
}
