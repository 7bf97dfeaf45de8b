/** Euler–Mascheroni. */
const GAMMA = 0.5772156649015329;

/** Distribution function of the standard normal: Taylor's series near 0, Laplace's continued fraction in the tails. */
export function normalCdf(x: number): number {
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (Math.abs(x) < 4) {
    let term = x;
    let sum = x;
    for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) sum += term *= (x * x) / k;
    return 0.5 + density * sum;
  }
  let fraction = 0;
  for (let k = 60; k >= 1; k--) fraction = k / (Math.abs(x) + fraction);
  const tail = density / (Math.abs(x) + fraction);
  return x < 0 ? tail : 1 - tail;
}

/** Quantile of the standard normal for 0 < p < 1, by bisection on {@link normalCdf}. */
export function normalQuantile(p: number): number {
  let [low, high] = [-40, 40];
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

export interface Deflated {
  /** Trials that gave a Sharpe ratio. */
  readonly trials: number;
  /** The best Sharpe ratio that so many trials without any skill are expected to show; a period, not a year. */
  readonly expected_best: number;
  /** Probability that the true Sharpe ratio is above 0, given that it is the best of so many. */
  readonly probability: number;
}

/**
 * The deflated Sharpe ratio of the best of several trials (Bailey and López de Prado, The Deflated Sharpe Ratio, 2014).
 * `trials` are Sharpe ratios of one period, `returns` the best one's returns per period. Null with fewer than two trials, ten
 * returns, or without variation.
 */
export function deflatedSharpe(trials: readonly number[], returns: readonly number[]): Deflated | null {
  const n = returns.length;
  if (trials.length < 2 || n < 10) return null;
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const m = mean(returns);
  const moment = (k: number): number => mean(returns.map((r) => (r - m) ** k));
  const sd = Math.sqrt(moment(2));
  if (sd < 1e-12) return null;
  const skew = moment(3) / sd ** 3;
  const kurtosis = moment(4) / sd ** 4;
  const sharpe = m / (sd * Math.sqrt(n / (n - 1)));
  const average = mean(trials);
  const spread = Math.sqrt(trials.reduce((sum, one) => sum + (one - average) ** 2, 0) / (trials.length - 1));
  const count = trials.length;
  const expected =
    spread * ((1 - GAMMA) * normalQuantile(1 - 1 / count) + GAMMA * normalQuantile(1 - 1 / (count * Math.E)));
  const variance = 1 - skew * sharpe + ((kurtosis - 1) / 4) * sharpe ** 2;
  if (!(variance > 0)) return null;
  return {
    trials: count,
    expected_best: expected,
    probability: normalCdf(((sharpe - expected) * Math.sqrt(n - 1)) / Math.sqrt(variance)),
  };
}
